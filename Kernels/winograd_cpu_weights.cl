// Goes on where winograd_cpu_pixels.cl ends: the gradient of weights, kind 2.

#if KIND == 2
#define COLUMNS_STEP (DEPTH * PANEL + 16)
#define SUMS_STEP (CHANNEL_ROWS * TILE_VECTORS + 1)
// Register tiles of all products.
#define PARTS (PRODUCTS * (CHANNEL_ROWS / TILE_ROWS))
#define SUM_OF(panel, product, row) (((panel) * PRODUCTS + (product)) * SUMS_STEP + (row) * TILE_VECTORS)

// The products' sums over the tiles begin ..< end, of so many input channels and column panels, and of one window; and
// with SUMS those of y.
INLINE void KERNEL(sum_tiles)(
    float16 sums[PANELS * PRODUCTS * SUMS_STEP], float16 pixel_sums[PANELS * TILE_VECTORS],
    __global const float *x, __global const float *y, __global const float *zeros, const int channels,
    const int panels, const int window, const int begin, const int end)
{
    const int top = LEAST_Y + window / STRIDE, left = LEAST_X + window % STRIDE;
    // The factors, and the columns as [column panel][product][tile][column].
    float factors[PRODUCTS * FACTORS_STEP] LINES;
    float columns[PANELS * PRODUCTS * COLUMNS_STEP] LINES;
    // What the last register tile has beyond the channels.
    for (int p = 0; p < PRODUCTS; p++)
        for (int i = 0; i < DEPTH; i++)
            for (int c = channels; c < CHANNEL_ROWS; c++) factors[p * FACTORS_STEP + i * CHANNEL_ROWS + c] = 0.0f;
#if SUMS
    for (int i = 0; i < PANELS * TILE_VECTORS; i++) pixel_sums[i] = 0.0f;
#endif

    for (int first = begin; first < end; first += DEPTH) {
        const int count = min(DEPTH, end - first);
        for (int tile = 0; tile < count; tile++) {
            KERNEL(transform_pixels)(factors + tile * CHANNEL_ROWS, x, zeros, first + tile, top, left, channels);
            __global const float *pixels[RESULTS];
#pragma unroll
            for (int i = 0; i < RESULTS; i++) {
                const int pixel = KERNEL(result_pixel)(first + tile, i, 0, 0);
                pixels[i] = pixel < 0 ? zeros : y + (size_t)pixel * COLUMNS;
            }
            for (int panel = 0; panel < panels; panel++)
                for (int j = 0; j < TILE_VECTORS; j++) {
                    float16 v[PRODUCTS];
#pragma unroll
                    for (int i = 0; i < RESULTS; i++)
                        v[i / SIDE * PRODUCTS_X + i % SIDE] = LOAD16(pixels[i] + panel * PANEL + 16 * j);
#if SUMS
#pragma unroll
                    for (int i = 0; i < RESULTS; i++)
                        pixel_sums[panel * TILE_VECTORS + j] += v[i / SIDE * PRODUCTS_X + i % SIDE];
#endif
                    WIDEN(gradients_line, v, SIDE)
#pragma unroll
                    for (int p = 0; p < PRODUCTS; p++)
                        STORE_PRIVATE(columns + (panel * PRODUCTS + p) * COLUMNS_STEP + tile * PANEL + 16 * j, v[p]);
                }
        }
        for (int panel = 0; panel < panels; panel++)
            for (int product = 0; product < PRODUCTS; product++)
                for (int row = 0; row < channels; row += TILE_ROWS) {
                    // The next tiles' pixels are asked for meanwhile.
                    const int part = product * (CHANNEL_ROWS / TILE_ROWS) + row / TILE_ROWS;
                    const int stop = panel == 0 ? (part + 1) * (DEPTH * RESULTS) / PARTS : 0;
                    for (int f = part * (DEPTH * RESULTS) / PARTS; f < stop; f++) {
                        const int next = first + DEPTH + f / RESULTS, i = f % RESULTS;
                        KERNEL(fetch_pixel)(x, next, i, top, left, channels);
                        const int pixel = KERNEL(result_pixel)(next, i, 0, 0);
                        for (int c = 0; pixel >= 0 && c < panels * PANEL; c += 16) FETCH(y + (size_t)pixel * COLUMNS + c);
                    }
                    KERNEL(multiply)(
                        sums + SUM_OF(panel, product, row), factors + product * FACTORS_STEP + row,
                        columns + (panel * PRODUCTS + product) * COLUMNS_STEP, count, first == begin);
                }
    }
}

// Stores the taps of an input channel and a column panel, whose sums of products SUM(product, j) gives. A macro, since the
// epilogue may name kernel parameters.
#define STORE_TAPS(channel, SUM) { \
    float16 results[TAPS_Y * TAPS_X][TILE_VECTORS]; \
    for (int j = 0; j < TILE_VECTORS; j++) { \
        float16 v[PRODUCTS]; \
        _Pragma("unroll") for (int p = 0; p < PRODUCTS; p++) v[p] = SUM(p, j); \
        NARROW(taps_line, v, TAPS_X) \
        _Pragma("unroll") for (int t = 0; t < TAPS_Y * TAPS_X; t++) \
            results[t][j] = v[t / TAPS_X * PRODUCTS_X + t % TAPS_X]; \
    } \
    for (int t = 0; t < TAPS_Y * TAPS_X; t++) { \
        const int tap = TAP(window / STRIDE, window % STRIDE, t / TAPS_X, t % TAPS_X); \
        if (tap < 0) continue; \
        const int row = tap * INPUT_CHANNELS + (channel); \
        STORE_ROW(results[t], result + result_offset + (size_t)row * COLUMNS, 0, row) \
    } \
}

#if SPLITS == 1
WORK_FUNCTION void KERNEL(convolve)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global const float *zeros, __global OUT_T *result, const uint result_offset EPILOGUE_PARAMETERS)
{
    const int own = ITEM_ID(0) * CHANNELS, channels = min(CHANNELS, INPUT_CHANNELS - own);
    const int first_panel = ITEM_ID(1) * PANELS, panels = min(PANELS, COLUMN_PANELS - first_panel);
    const int window = ITEM_ID(2);
    float16 sums[PANELS * PRODUCTS * SUMS_STEP];
    KERNEL(sum_tiles)(
        sums, 0, first + first_offset + own, second + second_offset + first_panel * PANEL, zeros, channels, panels,
        window, 0, TILES);
    for (int panel = 0; panel < panels; panel++) {
        const int column_panel = first_panel + panel;
#define KEPT(p, j) sums[SUM_OF(panel, p, c) + (j)]
        for (int c = 0; c < channels; c++) STORE_TAPS(own + c, KEPT)
#undef KEPT
    }
}
#else
// Where an input channel's sums are: [split][window][column panel][product][input channel][column of the panel].
#define PARTIAL(split, window, panel, product, channel) \
    ((((((size_t)(split) * STRIDE * STRIDE + (window)) * COLUMN_PANELS + (panel)) * PRODUCTS + (product)) \
        * INPUT_CHANNELS + (channel)) * PANEL)

WORK_FUNCTION void KERNEL(partial)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global const float *zeros, __global float *partials, const uint partials_offset)
{
    const int own = ITEM_ID(0) * CHANNELS, channels = min(CHANNELS, INPUT_CHANNELS - own);
    const int first_panel = ITEM_ID(1) * PANELS, panels = min(PANELS, COLUMN_PANELS - first_panel);
    const int split = ITEM_ID(2) / (STRIDE * STRIDE), window = ITEM_ID(2) % (STRIDE * STRIDE);
    float16 sums[PANELS * PRODUCTS * SUMS_STEP], pixel_sums[PANELS * TILE_VECTORS];
    KERNEL(sum_tiles)(
        sums, pixel_sums, first + first_offset + own, second + second_offset + first_panel * PANEL, zeros, channels,
        panels, window, (int)((long)TILES * split / SPLITS), (int)((long)TILES * (split + 1) / SPLITS));
    partials += partials_offset;
    for (int panel = 0; panel < panels; panel++)
        for (int p = 0; p < PRODUCTS; p++)
            for (int c = 0; c < channels; c++)
#pragma unroll
                for (int j = 0; j < TILE_VECTORS; j++)
                    STORE16(
                        partials + PARTIAL(split, window, first_panel + panel, p, own + c) + 16 * j,
                        sums[SUM_OF(panel, p, c) + j]);
#if SUMS
    if (own == 0 && window == 0)
        for (int i = 0; i < panels * TILE_VECTORS; i++)
            STORE16(partials + SUMS_OF(split, first_panel * TILE_VECTORS + i), pixel_sums[i]);
#endif
}

WORK_FUNCTION void KERNEL(reduce)(ITEM_PARAMETERS
    __global const float *partials, const uint partials_offset, __global OUT_T *result, const uint result_offset
    SUMS_PARAMETERS EPILOGUE_PARAMETERS)
{
    const int column_panel = ITEM_ID(1), window = ITEM_ID(2);
    for (int channel = ITEM_ID(0) * 16; channel < ITEM_ID(0) * 16 + 16; channel++) {
        float16 sums[PRODUCTS][TILE_VECTORS];
        for (int p = 0; p < PRODUCTS; p++)
            for (int j = 0; j < TILE_VECTORS; j++) {
                float16 sum = 0.0f;
                for (int split = 0; split < SPLITS; split++)
                    sum += LOAD16(partials + partials_offset + PARTIAL(split, window, column_panel, p, channel) + 16 * j);
                sums[p][j] = sum;
            }
#define KEPT(p, j) sums[p][j]
        STORE_TAPS(channel, KEPT)
#undef KEPT
    }
    FINISH_SUMS
}
#undef PARTIAL
#endif
#undef COLUMNS_STEP
#undef SUMS_STEP
#undef PARTS
#undef SUM_OF
#undef STORE_TAPS
#endif

#undef STRIDE
#undef WINDOW_Y
#undef WINDOW_X
#undef LEAST_Y
#undef LEAST_X
#undef PANELS
#undef CHANNELS
#undef AHEAD
#undef TAPS_Y
#undef TAPS_X
#undef PRODUCTS_Y
#undef PRODUCTS_X
#undef PRODUCTS
#undef RESULTS
#undef SIDE
#undef TILES_Y
#undef TILES_X
#undef TAP
#undef PIXEL_STEP
#undef COLUMNS_SPACE
#undef LOAD_COLUMNS
#undef STORE_COLUMNS
#undef LOAD_PRIVATE
#undef STORE_PRIVATE
#undef WIDEN
#undef NARROW
#undef CHANNEL_ROWS
#undef FACTORS_STEP
#undef ROW_STEP
#undef DEPTH_STEP
#undef PART
