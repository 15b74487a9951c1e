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
// Weight gradient: an item sums TILE_ROWS input channels times TILE_VECTORS float16 of output channels of one tap over
// the pixels, in chunks whose pairs of pixels are listed beforehand. With SPLITS > 1 each item owns a range of the
// pixels and sums all tiles into a partial result of its own, which a second kernel adds in a fixed order.
// No local memory, no barriers; nothing outside the operands is touched; every element gets its epilogue once.
//
// The text is included once for each convolution; it undefines all its macros, the given ones too, at its end.
//
// MACROS (all integers are plain decimal literals)
//   PREFIX                            begins every name defined here, e.g. c12_               (default convolution_)
//   KIND                              0 forward, 1 input gradient, 2 weight gradient          (0)
//   BATCH HEIGHT WIDTH INPUT_CHANNELS OUTPUT_HEIGHT OUTPUT_WIDTH OUTPUT_CHANNELS STRIDE_Y STRIDE_X
//                                     the geometry, all >= 1                                  (1 8 8 16 8 8 16 1 1)
//   TAPS TAP_LIST                     their number, and dy, dx of each, separated by commas, without braces: for two
//                                     taps -1,0,0,1                                           (1  0,0)
//   TILE_ROWS                         rows of a tile, 1...12; kind 2: 1...min(12, INPUT_CHANNELS)     (6)
//   TILE_VECTORS                      float16 columns of a tile, 1...V, see below             (1)
//   PACK                              1: the second operand is first packed into scratch; kind 0: may be, must be where
//                                     OUTPUT_CHANNELS < 16; kind 1: must be; kind 2: exactly where OUTPUT_CHANNELS < 16
//                                                                                             (1 for kind 1, else 0)
//   SPLITS                            kind 2: ranges that the pixels are divided into,
//                                     1...ceil(BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH / 64)     (1)
//   OUT_T                             element type of the result: float, int, uchar           (float)
//   EPILOGUE_PARAMETERS EPILOGUE_1(acc, batch, row, col) EPILOGUE_16(...)
//                                     given together or not at all; batch is 0; row is the pixel (n * H + y) * W + x of
//                                     the result, or tap * INPUT_CHANNELS + ci; EPILOGUE_4, _8 may be given and are not
//                                     used
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
//   PREFIX##convolve   (kind 2, SPLITS == 1)   global (ceil(INPUT_CHANNELS / TILE_ROWS), CP, TAPS)
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//   PREFIX##partial    (kind 2, SPLITS > 1)    global (SPLITS, 1, 1)
//     (const float *first, uint first_offset, const float *second, uint second_offset,
//      float *partials, uint partials_offset)
//     partials holds SPLITS * TAPS * CP * ceil(INPUT_CHANNELS / TILE_ROWS) * TILE_ROWS * TILE_VECTORS * 16 floats
//   PREFIX##reduce     (kind 2, SPLITS > 1)    global (ceil(INPUT_CHANNELS / TILE_ROWS), CP, TAPS)
//     (const float *partials, uint partials_offset, OUT_T *result, uint result_offset EPILOGUE_PARAMETERS)
//   first and second are the step's operands: (x, w), (y, w), (x, y); with PACK, second is the packed copy and its
//   offset. Order: pack, then convolve, or partial and reduce.
//
// WHICH TO CHOOSE (units: the device's compute units; V = ceil(RESULT_CHANNELS/16))
//   PACK: as needed, and for kind 0 where OUTPUT_CHANNELS > 128.
//   tile: by V: 1: 12x1, 2: 12x2, 3: 8x3, 4: 6x4, 5: 5x5, more: 6x4 where 4 divides V, else 12x2 where 2 does, else 5x5
//     where 5 does, else 8x3 where 3 does, else 6x4. Kind 2: TILE_ROWS is cut down to INPUT_CHANNELS.
//   SPLITS, kind 2: 1 where PIXELS < 1024 or TAPS * INPUT_CHANNELS * OUTPUT_CHANNELS > 524288;
//     else min(units, ceil(PIXELS/64)).
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
#ifndef SPLITS
#define SPLITS 1
#endif
#ifndef OUT_T
#define OUT_T float
#endif
#ifndef EPILOGUE_1
#define EPILOGUE_PARAMETERS
#define EPILOGUE_1(acc, batch, row, col) (acc)
#define EPILOGUE_16(acc, batch, row, col) (acc)
#endif

#define PASTE_TEXT(x, y) x##y
#define PASTE(x, y) PASTE_TEXT(x, y)
#define KERNEL(name) PASTE(PREFIX, name)

#if KIND == 1
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
#define CHUNK 64

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
typedef PASTE(OUT_T, 16) KERNEL(out16u) __attribute__((aligned(sizeof(OUT_T))));
#define LOAD16(p) (*(const __global KERNEL(float16u) *)(p))
#define STORE16(p, v) (*(__global KERNEL(float16u) *)(p) = (v))
// Results larger than the caches go past them, where a vector lies in one line.
#define STREAMS ((long)RESULT_ROWS * COLUMNS >= 1 << 22)
#ifdef __has_builtin
#if __has_builtin(__builtin_nontemporal_store)
#define STORE_RESULT(place, v) \
    if (STREAMS && ((ulong)(place) & 63) == 0) \
        __builtin_nontemporal_store(v, (__global PASTE(OUT_T, 16) *)(place)); \
    else \
        *(__global KERNEL(out16u) *)(place) = v
#endif
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

#if KIND != 2
#if PACK
#define WEIGHT_ROW PANEL
#define WEIGHT_VECTOR(j) (16 * (j))
#define INTERLEAVE_LOW(x, y) (float16)(\
    x.s0, y.s0, x.s1, y.s1, x.s2, y.s2, x.s3, y.s3, x.s4, y.s4, x.s5, y.s5, x.s6, y.s6, x.s7, y.s7)
#define INTERLEAVE_HIGH(x, y) (float16)(\
    x.s8, y.s8, x.s9, y.s9, x.sa, y.sa, x.sb, y.sb, x.sc, y.sc, x.sd, y.sd, x.se, y.se, x.sf, y.sf)

// Weights to [panel][tap][source channel][column of the panel].
__kernel void KERNEL(pack)(
    __global const float *second, const uint second_offset, __global float *packed, const uint packed_offset)
{
    const int blocks = (SOURCE_CHANNELS + 15) / 16;
    const int tap = get_global_id(0) / blocks, panel = get_global_id(1);
    const int first = get_global_id(0) % blocks * 16, end = min(first + 16, SOURCE_CHANNELS);
    second += second_offset + (size_t)tap * INPUT_CHANNELS * OUTPUT_CHANNELS;
    packed += packed_offset + ((size_t)panel * TAPS + tap) * SOURCE_CHANNELS * PANEL;
    for (int j = 0; j < TILE_VECTORS; j++) {
        const int first_column = FIRST_COLUMN(panel) + VECTOR_COLUMN(j);
        __global float *place = packed + 16 * j;
#if KIND == 1 && COLUMNS >= 16
        if (end - first == 16) {
            // A block of 16 x 16 is transposed by four rounds of interleaving rows i and i + 8.
            float16 u[16], v[16];
#pragma unroll
            for (int i = 0; i < 16; i++) u[i] = LOAD16(second + (size_t)(first_column + i) * OUTPUT_CHANNELS + first);
#pragma unroll
            for (int round = 0; round < 4; round++) {
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    v[2 * i] = INTERLEAVE_LOW(u[i], u[i + 8]);
                    v[2 * i + 1] = INTERLEAVE_HIGH(u[i], u[i + 8]);
                }
#pragma unroll
                for (int i = 0; i < 16; i++) u[i] = v[i];
            }
#pragma unroll
            for (int i = 0; i < 16; i++) STORE16(place + (first + i) * PANEL, u[i]);
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
}
#undef INTERLEAVE_LOW
#undef INTERLEAVE_HIGH
#else
#define WEIGHT_ROW COLUMNS
#define WEIGHT_VECTOR(j) VECTOR_COLUMN(j)
#endif

__kernel void KERNEL(convolve)(
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global const float *zeros, __global OUT_T *result, const uint result_offset EPILOGUE_PARAMETERS)
{
    const int tile = get_global_id(0), column_panel = get_global_id(1);
#if KIND == 1
    const int phase_y = get_global_id(2) / STRIDE_X, phase_x = get_global_id(2) % STRIDE_X;
    const int grid_height = (RESULT_HEIGHT - phase_y + STRIDE_Y - 1) / STRIDE_Y;
    const int grid_width = (RESULT_WIDTH - phase_x + STRIDE_X - 1) / STRIDE_X;
#else
    const int grid_height = RESULT_HEIGHT, grid_width = RESULT_WIDTH;
#endif
    const int count = BATCH * grid_height * grid_width, own = tile * TILE_ROWS;
    if (own >= count) return;
    first += first_offset;
    second += second_offset;

    // Where tap (0, 0) of each pixel lies in the source, and the pixel's number in the result.
    int source_y[TILE_ROWS], source_x[TILE_ROWS], image[TILE_ROWS], pixel[TILE_ROWS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++) {
        const int index = min(own + i, count - 1);
        const int x = index % grid_width, line = index / grid_width, y = line % grid_height;
        image[i] = line / grid_height;
#if KIND == 1
        source_y[i] = y;
        source_x[i] = x;
        pixel[i] = (image[i] * RESULT_HEIGHT + y * STRIDE_Y + phase_y) * RESULT_WIDTH + x * STRIDE_X + phase_x;
#else
        source_y[i] = y * STRIDE_Y;
        source_x[i] = x * STRIDE_X;
        pixel[i] = index;
#endif
    }

    float16 acc[TILE_ROWS][TILE_VECTORS], sums[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
    for (int tap = 0; tap < TAPS; tap++) {
#if KIND == 1
        const int away_y = phase_y - TAP_Y(tap), away_x = phase_x - TAP_X(tap);
        if (away_y % STRIDE_Y != 0 || away_x % STRIDE_X != 0) continue;
        const int dy = away_y / STRIDE_Y, dx = away_x / STRIDE_X;
#else
        const int dy = TAP_Y(tap), dx = TAP_X(tap);
#endif
        __global const float *rows[TILE_ROWS];
        int anything = 0;
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++) {
            const int y = source_y[i] + dy, x = source_x[i] + dx;
            const int inside = (uint)y < SOURCE_HEIGHT && (uint)x < SOURCE_WIDTH;
            const size_t at = (size_t)((image[i] * SOURCE_HEIGHT + y) * SOURCE_WIDTH + x) * SOURCE_CHANNELS;
            rows[i] = inside ? first + at : zeros;
            anything |= inside;
        }
        if (!anything) continue;
#if PACK
        __global const float *weights = second + ((size_t)column_panel * TAPS + tap) * SOURCE_CHANNELS * PANEL;
#else
        __global const float *weights = second + (size_t)tap * SOURCE_CHANNELS * COLUMNS + FIRST_COLUMN(column_panel);
#endif
        for (int c = 0; c < SOURCE_CHANNELS; c++) {
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
    // A copy in memory: indexing the sums themselves would take them out of the registers.
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] = acc[i][j];
    for (int i = 0; i < min(TILE_ROWS, count - own); i++) STORE_ROW(sums[i], pixel[i])
}
#undef WEIGHT_ROW
#undef WEIGHT_VECTOR
#endif

#if KIND == 2
#define ROW_PANELS ((INPUT_CHANNELS + TILE_ROWS - 1) / TILE_ROWS)
#define FIRST_ROW(panel) min((panel) * TILE_ROWS, INPUT_CHANNELS - TILE_ROWS)

#if PACK
#define PIXEL_COLUMNS 16
#define PIXEL_VECTOR(panel, j) 0
// The pixels of y, zeros appended up to 16 channels.
__kernel void KERNEL(pack)(
    __global const float *second, const uint second_offset, __global float *packed, const uint packed_offset)
{
    const int begin = get_global_id(0) * CHUNK, end = min(begin + CHUNK, PIXELS);
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

// Lists the pixels begin ..< end that the tap takes to a pixel of x: the numbers of both. Returns how many there are.
INLINE int KERNEL(list)(int in_x[CHUNK], int in_y[CHUNK], const int begin, const int end, const int tap)
{
    const int dy = TAP_Y(tap), dx = TAP_X(tap);
    int count = 0;
    for (int p = begin; p < end; p++) {
        const int line = p / OUTPUT_WIDTH, image = line / OUTPUT_HEIGHT;
        const int y = line % OUTPUT_HEIGHT * STRIDE_Y + dy, x = p % OUTPUT_WIDTH * STRIDE_X + dx;
        in_x[count] = (image * HEIGHT + y) * WIDTH + x;
        in_y[count] = p;
        count += (uint)y < HEIGHT && (uint)x < WIDTH;
    }
    return count;
}

// acc += the tile's part of the listed pairs of pixels.
INLINE void KERNEL(add_pairs)(
    float16 acc[TILE_ROWS][TILE_VECTORS], __global const float *x, __global const float *y, const int in_x[CHUNK],
    const int in_y[CHUNK], const int count, const int column_panel)
{
    for (int p = 0; p < count; p++) {
        __global const float *factors = x + (size_t)in_x[p] * INPUT_CHANNELS;
        __global const float *columns = y + (size_t)in_y[p] * PIXEL_COLUMNS;
        float16 values[TILE_VECTORS];
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) values[j] = LOAD16(columns + PIXEL_VECTOR(column_panel, j));
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = fma((float16)(factors[i]), values[j], acc[i][j]);
    }
}

#define STORE_TILE(sums) \
    const int own_row = row_panel * TILE_ROWS, first_row = FIRST_ROW(row_panel); \
    for (int i = own_row - first_row; i < TILE_ROWS; i++) \
        STORE_ROW(sums[i], tap * INPUT_CHANNELS + first_row + i)

#if SPLITS == 1
__kernel void KERNEL(convolve)(
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global OUT_T *result, const uint result_offset EPILOGUE_PARAMETERS)
{
    const int row_panel = get_global_id(0), column_panel = get_global_id(1), tap = get_global_id(2);
    float16 acc[TILE_ROWS][TILE_VECTORS], sums[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
    for (int begin = 0; begin < PIXELS; begin += CHUNK) {
        int in_x[CHUNK], in_y[CHUNK];
        const int count = KERNEL(list)(in_x, in_y, begin, min(begin + CHUNK, PIXELS), tap);
        KERNEL(add_pairs)(
            acc, first + first_offset + FIRST_ROW(row_panel), second + second_offset, in_x, in_y, count, column_panel);
    }
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) sums[i][j] = acc[i][j];
    STORE_TILE(sums)
}
#else
#define PARTIAL_TILE(split, tap, row_panel, column_panel) \
    ((((size_t)(split) * TAPS + (tap)) * COLUMN_PANELS + (column_panel)) * ROW_PANELS + (row_panel)) * TILE_ROWS * PANEL

__kernel void KERNEL(partial)(
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global float *partials, const uint partials_offset)
{
    const int split = get_global_id(0), chunks = (PIXELS + CHUNK - 1) / CHUNK;
    const int start = (int)((long)chunks * split / SPLITS) * CHUNK;
    const int stop = min((int)((long)chunks * (split + 1) / SPLITS) * CHUNK, PIXELS);
    for (int begin = start; begin < stop; begin += CHUNK)
        for (int tap = 0; tap < TAPS; tap++) {
            int in_x[CHUNK], in_y[CHUNK];
            const int count = KERNEL(list)(in_x, in_y, begin, min(begin + CHUNK, stop), tap);
            if (count == 0 && begin != start) continue;
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
                    KERNEL(add_pairs)(
                        acc, first + first_offset + FIRST_ROW(row_panel), second + second_offset, in_x, in_y, count,
                        column_panel);
#pragma unroll
                    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                        for (int j = 0; j < TILE_VECTORS; j++) STORE16(tile + i * PANEL + 16 * j, acc[i][j]);
                }
        }
}

__kernel void KERNEL(reduce)(
    __global const float *partials, const uint partials_offset, __global OUT_T *result, const uint result_offset
    EPILOGUE_PARAMETERS)
{
    const int row_panel = get_global_id(0), column_panel = get_global_id(1), tap = get_global_id(2);
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
#endif
#undef ROW_PANELS
#undef FIRST_ROW
#undef PIXEL_COLUMNS
#undef PIXEL_VECTOR
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
#undef CHUNK
#undef FIRST_COLUMN
#undef VECTOR_COLUMN
#undef LOAD16
#undef STORE16
#undef STREAMS
#undef STORE_RESULT
#undef INLINE
#undef TAP_Y
#undef TAP_X
#undef STORE_ROW
