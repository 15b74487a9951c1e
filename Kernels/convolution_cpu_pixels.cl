// Goes on where convolution_cpu.cl ends: the kernels whose results are pixels, kinds 0, 1 and 3.

#if KIND == 3
#define PRODUCTS (TAPS * COLUMNS)
WORK_FUNCTION void KERNEL(collect)(ITEM_PARAMETERS
    __global const float *products, const uint products_offset, __global OUT_T *result, const uint result_offset
    EPILOGUE_PARAMETERS)
{
    const int y = ITEM_ID(0), line = ITEM_ID(1) * HEIGHT + y;
    // The line of the image, with room for what the taps add beyond its ends.
    float sums[(MARGIN + REACH) * COLUMNS];
    for (int i = 0; i < (MARGIN + REACH) * COLUMNS; i++) sums[i] = 0.0f;
    for (int tap = 0; tap < TAPS; tap += RUN) {
        const int away = y - TAP_Y(tap), from_y = away / STRIDE_Y;
        if (away % STRIDE_Y != 0 || (uint)from_y >= OUTPUT_HEIGHT) continue;
        __global const float *from = products + products_offset + tap * COLUMNS
            + (size_t)(ITEM_ID(1) * OUTPUT_HEIGHT + from_y) * OUTPUT_WIDTH * PRODUCTS;
        float *to = sums + (MARGIN + TAP_X(tap)) * COLUMNS;
        for (int x = 0; x < OUTPUT_WIDTH; x++) {
            for (int i = 0; i < RUN * COLUMNS; i++) to[i] += from[i];
            from += PRODUCTS;
            to += STRIDE_X * COLUMNS;
        }
    }
    const float *row = sums + MARGIN * COLUMNS;
    const size_t begin = (size_t)line * WIDTH * COLUMNS;
    __global OUT_T *place = result + result_offset + begin;
#if FLAT
    int i = 0;
    for (; i + 16 <= WIDTH * COLUMNS; i += 16)
        *(__global KERNEL(out16u) *)(place + i) = EPILOGUE_16(*(const KERNEL(float16u) *)(row + i), 0, 0, begin + i);
    for (; i < WIDTH * COLUMNS; i++) place[i] = EPILOGUE_1(row[i], 0, 0, begin + i);
#else
    for (int x = 0; x < WIDTH; x++)
        for (int c = 0; c < COLUMNS; c++)
            place[x * COLUMNS + c] = EPILOGUE_1(row[x * COLUMNS + c], 0, line * WIDTH + x, c);
#endif
}
#undef PRODUCTS
#endif

#if KIND < 2
#if PACK
#define WEIGHTS(tap, panel) (((size_t)(panel) * TAPS + (tap)) * SOURCE_CHANNELS * PANEL)
#define WEIGHT_ROW PANEL
#define WEIGHT_VECTOR(j) (16 * (j))

// Weights to [panel][tap][source channel][column of the panel].
WORK_FUNCTION void KERNEL(pack)(ITEM_PARAMETERS
    __global const float *second, const uint second_offset, __global float *packed, const uint packed_offset)
{
    const int blocks = (SOURCE_CHANNELS + 15) / 16;
    const int tap = ITEM_ID(0) / blocks, panel = ITEM_ID(1);
    const int first = ITEM_ID(0) % blocks * 16, end = min(first + 16, SOURCE_CHANNELS);
    second += second_offset + (size_t)tap * INPUT_CHANNELS * OUTPUT_CHANNELS;
    packed += packed_offset + ((size_t)panel * TAPS + tap) * SOURCE_CHANNELS * PANEL;
#if KIND == 0 && COLUMNS >= 16
    for (int c = first; c < end; c++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++)
            STORE16(
                packed + c * PANEL + 16 * j,
                LOAD16(second + (size_t)c * OUTPUT_CHANNELS + FIRST_COLUMN(panel) + VECTOR_COLUMN(j)));
#else
    for (int j = 0; j < TILE_VECTORS; j++) {
        const int first_column = FIRST_COLUMN(panel) + VECTOR_COLUMN(j);
        __global float *place = packed + 16 * j;
#if KIND == 1 && COLUMNS >= 16
        if (end - first == 16) {
            for (int part = 0; part < 4; part++) {
                const int column = part / 2 * 8, row = part % 2 * 8;
                __global const float *block = second + (size_t)(first_column + column) * OUTPUT_CHANNELS + first + row;
                float8 u[8];
#pragma unroll
                for (int i = 0; i < 8; i++) u[i] = LOAD8(block + (size_t)i * OUTPUT_CHANNELS);
                transpose_8x8(u);
#pragma unroll
                for (int i = 0; i < 8; i++) STORE8(place + (first + row + i) * PANEL + column, u[i]);
            }
            continue;
        }
#endif
        for (int c = first; c < end; c++)
            for (int lane = 0; lane < 16; lane++) {
                const int column = first_column + lane;
#if KIND == 1
                place[c * PANEL + lane] = column < COLUMNS ? second[(size_t)column * OUTPUT_CHANNELS + c] : 0.0f;
#else
                place[c * PANEL + lane] = column < COLUMNS ? second[(size_t)c * OUTPUT_CHANNELS + column] : 0.0f;
#endif
            }
    }
#endif
}
#else
#define WEIGHTS(tap, panel) ((size_t)(tap) * SOURCE_CHANNELS * COLUMNS + FIRST_COLUMN(panel))
#define WEIGHT_ROW COLUMNS
#define WEIGHT_VECTOR(j) VECTOR_COLUMN(j)
#endif

WORK_FUNCTION void KERNEL(convolve)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global const float *zeros, __global OUT_T *result, const uint result_offset EPILOGUE_PARAMETERS)
{
#if KIND == 1
    const int phase_y = ITEM_ID(2) / STRIDE_X, phase_x = ITEM_ID(2) % STRIDE_X;
    const int grid_height = (RESULT_HEIGHT - phase_y + STRIDE_Y - 1) / STRIDE_Y;
    const int grid_width = (RESULT_WIDTH - phase_x + STRIDE_X - 1) / STRIDE_X;
#else
    const int grid_height = RESULT_HEIGHT, grid_width = RESULT_WIDTH;
#endif
    const int count = BATCH * grid_height * grid_width, own = ITEM_ID(0) * TILE_ROWS;
    if (own >= count) return;
    first += first_offset;
    second += second_offset;

    // Where tap (0, 0) of each pixel lies in the source, and the pixel's number in the result.
    int source_y[TILE_ROWS], source_x[TILE_ROWS], image[TILE_ROWS], pixel[TILE_ROWS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++) {
        const int index = min(own + i, count - 1);
#if BATCH_INNER
        const int place = index / BATCH, x = place % grid_width, y = place / grid_width;
        image[i] = index % BATCH;
#else
        const int x = index % grid_width, line = index / grid_width, y = line % grid_height;
        image[i] = line / grid_height;
#endif
#if KIND == 1
        source_y[i] = y;
        source_x[i] = x;
        pixel[i] = (image[i] * RESULT_HEIGHT + y * STRIDE_Y + phase_y) * RESULT_WIDTH + x * STRIDE_X + phase_x;
#else
        source_y[i] = y * STRIDE_Y;
        source_x[i] = x * STRIDE_X;
        pixel[i] = (image[i] * RESULT_HEIGHT + y) * RESULT_WIDTH + x;
#endif
    }

    // The pixels that the taps take them to, zeros for one outside the source; of taps that meet any.
    __global const float *sources[TAPS][TILE_ROWS];
    int taps[TAPS], met = 0;
    for (int tap = 0; tap < TAPS; tap++) {
#if KIND == 1
        const int away_y = phase_y - TAP_Y(tap), away_x = phase_x - TAP_X(tap);
        if (away_y % STRIDE_Y != 0 || away_x % STRIDE_X != 0) continue;
        const int dy = away_y / STRIDE_Y, dx = away_x / STRIDE_X;
#else
        const int dy = TAP_Y(tap), dx = TAP_X(tap);
#endif
        int anything = 0;
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++) {
            const int y = source_y[i] + dy, x = source_x[i] + dx;
            const int inside = (uint)y < SOURCE_HEIGHT && (uint)x < SOURCE_WIDTH;
            const size_t at = (size_t)((image[i] * SOURCE_HEIGHT + y) * SOURCE_WIDTH + x) * SOURCE_CHANNELS;
            sources[met][i] = inside ? first + at : zeros;
            anything |= inside;
        }
        taps[met] = tap;
        met += anything;
    }

    const int column_panels = ACROSS ? COLUMN_PANELS : ITEM_ID(1) + 1;
    for (int column_panel = ITEM_ID(1); column_panel < column_panels; column_panel++) {
        float16 acc[TILE_ROWS][TILE_VECTORS], sums[TILE_ROWS][TILE_VECTORS];
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
        for (int t = 0; t < met; t++) {
            // What the epilogue loads, and where it stores, has time to arrive meanwhile: a few rows for each tap.
            for (int i = t; i < TILE_ROWS; i += met)
                FETCH_ROW(result + result_offset + (size_t)pixel[i] * COLUMNS, 0, pixel[i], column_panel)
            __global const float *rows[TILE_ROWS];
#pragma unroll
            for (int i = 0; i < TILE_ROWS; i++) rows[i] = sources[t][i];
            __global const float *weights = second + WEIGHTS(taps[t], column_panel);
#pragma unroll 4
            for (int c = 0; c < SOURCE_CHANNELS; c++) {
                // What the next tile reads, once for each line of the cache.
                if (t == met - 1 && c % 16 == 0) {
#pragma unroll
                    for (int i = 0; i < TILE_ROWS; i++) FETCH(rows[i] + TILE_ROWS * SOURCE_CHANNELS + c);
                }
                float16 values[TILE_VECTORS];
#pragma unroll
                for (int j = 0; j < TILE_VECTORS; j++) values[j] = LOAD16(weights + WEIGHT_VECTOR(j));
#pragma unroll
                for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                    for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = fma((float16)(rows[i][c]), values[j], acc[i][j]);
                weights += WEIGHT_ROW;
            }
        }
        // A copy in memory: indexing the sums themselves would take them out of the registers. A zero keeps no sign:
        // whether a tap that meets nothing adds its zeros or is passed over depends on the tile.
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] = acc[i][j] + 0.0f;
        for (int i = 0; i < min(TILE_ROWS, count - own); i++)
            STORE_ROW(sums[i], result + result_offset + (size_t)pixel[i] * COLUMNS, 0, pixel[i])
    }
}
#undef WEIGHTS
#undef WEIGHT_ROW
#undef WEIGHT_VECTOR
#endif
