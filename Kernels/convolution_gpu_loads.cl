// Goes on where taps_gpu.cl ends: what the items of a work-group read for the two tiles, all kinds but 3.

#if KIND != 3
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
// Reads an item's share of the two tiles whose depth begins at k. used_y, used_x and used_tap hold the offsets and the
// number of each tap in use.
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
