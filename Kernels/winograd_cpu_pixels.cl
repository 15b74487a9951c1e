// Goes on where winograd_cpu_lines.cl ends: the transforms of tiles, and the kernels whose results are pixels, kinds 0 and 1.

typedef float16 KERNEL(private16u) __attribute__((aligned(4)));
#define LOAD_PRIVATE(p) (*(const KERNEL(private16u) *)(p))
#define STORE_PRIVATE(p, v) (*(KERNEL(private16u) *)(p) = (v))
// Begins with a line of the cache.
#define LINES __attribute__((aligned(64)))

// Factors are [product][tile][channel] in an item's memory. A vector is between two products: places a power of two apart
// share a set of the cache.
#if KIND == 2
// Rows of the register tiles of an item's channels.
#define CHANNEL_ROWS ((CHANNELS + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS)
#define FACTORS_STEP (DEPTH * CHANNEL_ROWS + 16)
#define ROW_STEP 1
#define DEPTH_STEP CHANNEL_ROWS
#else
#define FACTORS_STEP (ROWS * DEPTH + 16)
#define ROW_STEP DEPTH
#define DEPTH_STEP 1
#endif

// How far apart the source's pixels are that a window sees.
#if KIND == 1
#define PIXEL_STEP 1
#else
#define PIXEL_STEP STRIDE
#endif

// What an item does again and again is not inlined, which takes longer to compile.
#ifdef __clang__
#define PART static __attribute__((noinline))
#else
#define PART static
#endif

// Transforms so many channels of a tile's pixels, zeros outside of the source: to [product][channel], products FACTORS_STEP
// apart. The first tile's begin at line `top` and column `left`.
PART void KERNEL(transform_pixels)(
    float *to, __global const float *source, __global const float *zeros, const int tile, const int top,
    const int left, const int channels)
{
    __global const float *places[PRODUCTS];
    const int line = tile / TILES_X, tile_y = line % TILES_Y * SIDE, tile_x = tile % TILES_X * SIDE;
#pragma unroll
    for (int i = 0; i < PRODUCTS; i++) {
        const int y = top + (tile_y + i / PRODUCTS_X) * PIXEL_STEP, x = left + (tile_x + i % PRODUCTS_X) * PIXEL_STEP;
        const size_t at = (size_t)((line / TILES_Y * SOURCE_HEIGHT + y) * SOURCE_WIDTH + x) * SOURCE_CHANNELS;
        places[i] = (uint)y < SOURCE_HEIGHT && (uint)x < SOURCE_WIDTH ? source + at : zeros;
    }
    for (int c = 0; c < channels; c += 16) {
        float16 v[PRODUCTS];
#pragma unroll
        for (int p = 0; p < PRODUCTS; p++) v[p] = LOAD16(places[p] + c);
        WIDEN(source_line, v, PRODUCTS_Y)
#pragma unroll
        for (int p = 0; p < PRODUCTS; p++) STORE_PRIVATE(to + p * FACTORS_STEP + c, v[p]);
    }
}

// Asks early for channels of pixel i, 0 ..< RESULTS, of a tile; what it sees besides are its neighbours'.
INLINE void KERNEL(fetch_pixel)(
    __global const float *source, const int tile, const int i, const int top, const int left, const int channels)
{
    const int line = tile / TILES_X;
    const int y = top + (line % TILES_Y * SIDE + i / SIDE) * PIXEL_STEP;
    const int x = left + (tile % TILES_X * SIDE + i % SIDE) * PIXEL_STEP;
    if (tile >= TILES || (uint)y >= SOURCE_HEIGHT || (uint)x >= SOURCE_WIDTH) return;
    source += (size_t)((line / TILES_Y * SOURCE_HEIGHT + y) * SOURCE_WIDTH + x) * SOURCE_CHANNELS;
    for (int c = 0; c < channels; c += 16) FETCH(source + c);
}

// The number of pixel i, 0 ..< RESULTS, of those that a tile makes, or whose gradients it has; -1 outside the image. The first
// tile's begin at line apart_y and column apart_x.
INLINE int KERNEL(result_pixel)(const int tile, const int i, const int apart_y, const int apart_x)
{
    const int step = KIND == 1 ? STRIDE : 1, line = tile / TILES_X;
    const int y = (line % TILES_Y * SIDE + i / SIDE) * step + apart_y;
    const int x = (tile % TILES_X * SIDE + i % SIDE) * step + apart_x;
    if (tile >= TILES || y >= RESULT_HEIGHT || x >= RESULT_WIDTH) return -1;
    return (line / TILES_Y * RESULT_HEIGHT + y) * RESULT_WIDTH + x;
}

// Where transformed weights are.
#if AHEAD
#define COLUMNS_SPACE __global
#define LOAD_COLUMNS LOAD16
#define STORE_COLUMNS STORE16
#else
#define COLUMNS_SPACE
#define LOAD_COLUMNS LOAD_PRIVATE
#define STORE_COLUMNS STORE_PRIVATE
#endif

// The sums of a register tile, or what is added to them: factors times columns, of which each row is PANEL numbers. Sums of
// sums lose less than one long sum.
PART void KERNEL(multiply)(
    float16 *sums, const float *factors, const COLUMNS_SPACE float *columns, const int depth, const int begins)
{
    float16 acc[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
#pragma unroll 4
    for (int k = 0; k < depth; k++) {
        float16 values[TILE_VECTORS];
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) values[j] = LOAD_COLUMNS(columns + k * PANEL + 16 * j);
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++)
                acc[i][j] = fma((float16)(factors[i * ROW_STEP + k * DEPTH_STEP]), values[j], acc[i][j]);
    }
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) {
            float16 *sum = sums + i * TILE_VECTORS + j;
            *sum = begins ? acc[i][j] : *sum + acc[i][j];
        }
}

#if KIND < 2
// Windows whose products are added up.
#if KIND == 0
#define ADDED (STRIDE * STRIDE)
#else
#define ADDED 1
#endif
#define WEIGHTS_STEP (DEPTH * PANEL + 16)
#define SUMS_STEP (ROWS * TILE_VECTORS + 1)
// Steps of an item through a window's channels, and register tiles of its rows.
#define CHUNKS (SOURCE_CHANNELS / DEPTH)
#define ROW_TILES (ROWS / TILE_ROWS)

// Transforms the weights of 16 source channels and a column panel: to [product][channel][column], products WEIGHTS_STEP
// apart.
PART void KERNEL(transform_weights)(
    COLUMNS_SPACE float *to, __global const float *weights, const int window, const int c, const int panel)
{
#if KIND == 1
    // Transposed: [tap][channel][column].
    float block[TAPS_Y * TAPS_X * 16 * PANEL] LINES;
#endif
    int taps[TAPS_Y * TAPS_X];
    for (int t = 0; t < TAPS_Y * TAPS_X; t++) {
        const int y = t / TAPS_X, x = t % TAPS_X;
#if KIND == 0
        taps[t] = TAP(window / STRIDE, window % STRIDE, y, x);
#else
        // A gradient's taps go the other way.
        const int tap = TAP(window / STRIDE, window % STRIDE, TAPS_Y - 1 - y, TAPS_X - 1 - x);
        float *place = block + t * 16 * PANEL;
        for (int part = 0; part < 4 * TILE_VECTORS; part++) {
            const int across = part / 2 * 8, down = part % 2 * 8;
            float8 u[8];
#pragma unroll
            for (int i = 0; i < 8; i++) u[i] = 0.0f;
            if (tap >= 0) {
                __global const float *from =
                    weights + ((size_t)tap * COLUMNS + panel * PANEL + across) * SOURCE_CHANNELS + c + down;
#pragma unroll
                for (int i = 0; i < 8; i++) u[i] = LOAD8(from + (size_t)i * SOURCE_CHANNELS);
                transpose_8x8(u);
            }
#pragma unroll
            for (int i = 0; i < 8; i++) *(float8 *)(place + (down + i) * PANEL + across) = u[i];
        }
#endif
    }
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < TILE_VECTORS; j++) {
            float16 v[PRODUCTS];
#pragma unroll
            for (int t = 0; t < TAPS_Y * TAPS_X; t++) {
                const int place = t / TAPS_X * PRODUCTS_X + t % TAPS_X;
#if KIND == 0
                v[place] = 0.0f;
                if (taps[t] >= 0)
                    v[place] =
                        LOAD16(weights + ((size_t)taps[t] * SOURCE_CHANNELS + c + i) * COLUMNS + panel * PANEL + 16 * j);
#else
                v[place] = LOAD_PRIVATE(block + (t * 16 + i) * PANEL + 16 * j);
#endif
            }
            WIDEN(weights_line, v, TAPS_Y)
#pragma unroll
            for (int p = 0; p < PRODUCTS; p++) STORE_COLUMNS(to + p * WEIGHTS_STEP + i * PANEL + 16 * j, v[p]);
        }
}

#if AHEAD
// Where a window's transformed weights of DEPTH channels from c on, and of a column panel, are.
#define TRANSFORMED(window, c, panel) \
    ((((size_t)(window) * CHUNKS + (c) / DEPTH) * COLUMN_PANELS + (panel)) * PRODUCTS * WEIGHTS_STEP)

WORK_FUNCTION void KERNEL(weights)(ITEM_PARAMETERS
    __global const float *weights, const uint weights_offset, __global float *transformed, const uint transformed_offset)
{
    const int c = ITEM_ID(0) * 16, panel = ITEM_ID(1), window = ITEM_ID(2);
    KERNEL(transform_weights)(
        transformed + transformed_offset + TRANSFORMED(window, c, panel) + c % DEPTH * PANEL, weights + weights_offset,
        window, c, panel);
}
#endif

WORK_FUNCTION void KERNEL(convolve)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global const float *zeros, __global OUT_T *result, const uint result_offset EPILOGUE_PARAMETERS)
{
    const int own = ITEM_ID(0) * ROWS, count = min(ROWS, TILES - own);
    const int first_panel = ITEM_ID(1) * PANELS, panels = min(PANELS, COLUMN_PANELS - first_panel);
#if KIND == 1
    // The first result, the window that these results see, and where its taps begin.
    const int apart_y = ITEM_ID(2) / STRIDE, apart_x = ITEM_ID(2) % STRIDE;
    const int window_y = (apart_y - LEAST_Y) & (STRIDE - 1), window_x = (apart_x - LEAST_X) & (STRIDE - 1);
    const int least_y = (apart_y - LEAST_Y - window_y) / STRIDE - (TAPS_Y - 1);
    const int least_x = (apart_x - LEAST_X - window_x) / STRIDE - (TAPS_X - 1);
    const int first_window = window_y * STRIDE + window_x;
#define TOP(window) least_y
#define LEFT(window) least_x
#else
    const int apart_y = 0, apart_x = 0, first_window = 0;
#define TOP(window) (LEAST_Y + (window) / STRIDE)
#define LEFT(window) (LEAST_X + (window) % STRIDE)
#endif
    first += first_offset;
    second += second_offset;
    // The factors, the weights as [product][channel][column], and the sums.
    float factors[PRODUCTS * FACTORS_STEP] LINES;
#if !AHEAD
    float weights[PRODUCTS * WEIGHTS_STEP] LINES;
#endif
    float16 sums[PANELS * PRODUCTS * SUMS_STEP];
#define SUMS(panel, product, row) (sums + ((panel) * PRODUCTS + (product)) * SUMS_STEP + (row) * TILE_VECTORS)

    for (int step = 0; step < ADDED * CHUNKS; step++) {
        const int window = first_window + step / CHUNKS, c = step % CHUNKS * DEPTH;
        const int is_last = step == ADDED * CHUNKS - 1;
        // To the end of the last register tile; what is beyond the tiles is not stored.
        for (int row = 0; row < (count + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS; row++)
            KERNEL(transform_pixels)(
                factors + row * DEPTH, first + c, zeros, min(own + row, TILES - 1), TOP(window), LEFT(window), DEPTH);
        // The next step's pixels, or the next item's, are asked for meanwhile.
        const int next = is_last ? 0 : step + 1, next_window = first_window + next / CHUNKS;
        const int next_own = is_last ? own + ROWS : own;
        __global const float *next_first = first + next % CHUNKS * DEPTH;
        for (int panel = 0; panel < panels; panel++) {
            const int column_panel = first_panel + panel;
#if AHEAD
            __global const float *weights = second + TRANSFORMED(window, c, column_panel);
#else
            for (int i = 0; i < DEPTH; i += 16)
                KERNEL(transform_weights)(weights + i * PANEL, second, window, c + i, column_panel);
#endif
            for (int product = 0; product < PRODUCTS; product++)
                for (int row = 0; row < count; row += TILE_ROWS) {
                    const int part = product * ROW_TILES + row / TILE_ROWS;
                    const int end = (part + 1) * TILE_ROWS * RESULTS / PRODUCTS;
                    for (int f = part * TILE_ROWS * RESULTS / PRODUCTS; f < end; f++) {
                        const int tile = f / RESULTS, i = f % RESULTS;
                        if (panel == 0)
                            KERNEL(fetch_pixel)(
                                next_first, next_own + tile, i, TOP(next_window), LEFT(next_window), DEPTH);
                        const int pixel = is_last ? KERNEL(result_pixel)(own + tile, i, apart_y, apart_x) : -1;
                        if (pixel >= 0)
                            FETCH_ROW(result + result_offset + (size_t)pixel * COLUMNS, 0, pixel, column_panel)
                    }
                    KERNEL(multiply)(
                        SUMS(panel, product, row), factors + product * FACTORS_STEP + row * DEPTH,
                        weights + product * WEIGHTS_STEP, DEPTH, step == 0);
                }
        }
    }

    for (int panel = 0; panel < panels; panel++) {
        const int column_panel = first_panel + panel;
        for (int row = 0; row < count; row++) {
            float16 results[RESULTS][TILE_VECTORS];
            for (int j = 0; j < TILE_VECTORS; j++) {
                float16 v[PRODUCTS];
#pragma unroll
                for (int p = 0; p < PRODUCTS; p++) v[p] = SUMS(panel, p, row)[j];
                NARROW(results_line, v, SIDE)
#pragma unroll
                for (int i = 0; i < RESULTS; i++) results[i][j] = v[i / SIDE * PRODUCTS_X + i % SIDE];
            }
            for (int i = 0; i < RESULTS; i++) {
                const int pixel = KERNEL(result_pixel)(own + row, i, apart_y, apart_x);
                if (pixel < 0) continue;
                STORE_ROW(results[i], result + result_offset + (size_t)pixel * COLUMNS, 0, pixel)
            }
        }
    }
}
#undef ADDED
#undef WEIGHTS_STEP
#undef SUMS_STEP
#undef SUMS
#undef CHUNKS
#undef ROW_TILES
#undef TRANSFORMED
#undef TOP
#undef LEFT
#endif
