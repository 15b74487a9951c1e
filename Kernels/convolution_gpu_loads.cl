// Goes on where convolution_gpu.cl ends: what the items of a work-group read for the two tiles, all kinds but 3.

#if KIND != 3
// Always: PoCL loses track of local memory that is handed to a function which stays a function.
#ifdef __clang__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#define ITEMS_ACROSS (TILE_COLUMNS / ITEM_COLUMNS)
#define ITEMS_DOWN (TILE_ROWS / ITEM_ROWS)
#define ITEMS (ITEMS_ACROSS * ITEMS_DOWN)
// Where an item is: 32 neighbours, which many devices run at once, are 8 across and 4 down, so that a read of local
// memory has few addresses.
#if TILE_COLUMNS / ITEM_COLUMNS % 8 == 0 && TILE_ROWS / ITEM_ROWS % 4 == 0
#define ITEM_X(item) ((item) / 32 % (ITEMS_ACROSS / 8) * 8 + (item) % 8)
#define ITEM_Y(item) ((item) / 32 / (ITEMS_ACROSS / 8) * 4 + (item) % 32 / 8)
#else
#define ITEM_X(item) ((item) % ITEMS_ACROSS)
#define ITEM_Y(item) ((item) / ITEMS_ACROSS)
#endif
// Rows of local memory are four elements longer than the tile: transposing stores then meet no bank twice.
#define LOCAL_ROWS (TILE_ROWS + 4)
#define LOCAL_COLUMNS (TILE_COLUMNS + 4)
// An item's rows and columns are groups of four, spread over the tile: neighbouring items read neighbouring vectors.
#define ITEM_ROW(i, y) ((i) / 4 * (4 * ITEMS_DOWN) + 4 * (y) + (i) % 4)
#define ITEM_COLUMN(j, x) ((j) / 4 * (4 * ITEMS_ACROSS) + 4 * (x) + (j) % 4)

// What an item fetches in turn f, in the order in which memory holds it: either the rows or the depth are the same in
// all turns, so that little has to be computed for each, in few registers.
#define FETCHES_A (TILE_ROWS * TILE_DEPTH / ITEMS)
#define FETCHES_B (TILE_COLUMNS * TILE_DEPTH / ITEMS)
#if KIND == 2
#define A_TILE_ROW(f) ((int)(item % TILE_ROWS))
#define A_TILE_DEPTH(f) ((int)(item / TILE_ROWS + (f) * (ITEMS / TILE_ROWS)))
#else
#define A_TILE_ROW(f) ((int)(item / TILE_DEPTH + (f) * (ITEMS / TILE_DEPTH)))
#define A_TILE_DEPTH(f) ((int)(item % TILE_DEPTH))
#endif
#if KIND == 1
#define B_TILE_COLUMN(f) ((int)(item / TILE_DEPTH + (f) * (ITEMS / TILE_DEPTH)))
#define B_TILE_DEPTH(f) ((int)(item % TILE_DEPTH))
#else
#define B_TILE_COLUMN(f) ((int)(item % TILE_COLUMNS))
#define B_TILE_DEPTH(f) ((int)(item / TILE_COLUMNS + (f) * (ITEMS / TILE_COLUMNS)))
#endif
// A coordinate that no tap brings into an image.
#define NOWHERE (-(1 << 29))

// Puts an item's share of the two tiles into local memory.
INLINE void KERNEL(put)(
    const float fetched_a[FETCHES_A], const float fetched_b[FETCHES_B], __local float *tile_a, __local float *tile_b,
    const uint item)
{
#pragma unroll
    for (int f = 0; f < FETCHES_A; f++) tile_a[A_TILE_DEPTH(f) * LOCAL_ROWS + A_TILE_ROW(f)] = fetched_a[f];
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) tile_b[B_TILE_DEPTH(f) * LOCAL_COLUMNS + B_TILE_COLUMN(f)] = fetched_b[f];
}

#if KIND == 2
// What an item fetches of the rows: the tap's offset and the channel of each, y being NOWHERE beyond the last row.
#define FIND_ROWS \
    int row_y[FETCHES_A], row_x[FETCHES_A], row_base[FETCHES_A]; \
    for (int f = 0; f < FETCHES_A; f++) { \
        const int row = first_row + A_TILE_ROW(f); \
        const int tap = min(row, RESULT_ROWS - 1) / INPUT_CHANNELS; \
        row_y[f] = row < RESULT_ROWS ? TAP_Y(tap) : NOWHERE; \
        row_x[f] = TAP_X(tap); \
        row_base[f] = row - tap * INPUT_CHANNELS; \
    }

// Reads an item's share of the two tiles whose depth begins at k.
INLINE void KERNEL(fetch)(
    float fetched_a[FETCHES_A], float fetched_b[FETCHES_B], __global const float *first, __global const float *second,
    const int row_y[FETCHES_A], const int row_x[FETCHES_A], const int row_base[FETCHES_A], const int first_column,
    const int k, const uint item)
{
#pragma unroll
    for (int f = 0; f < FETCHES_A; f++) {
        const int pixel = k + A_TILE_DEPTH(f);
        const int line = pixel / OUTPUT_WIDTH, image = line / OUTPUT_HEIGHT;
        const int y = line % OUTPUT_HEIGHT * STRIDE_Y + row_y[f], x = pixel % OUTPUT_WIDTH * STRIDE_X + row_x[f];
        fetched_a[f] = pixel < PIXELS && (uint)y < HEIGHT && (uint)x < WIDTH
            ? first[((size_t)(image * HEIGHT + y) * WIDTH + x) * INPUT_CHANNELS + row_base[f]]
            : 0.0f;
    }
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) {
        const int pixel = k + B_TILE_DEPTH(f), column = first_column + B_TILE_COLUMN(f);
        fetched_b[f] = pixel < PIXELS && column < COLUMNS ? second[(size_t)pixel * COLUMNS + column] : 0.0f;
    }
}
#else
// What an item fetches of the rows: where tap (0, 0) lies in the source, y being NOWHERE beyond the last row, and the
// number of the image.
#define FIND_ROWS \
    int row_y[FETCHES_A], row_x[FETCHES_A], row_base[FETCHES_A]; \
    for (int f = 0; f < FETCHES_A; f++) { \
        const int row = first_row + A_TILE_ROW(f); \
        const int line = row / grid_width; \
        row_y[f] = row < count ? line % grid_height * SOURCE_STEP_Y : NOWHERE; \
        row_x[f] = row % grid_width * SOURCE_STEP_X; \
        row_base[f] = line / grid_height; \
    }
#if KIND == 1
#define SOURCE_STEP_Y 1
#define SOURCE_STEP_X 1
#else
#define SOURCE_STEP_Y STRIDE_Y
#define SOURCE_STEP_X STRIDE_X
#endif

// Reads an item's share of the two tiles whose depth begins at k. used_y, used_x and used_tap
// hold the offsets and the number of each tap in use.
INLINE void KERNEL(fetch)(
    float fetched_a[FETCHES_A], float fetched_b[FETCHES_B], __global const float *first, __global const float *second,
    const int row_y[FETCHES_A], const int row_x[FETCHES_A], const int row_base[FETCHES_A], const int first_column,
    const int k, const uint item, const __local int *used_y, const __local int *used_x,
    const __local int *used_tap, const int depth)
{
#pragma unroll
    for (int f = 0; f < FETCHES_A; f++) {
        const int at = k + A_TILE_DEPTH(f), tap = min(at / SOURCE_CHANNELS, TAPS - 1);
        const int channel = at - tap * SOURCE_CHANNELS, y = row_y[f] + used_y[tap], x = row_x[f] + used_x[tap];
        fetched_a[f] = at < depth && (uint)y < SOURCE_HEIGHT && (uint)x < SOURCE_WIDTH
            ? first[((size_t)(row_base[f] * SOURCE_HEIGHT + y) * SOURCE_WIDTH + x) * SOURCE_CHANNELS + channel]
            : 0.0f;
    }
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) {
        const int at = k + B_TILE_DEPTH(f), column = first_column + B_TILE_COLUMN(f);
#if KIND == 1
        const int tap = min(at / SOURCE_CHANNELS, TAPS - 1), channel = at - tap * SOURCE_CHANNELS;
        const size_t element = ((size_t)used_tap[tap] * COLUMNS + column) * SOURCE_CHANNELS + channel;
#else
        const size_t element = (size_t)at * COLUMNS + column;
#endif
        fetched_b[f] = at < depth && column < COLUMNS ? second[element] : 0.0f;
    }
}
#endif
#endif
