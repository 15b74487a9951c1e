// Goes on in the middle of convolution_gpu.cl and tensor_gpu.cl: the taps of a forward convolution and an input gradient,
// kinds 0 and 1. Of both it takes TAPS, TAP_Y, TAP_X, STRIDE_Y, STRIDE_X, INLINE, FETCHES_A and A_TILE_ROW.

// A coordinate that no tap brings into an image.
#define NOWHERE (-(1 << 29))

#if KIND == 0 || KIND == 1
#if KIND == 1
#define SOURCE_STEP_Y 1
#define SOURCE_STEP_X 1
#else
#define SOURCE_STEP_Y STRIDE_Y
#define SOURCE_STEP_X STRIDE_X
#endif
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

// Lists the offsets and the numbers of the taps in use: all, or those that meet a source pixel in a phase. Every item counts
// them, for the result; one lists them.
INLINE int KERNEL(list_taps)(
    __local int used_y[TAPS], __local int used_x[TAPS], __local int used_tap[TAPS], const int phase_y, const int phase_x,
    const uint item)
{
#if KIND == 1
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
    return used;
#else
    if (item == 0)
        for (int tap = 0; tap < TAPS; tap++) {
            used_y[tap] = TAP_Y(tap);
            used_x[tap] = TAP_X(tap);
            used_tap[tap] = tap;
        }
    return TAPS;
#endif
}
#endif
