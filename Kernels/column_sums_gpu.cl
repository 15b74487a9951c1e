// Goes on in the middle of matmul_gpu.cl, convolution_gpu.cl and tensor_gpu.cl: with SUMS, the sums of the right factor's
// columns, which its tiles bring into registers anyway. Of all it takes SPLITS, RESULT_ROWS, COLUMNS, TILE_COLUMNS, ITEMS,
// FETCHES_B, and SUM_T and SUM_PARTS: an item adds up fetches 0, SUM_PARTS, 2 * SUM_PARTS ..., fetches 1, SUM_PARTS + 1 ...
// Each of these sums is of other rows of the factor; number i of all items, one after the other, is whole rows of the tile's
// width, which are added up in the end. In portable kernels each of eight rows has what is of depths that are equal modulo 8,
// whatever the tile, so that tiles change no bit.

#if SUMS
// Without vectors: rows of TILE_COLUMNS numbers.
#define SUM_ROWS (SUM_PARTS * ITEMS * (int)(sizeof(SUM_T) / sizeof(float)) / TILE_COLUMNS)

INLINE void KERNEL(add_sums)(SUM_T column_sums[SUM_PARTS], const SUM_T fetched_b[FETCHES_B])
{
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) column_sums[f % SUM_PARTS] += fetched_b[f];
}

// Stores the sums of a tile's columns, in groups of the first tiles' row. Nobody reads the tiles' local memory any more.
INLINE void KERNEL(store_sums)(
    __global float *result, const SUM_T column_sums[SUM_PARTS], __local SUM_T *shared, const int first_row,
    const int first_column, const uint item)
{
#pragma unroll
    for (int i = 0; i < SUM_PARTS; i++) shared[i * ITEMS + item] = column_sums[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (first_row == 0 && item < TILE_COLUMNS && first_column + item < COLUMNS) {
        float sum = 0.0f;
        for (int row = 0; row < SUM_ROWS; row++) sum += ((const __local float *)shared)[row * TILE_COLUMNS + item];
        result[first_column + item] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

#define CLEAR_SUMS \
    SUM_T column_sums[SUM_PARTS]; \
    for (int i = 0; i < SUM_PARTS; i++) column_sums[i] = (SUM_T)(0.0f);
#define ADD_SUMS KERNEL(add_sums)(column_sums, fetched_b);
#define SUMS_PARAMETERS , __global float *sums_result, const uint sums_offset
// Where the depth is divided, they go behind the partial results: [split][column].
#define SPLIT_SUMS(split) ((size_t)SPLITS * RESULT_ROWS * COLUMNS + (size_t)(split) * COLUMNS)
#if SPLITS > 1
#define SUMS_PLACE (partials + partials_offset + SPLIT_SUMS(split))
#else
#define SUMS_PLACE (sums_result + sums_offset)
#endif
#define STORE_SUMS \
    KERNEL(store_sums)(SUMS_PLACE, column_sums, (__local SUM_T *)group_memory, first_row, first_column, item);
// Of the kernel that adds up what the splits gave: the items behind those of the result.
#define FINISH_SUMS \
    if (element >= RESULT_ROWS * COLUMNS && element < (RESULT_ROWS + 1) * COLUMNS) { \
        const int column = element - RESULT_ROWS * COLUMNS; \
        float sum = 0.0f; \
        for (int split = 0; split < SPLITS; split++) sum += partials[partials_offset + SPLIT_SUMS(split) + column]; \
        sums_result[sums_offset + column] = sum; \
    }
#else
#define CLEAR_SUMS
#define ADD_SUMS
#define SUMS_PARAMETERS
#define STORE_SUMS
#define FINISH_SUMS
#endif
