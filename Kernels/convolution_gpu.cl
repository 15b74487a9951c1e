// Two-dimensional, channels-last convolution and its two gradients for GPU-class devices, Float32.
//
//   forward          y[n, oy, ox, :] = Σ over taps t of x[n, oy * STRIDE_Y + dy, ox * STRIDE_X + dx, :] · w[t]
//   input gradient   x[n, iy, ix, :] = Σ over taps t of y[n, (iy - dy) / STRIDE_Y, (ix - dx) / STRIDE_X, :] · w[t]ᵀ
//   weight gradient  w[t][ci][co] = Σ over n, oy, ox of
//                                   x[n, oy * STRIDE_Y + dy, ox * STRIDE_X + dx, ci] * y[n, oy, ox, co]
//
// Each is a matrix product whose operands are found in the images as they are fetched (an implicit product): rows are
// result pixels and the depth is taps times source channels, or rows are taps times input channels and the depth is the
// output pixels. A work-group owns a tile of the result, as in matmul_gpu.cl. The input gradient splits the result into
// STRIDE_Y * STRIDE_X phases; the depth of a phase has only the taps that meet a source pixel there.
// An input gradient of few channels can be had from the products of each source pixel with all taps' weights (kind 1,
// one tap with TAPS * INPUT_CHANNELS channels): for each element of the result, kind 3 sums what its taps gave it.
// With SPLITS > 1 the depth is divided among work-groups, whose partial sums a second kernel adds in a fixed order.
//
// The text is included once for each convolution; it undefines all its macros, the given ones too, at its end.
//
// MACROS (all integers are plain decimal literals)
//   PREFIX                            begins every name defined here, e.g. c12_               (default convolution_)
//   KIND                              0 forward, 1 input gradient, 2 weight gradient, 3 input gradient from products
//                                     (0)
//   BATCH HEIGHT WIDTH INPUT_CHANNELS OUTPUT_HEIGHT OUTPUT_WIDTH OUTPUT_CHANNELS STRIDE_Y STRIDE_X
//                                     the geometry, all >= 1                                  (1 8 8 16 8 8 16 1 1)
//   TAPS TAP_LIST                     their number, and dy, dx of each, separated by commas, without braces: for two
//                                     taps -1,0,0,1                                           (1  0,0)
//   TILE_ROWS TILE_COLUMNS TILE_DEPTH ITEM_ROWS ITEM_COLUMNS
//                                     one of the tiles of the table below                     (64 64 16 4 4)
//   SPLITS                            ranges that the depth is divided into, >= 1             (1)
//   OUT_T                             element type of the result: float, int, uchar           (float)
//   EPILOGUE_PARAMETERS EPILOGUE_1(acc, batch, row, col)
//                                     given together or not at all; batch is 0; row is the pixel (n * H + y) * W + x of
//                                     the result, or tap * INPUT_CHANNELS + ci; EPILOGUE_4, _8, _16 may be given and
//                                     are not used
//
// KERNELS. Offsets are in elements. first and second are the step's operands: (x, w), (y, w), (x, y). With
//              kind 0                                 kind 1                                  kind 2
//   ROWS       BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH   BATCH * ceil(HEIGHT / STRIDE_Y)         TAPS * INPUT_CHANNELS
//                                                       * ceil(WIDTH / STRIDE_X)
//   COLUMNS    OUTPUT_CHANNELS                        INPUT_CHANNELS                          OUTPUT_CHANNELS
//   PHASES     1                                      STRIDE_Y * STRIDE_X                     1
//   RESULT     elements of y                          elements of x                           elements of w
//   RP = ceil(ROWS / TILE_ROWS), CP = ceil(COLUMNS / TILE_COLUMNS),
//   ITEMS = (TILE_ROWS / ITEM_ROWS) * (TILE_COLUMNS / ITEM_COLUMNS):
//
//   PREFIX##convolve  (only with SPLITS == 1)  global (ITEMS * CP, RP, PHASES)           local (ITEMS, 1, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//   PREFIX##partial   (only with SPLITS > 1)   global (ITEMS * CP, RP, PHASES * SPLITS)  local (ITEMS, 1, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      float *partials, uint partials_offset)
//     partials holds SPLITS * RESULT floats
//   PREFIX##collect   (kind 3)                 global (256 * ceil(RESULT / 256), 1, 1)   local (256, 1, 1)
//     (const float *products, uint products_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     products is [BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH, TAPS, INPUT_CHANNELS]
//   PREFIX##reduce    (only with SPLITS > 1)   global (256 * ceil(RESULT / 256), 1, 1)   local (256, 1, 1)
//     (const float *partials, uint partials_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//
// WHICH TO CHOOSE (units: the device's compute units; DEPTH: TAPS * source channels / PHASES, or the output pixels)
//   tile   TILE_ROWS TILE_COLUMNS TILE_DEPTH ITEM_ROWS ITEM_COLUMNS   items   local memory
//   16     128       16           8          4         4              128     9.5 KiB
//   128    128       128          8          8         8              256     16.5 KiB
//   64     64        64           16         4         4              256     17 KiB
//   32     32        32           16         4         4              64      9 KiB
//   COLUMNS <= 16: tile 16. Otherwise the first of tiles 128 (only with COLUMNS > 64), 64, 32 with
//   RP * CP * PHASES >= units, or tile 32. A device whose largest work-group is below 256 takes tile 16 or 32.
//   Kind 3: as in convolution_cpu.cl.
//   SPLITS: 1 where RP * CP * PHASES >= units, else min(ceil(2 * units / (RP * CP * PHASES)), ceil(DEPTH / 128), 64).
#ifndef PREFIX
#define PREFIX convolution_
#endif
#ifndef KIND
#define KIND 0
#endif
#ifndef BATCH
#define BATCH 1
#endif
#ifndef HEIGHT
#define HEIGHT 8
#endif
#ifndef WIDTH
#define WIDTH 8
#endif
#ifndef INPUT_CHANNELS
#define INPUT_CHANNELS 16
#endif
#ifndef OUTPUT_HEIGHT
#define OUTPUT_HEIGHT 8
#endif
#ifndef OUTPUT_WIDTH
#define OUTPUT_WIDTH 8
#endif
#ifndef OUTPUT_CHANNELS
#define OUTPUT_CHANNELS 16
#endif
#ifndef STRIDE_Y
#define STRIDE_Y 1
#endif
#ifndef STRIDE_X
#define STRIDE_X 1
#endif
#ifndef TAPS
#define TAPS 1
#define TAP_LIST 0, 0
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 64
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 64
#endif
#ifndef TILE_DEPTH
#define TILE_DEPTH 16
#endif
#ifndef ITEM_ROWS
#define ITEM_ROWS 4
#endif
#ifndef ITEM_COLUMNS
#define ITEM_COLUMNS 4
#endif
#ifndef SPLITS
#define SPLITS 1
#endif
#ifndef OUT_T
#define OUT_T float
#endif
#ifndef EPILOGUE_1
#define EPILOGUE_PARAMETERS
#define EPILOGUE_1(acc, batch, row, col) (acc)
#endif

#define PASTE_TEXT(x, y) x##y
#define PASTE(x, y) PASTE_TEXT(x, y)
#define KERNEL(name) PASTE(PREFIX, name)

#if KIND == 1 || KIND == 3
#define SOURCE_HEIGHT OUTPUT_HEIGHT
#define SOURCE_WIDTH OUTPUT_WIDTH
#define SOURCE_CHANNELS OUTPUT_CHANNELS
#define RESULT_HEIGHT HEIGHT
#define RESULT_WIDTH WIDTH
#define COLUMNS INPUT_CHANNELS
#else
#define SOURCE_HEIGHT HEIGHT
#define SOURCE_WIDTH WIDTH
#define SOURCE_CHANNELS INPUT_CHANNELS
#define RESULT_HEIGHT OUTPUT_HEIGHT
#define RESULT_WIDTH OUTPUT_WIDTH
#define COLUMNS OUTPUT_CHANNELS
#endif
#if KIND == 2
#define RESULT_ROWS (TAPS * INPUT_CHANNELS)
#else
#define RESULT_ROWS (BATCH * RESULT_HEIGHT * RESULT_WIDTH)
#endif
#define PIXELS (BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH)

__constant int KERNEL(taps)[2 * TAPS] = {TAP_LIST};
#define TAP_Y(tap) KERNEL(taps)[2 * (tap)]
#define TAP_X(tap) KERNEL(taps)[2 * (tap) + 1]

#if KIND == 3
__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void KERNEL(collect)(
    __global const float *products, const uint products_offset, __global OUT_T *result, const uint result_offset
    EPILOGUE_PARAMETERS)
{
    const int element = get_global_id(0);
    if (element < RESULT_ROWS * COLUMNS) {
        const int row = element / COLUMNS, column = element % COLUMNS;
        const int x = row % WIDTH, line = row / WIDTH, y = line % HEIGHT, image = line / HEIGHT;
        float sum = 0.0f;
        for (int tap = 0; tap < TAPS; tap++) {
            const int away_y = y - TAP_Y(tap), away_x = x - TAP_X(tap);
            const int from_y = away_y / STRIDE_Y, from_x = away_x / STRIDE_X;
            if (away_y % STRIDE_Y == 0 && away_x % STRIDE_X == 0 && (uint)from_y < OUTPUT_HEIGHT
                && (uint)from_x < OUTPUT_WIDTH) {
                const size_t pixel = (size_t)(image * OUTPUT_HEIGHT + from_y) * OUTPUT_WIDTH + from_x;
                sum += products[products_offset + (pixel * TAPS + tap) * COLUMNS + column];
            }
        }
        result[result_offset + element] = EPILOGUE_1(sum, 0, row, column);
    }
}
#else

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

#if SPLITS > 1
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void KERNEL(partial)(
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global float *partials, const uint partials_offset)
#else
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void KERNEL(convolve)(
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global OUT_T *result, const uint result_offset EPILOGUE_PARAMETERS)
#endif
{
    __local float tile_a[2][TILE_DEPTH * LOCAL_ROWS] __attribute__((aligned(16)));
    __local float tile_b[2][TILE_DEPTH * LOCAL_COLUMNS] __attribute__((aligned(16)));
    const uint item = get_local_id(0);
    const int item_x = ITEM_X(item), item_y = ITEM_Y(item);
    const int first_column = get_group_id(0) * TILE_COLUMNS, first_row = get_group_id(1) * TILE_ROWS;
    const int split = get_group_id(2) % SPLITS;
    first += first_offset;
    second += second_offset;

#if KIND == 2
    const int depth = PIXELS, count = RESULT_ROWS;
#define FETCH_ARGUMENTS
#else
    // The taps in use: all, or those that meet a source pixel in this phase. Every item counts them; one lists them.
    __local int used_y[TAPS], used_x[TAPS], used_tap[TAPS];
#if KIND == 1
    const int phase = get_group_id(2) / SPLITS, phase_y = phase / STRIDE_X, phase_x = phase % STRIDE_X;
    const int grid_height = (RESULT_HEIGHT - phase_y + STRIDE_Y - 1) / STRIDE_Y;
    const int grid_width = (RESULT_WIDTH - phase_x + STRIDE_X - 1) / STRIDE_X;
    int used = 0;
    for (int tap = 0; tap < TAPS; tap++) {
        const int away_y = phase_y - TAP_Y(tap), away_x = phase_x - TAP_X(tap);
        if (away_y % STRIDE_Y == 0 && away_x % STRIDE_X == 0) {
            if (item == 0) {
                used_y[used] = away_y / STRIDE_Y;
                used_x[used] = away_x / STRIDE_X;
                used_tap[used] = tap;
            }
            used++;
        }
    }
#else
    const int grid_height = RESULT_HEIGHT, grid_width = RESULT_WIDTH, used = TAPS;
    if (item == 0)
        for (int tap = 0; tap < TAPS; tap++) {
            used_y[tap] = TAP_Y(tap);
            used_x[tap] = TAP_X(tap);
            used_tap[tap] = tap;
        }
#endif
    barrier(CLK_LOCAL_MEM_FENCE);
    const int depth = used * SOURCE_CHANNELS, count = BATCH * grid_height * grid_width;
#define FETCH_ARGUMENTS , used_y, used_x, used_tap, depth
#endif
    FIND_ROWS
    const int steps = (depth + TILE_DEPTH - 1) / TILE_DEPTH;
    const int begin = (int)((long)steps * split / SPLITS), end = (int)((long)steps * (split + 1) / SPLITS);

    float fetched_a[FETCHES_A], fetched_b[FETCHES_B];
    float acc[ITEM_ROWS][ITEM_COLUMNS];
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS; j++) acc[i][j] = 0.0f;

    KERNEL(fetch)(
        fetched_a, fetched_b, first, second, row_y, row_x, row_base, first_column, begin * TILE_DEPTH, item
        FETCH_ARGUMENTS);
    KERNEL(put)(fetched_a, fetched_b, tile_a[0], tile_b[0], item);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = begin; step < end; step++) {
        const int slot = (step - begin) & 1;
        if (step + 1 < end)
            KERNEL(fetch)(
                fetched_a, fetched_b, first, second, row_y, row_x, row_base, first_column, (step + 1) * TILE_DEPTH,
                item FETCH_ARGUMENTS);
#pragma unroll
        for (int k = 0; k < TILE_DEPTH; k++) {
            float rows[ITEM_ROWS], columns[ITEM_COLUMNS];
#pragma unroll
            for (int i = 0; i < ITEM_ROWS; i += 4) {
                const float4 v = *(const __local float4 *)&tile_a[slot][k * LOCAL_ROWS + ITEM_ROW(i, item_y)];
                rows[i] = v.x, rows[i + 1] = v.y, rows[i + 2] = v.z, rows[i + 3] = v.w;
            }
#pragma unroll
            for (int j = 0; j < ITEM_COLUMNS; j += 4) {
                const float4 v = *(const __local float4 *)&tile_b[slot][k * LOCAL_COLUMNS + ITEM_COLUMN(j, item_x)];
                columns[j] = v.x, columns[j + 1] = v.y, columns[j + 2] = v.z, columns[j + 3] = v.w;
            }
#pragma unroll
            for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
                for (int j = 0; j < ITEM_COLUMNS; j++) acc[i][j] = fma(rows[i], columns[j], acc[i][j]);
        }
        if (step + 1 < end) KERNEL(put)(fetched_a, fetched_b, tile_a[1 - slot], tile_b[1 - slot], item);
        barrier(CLK_LOCAL_MEM_FENCE);
    }

#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++) {
        int row = first_row + ITEM_ROW(i, item_y);
        const int exists = row < count;
#if KIND == 1
        const int line = row / grid_width;
        const int y = line % grid_height * STRIDE_Y + phase_y, x = row % grid_width * STRIDE_X + phase_x;
        row = (line / grid_height * RESULT_HEIGHT + y) * RESULT_WIDTH + x;
#endif
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS; j++) {
            const int column = first_column + ITEM_COLUMN(j, item_x);
            if (exists && column < COLUMNS)
#if SPLITS > 1
                partials[partials_offset + ((size_t)split * RESULT_ROWS + row) * COLUMNS + column] = acc[i][j];
#else
                result[result_offset + (size_t)row * COLUMNS + column] = EPILOGUE_1(acc[i][j], 0, row, column);
#endif
        }
    }
}

#if SPLITS > 1
__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void KERNEL(reduce)(
    __global const float *partials, const uint partials_offset, __global OUT_T *result, const uint result_offset
    EPILOGUE_PARAMETERS)
{
    const int element = get_global_id(0);
    if (element < RESULT_ROWS * COLUMNS) {
        const int row = element / COLUMNS, column = element % COLUMNS;
        float sum = 0.0f;
        for (int split = 0; split < SPLITS; split++)
            sum += partials[partials_offset + (size_t)split * (RESULT_ROWS * COLUMNS) + element];
        result[result_offset + element] = EPILOGUE_1(sum, 0, row, column);
    }
}
#endif
#endif

#undef PREFIX
#undef KIND
#undef BATCH
#undef HEIGHT
#undef WIDTH
#undef INPUT_CHANNELS
#undef OUTPUT_HEIGHT
#undef OUTPUT_WIDTH
#undef OUTPUT_CHANNELS
#undef STRIDE_Y
#undef STRIDE_X
#undef TAPS
#undef TAP_LIST
#undef TILE_ROWS
#undef TILE_COLUMNS
#undef TILE_DEPTH
#undef ITEM_ROWS
#undef ITEM_COLUMNS
#undef SPLITS
#undef OUT_T
#undef EPILOGUE_PARAMETERS
#undef EPILOGUE_1
#undef EPILOGUE_4
#undef EPILOGUE_8
#undef EPILOGUE_16
#undef PASTE_TEXT
#undef PASTE
#undef KERNEL
#undef INLINE
#undef SOURCE_HEIGHT
#undef SOURCE_WIDTH
#undef SOURCE_CHANNELS
#undef RESULT_HEIGHT
#undef RESULT_WIDTH
#undef COLUMNS
#undef RESULT_ROWS
#undef PIXELS
#undef ITEMS_ACROSS
#undef ITEMS_DOWN
#undef ITEMS
#undef ITEM_X
#undef ITEM_Y
#undef LOCAL_ROWS
#undef LOCAL_COLUMNS
#undef ITEM_ROW
#undef ITEM_COLUMN
#undef FETCHES_A
#undef FETCHES_B
#undef A_TILE_ROW
#undef A_TILE_DEPTH
#undef B_TILE_COLUMN
#undef B_TILE_DEPTH
#undef NOWHERE
#undef TAP_Y
#undef TAP_X
#undef FIND_ROWS
#undef SOURCE_STEP_Y
#undef SOURCE_STEP_X
#undef FETCH_ARGUMENTS
