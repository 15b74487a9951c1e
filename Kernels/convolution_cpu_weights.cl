// Goes on where convolution_cpu_pixels.cl ends: the gradient of weights, kind 2.

#if KIND == 2
// Without GATHER the taps have panels of INPUT_CHANNELS rows each, with it all taps' rows are in the same panels.
#if GATHER
#define PANEL_ROWS RESULT_ROWS
#define PANEL_TAPS 1
#else
#define PANEL_ROWS INPUT_CHANNELS
#define PANEL_TAPS TAPS
#endif
#define ROW_PANELS ((PANEL_ROWS + TILE_ROWS - 1) / TILE_ROWS)
#define FIRST_ROW(panel) min((panel) * TILE_ROWS, PANEL_ROWS - TILE_ROWS)
#define LINES (BATCH * OUTPUT_HEIGHT)

#if PACK
#define PIXEL_COLUMNS PANEL
#define PIXEL_VECTOR(panel, j) ((size_t)(panel) * PIXELS * PANEL + 16 * (j))
// y to [panel][pixel][column of the panel], zeros appended up to 16 channels.
WORK_FUNCTION void KERNEL(pack)(ITEM_PARAMETERS
    __global const float *second, const uint second_offset, __global float *packed, const uint packed_offset)
{
    const int begin = ITEM_ID(0) * PACK_PIXELS, end = min(begin + PACK_PIXELS, PIXELS);
    second += second_offset;
    packed += packed_offset;
    for (int p = begin; p < end; p++) {
#if COLUMNS >= 16
        for (int panel = 0; panel < COLUMN_PANELS; panel++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++)
                STORE16(
                    packed + (size_t)p * PANEL + PIXEL_VECTOR(panel, j),
                    LOAD16(second + (size_t)p * COLUMNS + FIRST_COLUMN(panel) + VECTOR_COLUMN(j)));
#else
        for (int c = 0; c < PANEL; c++)
            packed[(size_t)p * PANEL + c] = c < COLUMNS ? second[(size_t)p * COLUMNS + c] : 0.0f;
#endif
    }
}
#else
#define PIXEL_COLUMNS COLUMNS
#define PIXEL_VECTOR(panel, j) (FIRST_COLUMN(panel) + VECTOR_COLUMN(j))
#endif

// Where the input channels of a tile are, of a pixel of x, and how far apart of those that a tap sees one after the other.
#if PACK && SPLITS == 1
#define PHASE_HEIGHT ((HEIGHT + STRIDE_Y - 1) / STRIDE_Y)
#define PHASE_WIDTH ((WIDTH + STRIDE_X - 1) / STRIDE_X)
#define PHASE_PIXELS ((size_t)BATCH * PHASE_HEIGHT * PHASE_WIDTH)
#define FACTORS(row_panel, image, y, x) \
    (TILE_ROWS * ((((size_t)(row_panel) * STRIDE_Y + (y) % STRIDE_Y) * STRIDE_X + (x) % STRIDE_X) * PHASE_PIXELS \
        + ((image) * PHASE_HEIGHT + (y) / STRIDE_Y) * PHASE_WIDTH + (x) / STRIDE_X))
#define NEXT_FACTORS TILE_ROWS
// x to [row panel][y % STRIDE_Y][x % STRIDE_X][image][y / STRIDE_Y][x / STRIDE_X][row of the panel].
WORK_FUNCTION void KERNEL(pack_first)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global float *packed, const uint packed_offset)
{
    const int line = ITEM_ID(0);
    first += first_offset + (size_t)line * WIDTH * INPUT_CHANNELS;
    packed += packed_offset;
    for (int x = 0; x < WIDTH; x++)
        for (int panel = 0; panel < ROW_PANELS; panel++) {
            __global float *to = packed + FACTORS(panel, line / HEIGHT, line % HEIGHT, x);
#pragma unroll
            for (int i = 0; i < TILE_ROWS; i++) to[i] = first[x * INPUT_CHANNELS + FIRST_ROW(panel) + i];
        }
}
#else
#define FACTORS(row_panel, image, y, x) \
    ((((long)(image) * HEIGHT + (y)) * WIDTH + (x)) * INPUT_CHANNELS + FIRST_ROW(row_panel))
#define NEXT_FACTORS (STRIDE_X * INPUT_CHANNELS)
#endif

// Which pixels of a line of y a tap takes to pixels of x: first ..< end.
#define FIRST_X(dx) ((dx) >= 0 ? 0 : min((-(dx) + STRIDE_X - 1) / STRIDE_X, OUTPUT_WIDTH))
#define END_X(dx) ((dx) >= WIDTH ? 0 : min((WIDTH - 1 - (dx)) / STRIDE_X + 1, OUTPUT_WIDTH))

#if GATHER
// What the taps see of x from each pixel of the lines begin ..< end: [tap][input channel][pixel].
INLINE void KERNEL(gather)(
    float patches[PANEL_ROWS * CHUNK * OUTPUT_WIDTH], __global const float *x, const int begin, const int end)
{
    for (int tap = 0; tap < TAPS; tap++) {
        const int dx = TAP_X(tap), first = FIRST_X(dx), stop = END_X(dx);
        for (int line = begin; line < end; line++) {
            const int y = line % OUTPUT_HEIGHT * STRIDE_Y + TAP_Y(tap);
            __global const float *from =
                x + ((long)(line / OUTPUT_HEIGHT * HEIGHT + y) * WIDTH + dx) * INPUT_CHANNELS;
            for (int c = 0; c < INPUT_CHANNELS; c++) {
                float *row = patches + ((tap * INPUT_CHANNELS + c) * CHUNK + line - begin) * OUTPUT_WIDTH;
                for (int p = 0; p < OUTPUT_WIDTH; p++) row[p] = 0.0f;
                if ((uint)y < HEIGHT)
                    for (int p = first; p < stop; p++) row[p] = from[p * STRIDE_X * INPUT_CHANNELS + c];
            }
        }
    }
}

// acc += the tile's part of the products of patches and pixels, of so many pixels.
INLINE void KERNEL(add_lines)(
    float16 acc[TILE_ROWS][TILE_VECTORS], const float *factors, __global const float *columns, const int count,
    const int column_panel)
{
    for (int p = 0; p < count; p++) {
        float16 values[TILE_VECTORS];
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) values[j] = LOAD16(columns + PIXEL_VECTOR(column_panel, j));
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++)
                acc[i][j] = fma((float16)(factors[i * CHUNK * OUTPUT_WIDTH + p]), values[j], acc[i][j]);
        columns += PIXEL_COLUMNS;
    }
}
#else
// acc += the tile's part of the products of x and y over the lines begin ..< end of y, at one tap.
INLINE void KERNEL(add_lines)(
    float16 acc[TILE_ROWS][TILE_VECTORS], __global const float *x, __global const float *y, const int begin,
    const int end, const int tap, const int row_panel, const int column_panel)
{
    const int dy = TAP_Y(tap), dx = TAP_X(tap), first = FIRST_X(dx), stop = END_X(dx);
    for (int line = begin; line < end; line++) {
        const int in_y = line % OUTPUT_HEIGHT * STRIDE_Y + dy;
        if ((uint)in_y >= HEIGHT || first >= stop) continue;
        __global const float *factors = x + FACTORS(row_panel, line / OUTPUT_HEIGHT, in_y, first * STRIDE_X + dx);
        __global const float *columns = y + ((size_t)line * OUTPUT_WIDTH + first) * PIXEL_COLUMNS;
        for (int p = first; p < stop; p++) {
            float16 values[TILE_VECTORS];
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) values[j] = LOAD16(columns + PIXEL_VECTOR(column_panel, j));
#pragma unroll
            for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = fma((float16)(factors[i]), values[j], acc[i][j]);
            factors += NEXT_FACTORS;
            columns += PIXEL_COLUMNS;
        }
    }
}
#endif

#define STORE_TILE(sums) \
    const int first_row = FIRST_ROW(row_panel); \
    for (int i = row_panel * TILE_ROWS - first_row; i < TILE_ROWS; i++) { \
        const int row = tap * INPUT_CHANNELS + first_row + i; \
        STORE_ROW(sums[i], result + result_offset + (size_t)row * COLUMNS, 0, row) \
    }

#if SPLITS == 1
WORK_FUNCTION void KERNEL(convolve)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global OUT_T *result, const uint result_offset EPILOGUE_PARAMETERS)
{
    const int row_panel = ITEM_ID(0), column_panel = ITEM_ID(1), tap = ITEM_ID(2);
    float16 acc[TILE_ROWS][TILE_VECTORS], sums[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
    KERNEL(add_lines)(acc, first + first_offset, second + second_offset, 0, LINES, tap, row_panel, column_panel);
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] = acc[i][j];
    STORE_TILE(sums)
}
#endif

#define SPLIT_SIZE (PANEL_TAPS * COLUMN_PANELS * ROW_PANELS * TILE_ROWS * PANEL)
#define SUMS_STRIDE PIXEL_COLUMNS
#endif
