// Goes on where matmul_gpu.cl and convolution_gpu.cl end: a work-group's tile in local memory. Of both it takes TILE_ROWS,
// TILE_COLUMNS, TILE_DEPTH, ITEM_ROWS, ITEM_COLUMNS, and whether A and B lie in memory along the depth (A_ALONG_DEPTH,
// B_ALONG_DEPTH). It defines nothing where A_ALONG_DEPTH is not defined.

#ifdef A_ALONG_DEPTH
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
// Elements of a step's two tiles there, and the bytes of two steps'.
#define STEP_A (TILE_DEPTH * LOCAL_ROWS)
#define STEP_B (TILE_DEPTH * LOCAL_COLUMNS)
#define TILE_MEMORY (2 * 4 * (STEP_A + STEP_B))
// An item's rows and columns are groups of four, spread over the tile: neighbouring items read neighbouring vectors.
#define ITEM_ROW(i, y) ((i) / 4 * (4 * ITEMS_DOWN) + 4 * (y) + (i) % 4)
#define ITEM_COLUMN(j, x) ((j) / 4 * (4 * ITEMS_ACROSS) + 4 * (x) + (j) % 4)

// What an item fetches in turn f, in the order in which memory holds it: either the rows or the depth are the same in
// all turns, so that little has to be computed for each, in few registers.
#define FETCHES_A (TILE_ROWS * TILE_DEPTH / ITEMS)
#define FETCHES_B (TILE_COLUMNS * TILE_DEPTH / ITEMS)
// The sums of columns that an item has: fetch f is of depth f * (ITEMS / TILE_COLUMNS) and more.
#define SUM_T float
#define SUM_PARTS (8 * TILE_COLUMNS / ITEMS)
#if A_ALONG_DEPTH
#define A_TILE_ROW(f) ((int)(item / TILE_DEPTH + (f) * (ITEMS / TILE_DEPTH)))
#define A_TILE_DEPTH(f) ((int)(item % TILE_DEPTH))
#else
#define A_TILE_ROW(f) ((int)(item % TILE_ROWS))
#define A_TILE_DEPTH(f) ((int)(item / TILE_ROWS + (f) * (ITEMS / TILE_ROWS)))
#endif
#if B_ALONG_DEPTH
#define B_TILE_COLUMN(f) ((int)(item / TILE_DEPTH + (f) * (ITEMS / TILE_DEPTH)))
#define B_TILE_DEPTH(f) ((int)(item % TILE_DEPTH))
#else
#define B_TILE_COLUMN(f) ((int)(item % TILE_COLUMNS))
#define B_TILE_DEPTH(f) ((int)(item / TILE_COLUMNS + (f) * (ITEMS / TILE_COLUMNS)))
#endif

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

// acc += the products of an item's rows and columns, over the depth of a step.
INLINE void KERNEL(multiply)(
    float acc[ITEM_ROWS][ITEM_COLUMNS], const __local float *tile_a, const __local float *tile_b, const int x, const int y)
{
#pragma unroll
    for (int k = 0; k < TILE_DEPTH; k++) {
        float rows[ITEM_ROWS], columns[ITEM_COLUMNS];
#pragma unroll
        for (int i = 0; i < ITEM_ROWS; i += 4) {
            const float4 v = *(const __local float4 *)&tile_a[k * LOCAL_ROWS + ITEM_ROW(i, y)];
            rows[i] = v.x, rows[i + 1] = v.y, rows[i + 2] = v.z, rows[i + 3] = v.w;
        }
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS; j += 4) {
            const float4 v = *(const __local float4 *)&tile_b[k * LOCAL_COLUMNS + ITEM_COLUMN(j, x)];
            columns[j] = v.x, columns[j + 1] = v.y, columns[j + 2] = v.z, columns[j + 3] = v.w;
        }
#pragma unroll
        for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
            for (int j = 0; j < ITEM_COLUMNS; j++) acc[i][j] = fma(rows[i], columns[j], acc[i][j]);
    }
}
#endif
