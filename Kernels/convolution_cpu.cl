// Two-dimensional, channels-last convolution and its two gradients for CPU-class devices, Float32.
//
//   forward          y[n, oy, ox, :] = Σ over taps t of x[n, oy * STRIDE_Y + dy, ox * STRIDE_X + dx, :] · w[t]
//   input gradient   x[n, iy, ix, :] = Σ over taps t of y[n, (iy - dy) / STRIDE_Y, (ix - dx) / STRIDE_X, :] · w[t]ᵀ
//   weight gradient  w[t][ci][co] = Σ over n, oy, ox of
//                                   x[n, oy * STRIDE_Y + dy, ox * STRIDE_X + dx, ci] * y[n, oy, ox, co]
//
// Forward and input gradient are one kernel: an item sums TILE_ROWS result pixels, neighbours in memory order, times
// TILE_VECTORS float16 of result channels in registers across all taps; a pixel outside the source points at a buffer
// of zeros. The input gradient splits the result into STRIDE_Y * STRIDE_X phases; in each only some taps meet a source
// pixel, at a source stride of one, and the others are passed over.
// With BATCH_INNER a tile's pixels are the same one of neighbouring images: taps outside small images are passed over.
// An input gradient of few channels can be had from the products of each source pixel with all taps' weights (kind 1,
// one tap with TAPS * INPUT_CHANNELS channels): for each line of the result, kind 3 sums what its taps gave it.
// Weight gradient: an item sums TILE_ROWS input channels times TILE_VECTORS float16 of output channels of one tap over
// the pixels, line by line: of each line a tap sees one run of pixels. With SPLITS > 1 each item owns a range of the
// lines, takes them in chunks that stay in the cache, and sums all tiles into a partial result of its own, which a
// second kernel adds in a fixed order. With GATHER the taps of few input channels share a tile: what they see from the
// pixels of a chunk is copied out first.
// No local memory, no barriers; nothing outside the operands is touched; every element gets its epilogue once.
//
// The text is included once for each convolution; it undefines all its macros, the given ones too, at its end.
// Its kernels are declared as work.cl says.
//
// MACROS (all integers are plain decimal literals)
//   PREFIX                            begins every name defined here, e.g. c12_               (default convolution_)
//   KIND                              0 forward, 1 input gradient, 2 weight gradient, 3 input gradient from products
//                                     (0)
//   BATCH HEIGHT WIDTH INPUT_CHANNELS OUTPUT_HEIGHT OUTPUT_WIDTH OUTPUT_CHANNELS STRIDE_Y STRIDE_X
//                                     the geometry, all >= 1                                  (1 8 8 16 8 8 16 1 1)
//   TAPS TAP_LIST                     their number, and dy, dx of each, separated by commas, without braces: for two
//                                     taps -1,0,0,1                                           (1  0,0)
//   TILE_ROWS                         rows of a tile, at least 1; kind 2: at most INPUT_CHANNELS, or with GATHER
//                                     TAPS * INPUT_CHANNELS; with TILE_VECTORS, 25 vectors at the most       (6)
//   TILE_VECTORS                      float16 columns of a tile, 1...V, see below             (1)
//   PACK                              1: the second operand is first packed into scratch; kind 0: may be, must be where
//                                     OUTPUT_CHANNELS < 16; kind 1: must be; kind 2: exactly where OUTPUT_CHANNELS < 16
//                                                                                             (1 for kind 1, else 0)
//   ACROSS                            kinds 0, 1: 1 for items that go through all tiles of their pixels   (0)
//   BATCH_INNER                       kinds 0, 1: 1 to order the pixels by place, then by image           (0)
//   FLAT                              kind 3: 1 where the epilogue counts all elements as columns of one row  (0)
//   RUN                               kind 3: taps in a row that are neighbours of one line: divides TAPS; each RUN of
//                                     them has one dy, and a dx that grows by one             (1)
//   MARGIN REACH                      kind 3: pixels that the taps reach to the left of a line, and its own with those
//                                     to its right: max(0, -least dx), and
//                                     max(WIDTH, (OUTPUT_WIDTH - 1) * STRIDE_X + greatest dx + 1)  (0 WIDTH)
//   CHUNK                             kind 2: lines of y in a chunk                           (1)
//   SPLITS                            kind 2: ranges that the chunks are divided into,
//                                     1...ceil(BATCH * OUTPUT_HEIGHT / CHUNK)                 (1)
//   GATHER                            kind 2 with SPLITS > 1: 1 for tiles that go over all taps            (0)
//   SUMS                              kind 2 with SPLITS > 1: 1 to sum y over its pixels, too: the gradient of a bias
//                                     (0)
//   OUT_T                             element type of the result: float, int, uchar           (float)
//   EPILOGUE_PARAMETERS EPILOGUE_1(acc, batch, row, col) EPILOGUE_16(...)
//                                     given together or not at all; batch is 0; row is the pixel (n * H + y) * W + x of
//                                     the result, or tap * INPUT_CHANNELS + ci; EPILOGUE_4, _8 may be given and are not
//                                     used
//   EPILOGUE_FETCH(batch, row, col)   asks early for what EPILOGUE_16 will load               (nothing)
//
// KERNELS. The local size is (1, 1, 1) for all. Offsets are in elements. RESULT_CHANNELS is OUTPUT_CHANNELS for kinds 0
// and 2 and INPUT_CHANNELS for kind 1; SOURCE_CHANNELS is the other one; V = ceil(RESULT_CHANNELS/16),
// CP = ceil(V / TILE_VECTORS).
//   PREFIX##pack       (only with PACK)
//     (const float *second, uint second_offset, float *packed, uint packed_offset)
//     kinds 0, 1: global (TAPS * ceil(SOURCE_CHANNELS/16), CP, 1); packed holds
//                 CP * TAPS * SOURCE_CHANNELS * TILE_VECTORS * 16 floats
//     kind 2:     global (ceil(PIXELS/64), 1, 1) with PIXELS = BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH; packed holds
//                 PIXELS * 16 floats
//   PREFIX##convolve   (kinds 0, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset, const float *zeros,
//      OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     zeros is any buffer that begins with SOURCE_CHANNELS zeros: one, filled once, serves all convolutions
//     kind 0: global (ceil(BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH / TILE_ROWS), CP, 1)
//     kind 1: global (ceil(BATCH * ceil(HEIGHT/STRIDE_Y) * ceil(WIDTH/STRIDE_X) / TILE_ROWS), CP, STRIDE_Y * STRIDE_X)
//     with ACROSS the second is 1
//   PREFIX##convolve   (kind 2, SPLITS == 1)   global (RP, CP, PANEL_TAPS) with RP = ceil(INPUT_CHANNELS / TILE_ROWS)
//     and PANEL_TAPS = TAPS, or with GATHER RP = ceil(TAPS * INPUT_CHANNELS / TILE_ROWS) and PANEL_TAPS = 1
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//   PREFIX##collect    (kind 3)    global (HEIGHT, BATCH, 1)
//     (const float *products, uint products_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//     products is [BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH, TAPS, INPUT_CHANNELS]
//   PREFIX##partial    (kind 2, SPLITS > 1)    global (SPLITS, 1, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      float *partials, uint partials_offset)
//     partials holds SPLITS * PANEL_TAPS * CP * RP * TILE_ROWS * TILE_VECTORS * 16 floats, and with SUMS
//     SPLITS * V * 16 more
//   PREFIX##reduce     (kind 2, SPLITS > 1)    global (RP, CP, PANEL_TAPS)
//     (const float *partials, uint partials_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//   PREFIX##sums       (kind 2 with SUMS)      global (V, 1, 1), any time after partial; result [OUTPUT_CHANNELS]
//     (const float *partials, uint partials_offset, float *result, uint result_offset)
//   first and second are the step's operands: (x, w), (y, w), (x, y); with PACK, second is the packed copy and its
//   offset. Order: pack, then convolve, or partial and reduce.
//
// WHICH TO CHOOSE (units: the device's compute units; V = ceil(RESULT_CHANNELS/16))
//   PACK: as needed, and for kind 0 where OUTPUT_CHANNELS > 128, or with ACROSS and 4096 result pixels and more.
//   tile (VectorRegisters.swift): 6x1 with 16 registers of 8 lanes. With 32 of 16 lanes by V: 1: 12x1, 2: 12x2,
//     3: 8x3, 4: 6x4, 5: 5x5, more: 6x4 where 4 divides V, else 12x2 where 2 does, else 5x5 where 5 does, else 8x3
//     where 3 does, else 6x4.
//     With BATCH_INNER at most 8 rows, since images are often a power of two apart and their lines then share a set of
//     the cache; 8x2 where 8 divides BATCH < 48 and 2 divides V: no tile has pixels of two places.
//     Kind 2: TILE_VECTORS as above, with 24x1 (6x1) for V = 1; then as many rows as divide the panel's rows most
//     evenly: ceil(R / ceil(R / TILE_ROWS)) for R rows.
//   BATCH_INNER: BATCH >= 8, OUTPUT_HEIGHT * OUTPUT_WIDTH <= 64, and more than a tenth of all taps outside the images.
//   Kind 3: INPUT_CHANNELS < 16, at most half of OUTPUT_CHANNELS, and the products at most twice the larger image; and
//     where a window that is the whole image (whose products are the result) has an epilogue for each pixel or channel.
//   CHUNK, kind 2: lines that make up 8192 / (INPUT_CHANNELS + OUTPUT_CHANNELS) pixels, 64...512 of them; rounded up.
//   GATHER: INPUT_CHANNELS < 4 with SPLITS > 1 and TAPS * INPUT_CHANNELS * CHUNK * OUTPUT_WIDTH <= 16384.
//   SPLITS, kind 2: 1 where PIXELS < 1024 or TAPS * INPUT_CHANNELS * OUTPUT_CHANNELS > 524288;
//     else min(units, ceil(BATCH * OUTPUT_HEIGHT / CHUNK)).
//   ACROSS: with 16 registers of 8 lanes, where CP > 1, TAPS * INPUT_CHANNELS * OUTPUT_CHANNELS <= 262144, and the first
//     of the kernel's global sizes times its last is 8 * units or more.
//   These are the rules where nothing is known of a shape. KIND, CHUNK, SPLITS and GATHER decide the order of the sums
//   and are always chosen by them; tile, packing, BATCH_INNER and ACROSS change the time and no bit of the result (of
//   finite operands), and are what the tuner tries (ConvolutionChoice.swift).
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
#define TILE_ROWS 6
#endif
#ifndef TILE_VECTORS
#define TILE_VECTORS 1
#endif
#ifndef PACK
#define PACK (KIND == 1)
#endif
#ifndef BATCH_INNER
#define BATCH_INNER 0
#endif
#ifndef ACROSS
#define ACROSS 0
#endif
#ifndef FLAT
#define FLAT 0
#endif
#ifndef RUN
#define RUN 1
#endif
#ifndef MARGIN
#define MARGIN 0
#endif
#ifndef REACH
#define REACH WIDTH
#endif
#ifndef SPLITS
#define SPLITS 1
#endif
#ifndef CHUNK
#define CHUNK 1
#endif
#ifndef SUMS
#define SUMS 0
#endif
#ifndef GATHER
#define GATHER 0
#endif
#ifndef OUT_T
#define OUT_T float
#endif
#ifndef EPILOGUE_1
#define EPILOGUE_PARAMETERS
#define EPILOGUE_1(acc, batch, row, col) (acc)
#define EPILOGUE_16(acc, batch, row, col) (acc)
#endif
#ifndef EPILOGUE_FETCH
#define EPILOGUE_FETCH(batch, row, col)
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

#define VECTORS ((COLUMNS + 15) / 16)
#define COLUMN_PANELS ((VECTORS + TILE_VECTORS - 1) / TILE_VECTORS)
#define PANEL (16 * TILE_VECTORS)
#if KIND == 2
#define RESULT_ROWS (TAPS * INPUT_CHANNELS)
#else
#define RESULT_ROWS (BATCH * RESULT_HEIGHT * RESULT_WIDTH)
#endif
#define PIXELS (BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH)
#define PACK_PIXELS 64

// The first column of a column panel, and its vector j's. The last panel is shifted back to end with the matrix.
#if COLUMN_PANELS > 1
#define FIRST_COLUMN(panel) min((panel) * PANEL, COLUMNS - PANEL)
#define VECTOR_COLUMN(j) (16 * (j))
#else
#define FIRST_COLUMN(panel) 0
#define VECTOR_COLUMN(j) (COLUMNS >= 16 && (j) == VECTORS - 1 ? COLUMNS - 16 : 16 * (j))
#endif

// Vectors that need no more alignment than their elements.
typedef float16 KERNEL(float16u) __attribute__((aligned(4)));
typedef float8 KERNEL(float8u) __attribute__((aligned(4)));
typedef PASTE(OUT_T, 16) KERNEL(out16u) __attribute__((aligned(sizeof(OUT_T))));
#define LOAD16(p) (*(const __global KERNEL(float16u) *)(p))
#define STORE16(p, v) (*(__global KERNEL(float16u) *)(p) = (v))
#define LOAD8(p) (*(const __global KERNEL(float8u) *)(p))
#define STORE8(p, v) (*(__global KERNEL(float8u) *)(p) = (v))
// Results larger than the caches go past them, where a vector lies in one line.
#define STREAMS ((long)RESULT_ROWS * COLUMNS >= 1 << 22)
#ifdef __has_builtin
#if __has_builtin(__builtin_prefetch)
#define PREFETCH_STORE(p) __builtin_prefetch(p, 1)
#endif
#if __has_builtin(__builtin_nontemporal_store)
#define STORE_RESULT(place, v) \
    if (STREAMS && ((ulong)(place) & 63) == 0) \
        __builtin_nontemporal_store(v, (__global PASTE(OUT_T, 16) *)(place)); \
    else \
        *(__global KERNEL(out16u) *)(place) = v
#endif
#endif
#ifndef PREFETCH_STORE
#define PREFETCH_STORE(p)
#endif
#ifndef STORE_RESULT
#define STORE_RESULT(place, v) *(__global KERNEL(out16u) *)(place) = v
#endif
// Sums passed by pointer stay in registers only where the call is inlined.
#ifdef __clang__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

__constant int KERNEL(taps)[2 * TAPS] = {TAP_LIST};
#define TAP_Y(tap) KERNEL(taps)[2 * (tap)]
#define TAP_X(tap) KERNEL(taps)[2 * (tap) + 1]

// Stores the columns of row i of a tile that no earlier panel holds. A macro, since the epilogue may name kernel
// parameters.
#define STORE_ROW(values, row_index) \
    for (int j = 0; j < TILE_VECTORS; j++) { \
        const int row = row_index, first_column = FIRST_COLUMN(column_panel) + VECTOR_COLUMN(j); \
        const int from = max(max(column_panel * PANEL, 16 * j) - first_column, 0); \
        const int to = min(COLUMNS - first_column, 16); \
        __global OUT_T *place = result + result_offset + (size_t)row * COLUMNS + first_column; \
        if (from == 0 && to == 16) { \
            const PASTE(OUT_T, 16) stored = EPILOGUE_16(values[j], 0, row, first_column); \
            STORE_RESULT(place, stored); \
        } else { \
            const float *lanes = (const float *)&values[j]; \
            for (int lane = from; lane < to; lane++) \
                place[lane] = EPILOGUE_1(lanes[lane], 0, row, first_column + lane); \
        } \
    }

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
#define INTERLEAVE_LOW(x, y) (float8)(x.s0, y.s0, x.s1, y.s1, x.s2, y.s2, x.s3, y.s3)
#define INTERLEAVE_HIGH(x, y) (float8)(x.s4, y.s4, x.s5, y.s5, x.s6, y.s6, x.s7, y.s7)

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
            // Blocks of 8 x 8 are transposed by three rounds of interleaving rows i and i + 4. (Larger ones take four times
            // as long to compile.)
            for (int part = 0; part < 4; part++) {
                const int column = part / 2 * 8, row = part % 2 * 8;
                __global const float *block = second + (size_t)(first_column + column) * OUTPUT_CHANNELS + first + row;
                float8 u[8], v[8];
#pragma unroll
                for (int i = 0; i < 8; i++) u[i] = LOAD8(block + (size_t)i * OUTPUT_CHANNELS);
#pragma unroll
                for (int round = 0; round < 3; round++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        v[2 * i] = INTERLEAVE_LOW(u[i], u[i + 4]);
                        v[2 * i + 1] = INTERLEAVE_HIGH(u[i], u[i + 4]);
                    }
#pragma unroll
                    for (int i = 0; i < 8; i++) u[i] = v[i];
                }
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
#undef INTERLEAVE_LOW
#undef INTERLEAVE_HIGH
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
        // What the epilogue loads, and where it stores, has time to arrive meanwhile.
        for (int i = 0; i < TILE_ROWS; i++)
            for (int j = 0; j < TILE_VECTORS; j++) {
                const int column = FIRST_COLUMN(column_panel) + VECTOR_COLUMN(j);
                EPILOGUE_FETCH(0, pixel[i], column);
                if (!STREAMS) PREFETCH_STORE(result + result_offset + (size_t)pixel[i] * COLUMNS + column);
            }
        float16 acc[TILE_ROWS][TILE_VECTORS], sums[TILE_ROWS][TILE_VECTORS];
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
        for (int t = 0; t < met; t++) {
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
        for (int i = 0; i < min(TILE_ROWS, count - own); i++) STORE_ROW(sums[i], pixel[i])
    }
}
#undef WEIGHTS
#undef WEIGHT_ROW
#undef WEIGHT_VECTOR
#endif

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
#define PIXEL_COLUMNS 16
#define PIXEL_VECTOR(panel, j) 0
// The pixels of y, zeros appended up to 16 channels.
WORK_FUNCTION void KERNEL(pack)(ITEM_PARAMETERS
    __global const float *second, const uint second_offset, __global float *packed, const uint packed_offset)
{
    const int begin = ITEM_ID(0) * PACK_PIXELS, end = min(begin + PACK_PIXELS, PIXELS);
    second += second_offset;
    packed += packed_offset;
    for (int p = begin; p < end; p++)
        for (int c = 0; c < PIXEL_COLUMNS; c++)
            packed[(size_t)p * PIXEL_COLUMNS + c] = c < COLUMNS ? second[(size_t)p * COLUMNS + c] : 0.0f;
}
#else
#define PIXEL_COLUMNS COLUMNS
#define PIXEL_VECTOR(panel, j) (FIRST_COLUMN(panel) + VECTOR_COLUMN(j))
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
    const int end, const int tap, const int column_panel)
{
    const int dy = TAP_Y(tap), dx = TAP_X(tap), first = FIRST_X(dx), stop = END_X(dx);
    for (int line = begin; line < end; line++) {
        const int in_y = line % OUTPUT_HEIGHT * STRIDE_Y + dy;
        if ((uint)in_y >= HEIGHT) continue;
        const int in_line = line / OUTPUT_HEIGHT * HEIGHT + in_y;
        __global const float *factors = x + ((long)in_line * WIDTH + first * STRIDE_X + dx) * INPUT_CHANNELS;
        __global const float *columns = y + ((size_t)line * OUTPUT_WIDTH + first) * PIXEL_COLUMNS;
        for (int p = first; p < stop; p++) {
            float16 values[TILE_VECTORS];
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) values[j] = LOAD16(columns + PIXEL_VECTOR(column_panel, j));
#pragma unroll
            for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = fma((float16)(factors[i]), values[j], acc[i][j]);
            factors += STRIDE_X * INPUT_CHANNELS;
            columns += PIXEL_COLUMNS;
        }
    }
}
#endif

#define STORE_TILE(sums) \
    const int own_row = row_panel * TILE_ROWS, first_row = FIRST_ROW(row_panel); \
    for (int i = own_row - first_row; i < TILE_ROWS; i++) \
        STORE_ROW(sums[i], tap * INPUT_CHANNELS + first_row + i)

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
    KERNEL(add_lines)(
        acc, first + first_offset + FIRST_ROW(row_panel), second + second_offset, 0, LINES, tap, column_panel);
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] = acc[i][j];
    STORE_TILE(sums)
}
#else
#define PARTIAL_TILE(split, tap, row_panel, column_panel) \
    ((((size_t)(split) * PANEL_TAPS + (tap)) * COLUMN_PANELS + (column_panel)) * ROW_PANELS + (row_panel)) \
        * TILE_ROWS * PANEL
#define TILE_COUNT (PANEL_TAPS * COLUMN_PANELS * ROW_PANELS)
#define SUMS_STRIDE PIXEL_COLUMNS

#if SUMS
// The sums of the columns of B over each split's rows, after all tiles: [split][vector], the last vector shifted back.
#define SUMS_OF(split, vector) \
    (SPLITS * TILE_COUNT * TILE_ROWS * PANEL + (size_t)((split) * VECTORS + (vector)) * 16)
#define SUMS_COLUMN(vector) (COLUMNS < 16 ? 0 : min(16 * (vector), COLUMNS - 16))

// Adds so many rows of B to them.
INLINE void KERNEL(add_sums)(
    __global float *partials, __global const float *b, const int count, const int split, const int is_first)
{
    for (int vector = 0; vector < VECTORS; vector++) {
        __global const float *column = b + SUMS_COLUMN(vector);
        float16 sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        int k = 0;
        for (; k + 4 <= count; k += 4)
#pragma unroll
            for (int i = 0; i < 4; i++) sum[i] += LOAD16(column + (size_t)(k + i) * SUMS_STRIDE);
        for (; k < count; k++) sum[0] += LOAD16(column + (size_t)k * SUMS_STRIDE);
        __global float *place = partials + SUMS_OF(split, vector);
        const float16 total = sum[0] + sum[1] + (sum[2] + sum[3]);
        STORE16(place, is_first ? total : LOAD16(place) + total);
    }
}

WORK_FUNCTION void KERNEL(sums)(ITEM_PARAMETERS
    __global const float *partials, const uint partials_offset, __global float *result, const uint result_offset)
{
    const int vector = ITEM_ID(0), first = SUMS_COLUMN(vector);
    float16 sum = 0.0f;
    for (int split = 0; split < SPLITS; split++) sum += LOAD16(partials + partials_offset + SUMS_OF(split, vector));
    const float *lanes = (const float *)&sum;
    for (int lane = 16 * vector - first; lane < min(16, COLUMNS - first); lane++)
        result[result_offset + first + lane] = lanes[lane];
}
#endif

WORK_FUNCTION void KERNEL(partial)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global float *partials, const uint partials_offset)
{
    const int split = ITEM_ID(0), chunks = (LINES + CHUNK - 1) / CHUNK;
    const int start = (int)((long)chunks * split / SPLITS) * CHUNK;
    const int stop = min((int)((long)chunks * (split + 1) / SPLITS) * CHUNK, LINES);
    first += first_offset;
    second += second_offset;
#if GATHER
    float patches[PANEL_ROWS * CHUNK * OUTPUT_WIDTH];
#endif
    for (int begin = start; begin < stop; begin += CHUNK) {
        const int end = min(begin + CHUNK, stop);
#if GATHER
        KERNEL(gather)(patches, first, begin, end);
#endif
#if SUMS
        KERNEL(add_sums)(
            partials + partials_offset, second + (size_t)begin * OUTPUT_WIDTH * PIXEL_COLUMNS,
            (end - begin) * OUTPUT_WIDTH, split, begin == start);
#endif
        for (int tap = 0; tap < PANEL_TAPS; tap++)
            for (int column_panel = 0; column_panel < COLUMN_PANELS; column_panel++)
                for (int row_panel = 0; row_panel < ROW_PANELS; row_panel++) {
                    __global float *tile =
                        partials + partials_offset + PARTIAL_TILE(split, tap, row_panel, column_panel);
                    float16 acc[TILE_ROWS][TILE_VECTORS];
#pragma unroll
                    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                        for (int j = 0; j < TILE_VECTORS; j++)
                            acc[i][j] = begin == start ? (float16)(0.0f) : LOAD16(tile + i * PANEL + 16 * j);
#if GATHER
                    KERNEL(add_lines)(
                        acc, patches + FIRST_ROW(row_panel) * CHUNK * OUTPUT_WIDTH,
                        second + (size_t)begin * OUTPUT_WIDTH * PIXEL_COLUMNS, (end - begin) * OUTPUT_WIDTH,
                        column_panel);
#else
                    KERNEL(add_lines)(acc, first + FIRST_ROW(row_panel), second, begin, end, tap, column_panel);
#endif
#pragma unroll
                    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                        for (int j = 0; j < TILE_VECTORS; j++) STORE16(tile + i * PANEL + 16 * j, acc[i][j]);
                }
    }
}

WORK_FUNCTION void KERNEL(reduce)(ITEM_PARAMETERS
    __global const float *partials, const uint partials_offset, __global OUT_T *result, const uint result_offset
    EPILOGUE_PARAMETERS)
{
    const int row_panel = ITEM_ID(0), column_panel = ITEM_ID(1), tap = ITEM_ID(2);
    float16 sums[TILE_ROWS][TILE_VECTORS];
    for (int i = 0; i < TILE_ROWS; i++)
        for (int j = 0; j < TILE_VECTORS; j++) {
            float16 value = 0.0f;
            for (int split = 0; split < SPLITS; split++)
                value += LOAD16(
                    partials + partials_offset + PARTIAL_TILE(split, tap, row_panel, column_panel) + i * PANEL
                    + 16 * j);
            sums[i][j] = value;
        }
    STORE_TILE(sums)
}
#undef PARTIAL_TILE
#undef TILE_COUNT
#undef SUMS_STRIDE
#undef SUMS_OF
#undef SUMS_COLUMN
#endif
#undef PANEL_ROWS
#undef PANEL_TAPS
#undef ROW_PANELS
#undef FIRST_ROW
#undef LINES
#undef PIXEL_COLUMNS
#undef PIXEL_VECTOR
#undef FIRST_X
#undef END_X
#undef STORE_TILE
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
#undef TILE_VECTORS
#undef PACK
#undef ACROSS
#undef BATCH_INNER
#undef FLAT
#undef RUN
#undef MARGIN
#undef REACH
#undef SPLITS
#undef CHUNK
#undef SUMS
#undef GATHER
#undef OUT_T
#undef EPILOGUE_PARAMETERS
#undef EPILOGUE_1
#undef EPILOGUE_4
#undef EPILOGUE_8
#undef EPILOGUE_16
#undef EPILOGUE_FETCH
#undef PASTE_TEXT
#undef PASTE
#undef KERNEL
#undef SOURCE_HEIGHT
#undef SOURCE_WIDTH
#undef SOURCE_CHANNELS
#undef RESULT_HEIGHT
#undef RESULT_WIDTH
#undef COLUMNS
#undef VECTORS
#undef COLUMN_PANELS
#undef PANEL
#undef RESULT_ROWS
#undef PIXELS
#undef PACK_PIXELS
#undef FIRST_COLUMN
#undef VECTOR_COLUMN
#undef LOAD16
#undef STORE16
#undef LOAD8
#undef STORE8
#undef STREAMS
#undef STORE_RESULT
#undef PREFETCH_STORE
#undef INLINE
#undef TAP_Y
#undef TAP_X
#undef STORE_ROW
