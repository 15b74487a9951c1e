// Matrix product for CPU-class devices: C[b] = epilogue(A[b] · B[b]), Float32.
//
// A work-item owns a tile of C, TILE_ROWS x TILE_VECTORS float16, in registers, for the whole sum: no local memory, no
// barriers. The last tile of a direction is shifted back so that it ends with the matrix; what it computes a second
// time it does not store. Nothing outside the matrices is read or written, and every element gets its epilogue once.
//
// The text is included once for each product; it undefines all its macros, the given ones too, at its end.
// Its kernels are declared as work.cl says.
//
// MACROS (all integers are plain decimal literals)
//   PREFIX                            begins every name defined here, e.g. p12_               (default matmul_)
//   ROWS COLUMNS DEPTH BATCH          the sizes, all >= 1                                     (64 64 64 1)
//   A_ROW_STRIDE A_COLUMN_STRIDE A_BATCH_STRIDE, B_ROW_STRIDE B_COLUMN_STRIDE B_BATCH_STRIDE
//                                     strides in elements of the original operands; one of row and column stride is 1;
//                                     a batch stride of 0 shares one matrix                   (contiguous, 0)
//   FORM                              0 tiles, 1 split, 2 dot; see the table                  (0)
//   TILE_ROWS                         rows of a tile, 1...ROWS                                (6)
//   TILE_VECTORS                      forms 0, 1: float16 columns of a tile, 1...V = ceil(COLUMNS/16)   (4)
//   TILE_COLUMNS                      form 2: columns of a tile, 1...min(4, COLUMNS)          (4)
//   PACK_A PACK_B                     1: the operand is first packed into scratch             (0 0)
//   ACROSS                            form 0: 1 for items that go through all tiles of their rows           (0)
//   SPLITS                            form 1: ranges that the depth is divided into, 1...ceil(DEPTH/64)   (2)
//   SUMS                              form 1 with BATCH == 1 and B_COLUMN_STRIDE == 1: 1 to sum B over its rows, too:
//                                     the gradient of a bias  (0)
//   OUT_T                             element type of C: float, int, uchar                    (float)
//   EPILOGUE_PARAMETERS EPILOGUE_1(acc, batch, row, col) EPILOGUE_16(...)
//                                     given together or not at all; EPILOGUE_4 is used by form 2 in EPILOGUE_16's place
//   EPILOGUE_FETCH(batch, row, col)   asks early for what EPILOGUE_16 will load               (nothing)
//
// KERNELS. The local size is (1, 1, 1) for all. Offsets are in elements. With
//   panels(n, t) = ceil(n / t),  RP = panels(ROWS, TILE_ROWS),  CP = panels(ceil(COLUMNS/16), TILE_VECTORS),
//   A_COPIES = A_BATCH_STRIDE == 0 ? 1 : BATCH,  B_COPIES likewise:
//
//   PREFIX##pack_a      (only with PACK_A)  global (RP, ceil(DEPTH/64), A_COPIES); where A_COLUMN_STRIDE == 1, the first
//                                           two the other way round
//     (const float *a, uint a_offset, float *packed_a, uint packed_a_offset)
//     packed_a holds A_COPIES * RP * DEPTH * TILE_ROWS floats
//   PREFIX##pack_b      (only with PACK_B)  global (ceil(DEPTH/64), CP, B_COPIES); where B_COLUMN_STRIDE == 1,
//                                           (ceil(CP/4), ceil(DEPTH/64), B_COPIES)
//     (const float *b, uint b_offset, float *packed_b, uint packed_b_offset)
//     packed_b holds B_COPIES * CP * DEPTH * TILE_VECTORS * 16 floats
//   PREFIX##product     (forms 0 and 2)     form 0: global (RP, CP, BATCH), with ACROSS (RP, 1, BATCH)
//                                           form 2: global (RP, panels(COLUMNS, TILE_COLUMNS), BATCH)
//     (const float *a, uint a_offset, const float *b, uint b_offset, OUT_T *c, uint c_offset EPILOGUE_PARAMETERS)
//   PREFIX##partial     (form 1)            global (SPLITS, 1, BATCH)
//     (const float *a, uint a_offset, const float *b, uint b_offset, float *partials, uint partials_offset)
//     partials holds SPLITS * BATCH * CP * RP * TILE_ROWS * TILE_VECTORS * 16 floats, with SUMS then SPLITS * V * 16
//   PREFIX##reduce      (form 1)            global (RP, CP, BATCH)
//     (const float *partials, uint partials_offset, OUT_T *c, uint c_offset EPILOGUE_PARAMETERS)
//   PREFIX##sums        (with SUMS)         global (V, 1, 1), any time after partial; result [COLUMNS]
//     (const float *partials, uint partials_offset, float *result, uint result_offset)
//   product and partial take the packed copy and its offset in the place of a packed operand. Order: pack_a, pack_b,
//   then product, or partial and reduce.
//
// WHAT IS ALLOWED
//   forms 0, 1 without PACK_B need B_COLUMN_STRIDE == 1 and COLUMNS >= 16;
//   form 2 needs A_COLUMN_STRIDE == 1, B_ROW_STRIDE == 1 and DEPTH >= 16, and takes no packing.
//
// WHICH TO CHOOSE (units: the device's compute units; V = ceil(COLUMNS/16))
//   form 2, tile 6 x 4, with 16 registers 3 x 2 (cut down to ROWS and COLUMNS): A_COLUMN_STRIDE == 1, B_ROW_STRIDE == 1
//     and either COLUMNS == 1 and DEPTH >= 16, or B_COLUMN_STRIDE != 1, DEPTH >= 192 and ROWS <= 192, or 96
//     with 16 registers: packing B costs more than it saves.
//   form 1: otherwise, ROWS * COLUMNS <= 131072 (a partial result stays in the cache) and either DEPTH >= 2048 and
//     DEPTH >= 8 * min(ROWS, COLUMNS), or DEPTH >= 512 and form 0 would have RP * CP * BATCH < units;
//     SPLITS = min(units, ceil(DEPTH/64)).
//   form 0: otherwise.
//   TILE_ROWS x TILE_VECTORS, forms 0 and 1 (VectorRegisters.swift), with 32 registers of 16 lanes:
//     ROWS < 6: ROWS x min(V, 8, 25 / ROWS). Otherwise by V: 1: 12x1, 2: 12x2, 3: 8x3, 4: 6x4, 5: 5x5, more: of 6x4,
//     12x2, 8x3, 5x5 the one with the least RP * CP * TILE_VECTORS * (2 * TILE_ROWS + s), the first of equals, where s
//     is 0 with ROWS >= 1024 (B is packed) and 1 otherwise (B comes from further away).
//     TILE_ROWS is always cut down to ROWS. Form 1: 24x1 for V = 1; and with TILE_ROWS cut down further, to
//     ceil(ROWS / ceil(ROWS / TILE_ROWS)), tiles are even.
//     With 16 registers of 8 lanes, of which a vector takes two: 6x1, evened out: ceil(ROWS / ceil(ROWS / 6)) rows; of 1
//     to 3 rows 1x6, 2x3, 3x2. More vectors of sums do not stay in registers.
//   PACK_B, forms 0 and 1: B_COLUMN_STRIDE != 1 or COLUMNS < 16 (required); form 0 also: ROWS >= 1024, or ROWS >= 256
//     and B_ROW_STRIDE >= 512.
//   PACK_A, form 0: A_COLUMN_STRIDE >= 1000, DEPTH >= 512 and COLUMNS >= 256; with 16 registers of 8 lanes also where
//     CP >= 32, ROWS >= 768, DEPTH >= 512 and BATCH * ROWS * DEPTH <= 16777216.
//   ACROSS, form 0: with 16 registers of 8 lanes, where 1 < CP < RP, BATCH * RP >= 8 * units, and B is near:
//     DEPTH * COLUMNS <= 65536.
//   These are the rules where nothing is known of a shape. FORM and SPLITS decide the order of the sums and are always
//   chosen by them; tile, packing and order of the tiles change the time and no bit of the result, and are what the
//   tuner tries (ProductChoice.swift).
#ifndef PREFIX
#define PREFIX matmul_
#endif
#ifndef ROWS
#define ROWS 64
#endif
#ifndef COLUMNS
#define COLUMNS 64
#endif
#ifndef DEPTH
#define DEPTH 64
#endif
#ifndef BATCH
#define BATCH 1
#endif
#ifndef A_ROW_STRIDE
#define A_ROW_STRIDE DEPTH
#endif
#ifndef A_COLUMN_STRIDE
#define A_COLUMN_STRIDE 1
#endif
#ifndef A_BATCH_STRIDE
#define A_BATCH_STRIDE 0
#endif
#ifndef B_ROW_STRIDE
#define B_ROW_STRIDE COLUMNS
#endif
#ifndef B_COLUMN_STRIDE
#define B_COLUMN_STRIDE 1
#endif
#ifndef B_BATCH_STRIDE
#define B_BATCH_STRIDE 0
#endif
#ifndef FORM
#define FORM 0
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 6
#endif
#ifndef TILE_VECTORS
#define TILE_VECTORS 4
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 4
#endif
#ifndef PACK_A
#define PACK_A 0
#endif
#ifndef PACK_B
#define PACK_B 0
#endif
#ifndef ACROSS
#define ACROSS 0
#endif
#ifndef SUMS
#define SUMS 0
#endif
#ifndef SPLITS
#define SPLITS 2
#endif
#ifndef OUT_T
#define OUT_T float
#endif
#ifndef EPILOGUE_1
#define EPILOGUE_PARAMETERS
#define EPILOGUE_1(acc, batch, row, col) (acc)
#define EPILOGUE_4(acc, batch, row, col) (acc)
#define EPILOGUE_16(acc, batch, row, col) (acc)
#endif
#ifndef EPILOGUE_FETCH
#define EPILOGUE_FETCH(batch, row, col)
#endif

#define PASTE_TEXT(x, y) x##y
#define PASTE(x, y) PASTE_TEXT(x, y)
#define KERNEL(name) PASTE(PREFIX, name)

#define VECTORS ((COLUMNS + 15) / 16)
#define ROW_PANELS ((ROWS + TILE_ROWS - 1) / TILE_ROWS)
#define COLUMN_PANELS ((VECTORS + TILE_VECTORS - 1) / TILE_VECTORS)
#define PANEL (16 * TILE_VECTORS)
#define PACK_DEPTH 64
// Panels of B that are packed together, where their columns are neighbours.
#define PACK_PANELS (B_COLUMN_STRIDE == 1 ? 4 : 1)
// Steps of the depth written out: a small tile's loop would cost as much as its sums.
#define UNROLL (TILE_ROWS * TILE_VECTORS <= 8 ? 4 : 1)
#define SPLIT_DEPTH 64

// Vectors that need no more alignment than their elements.
typedef float16 KERNEL(float16u) __attribute__((aligned(4)));
typedef float8 KERNEL(float8u) __attribute__((aligned(4)));
typedef PASTE(OUT_T, 16) KERNEL(out16u) __attribute__((aligned(sizeof(OUT_T))));
typedef PASTE(OUT_T, 4) KERNEL(out4u) __attribute__((aligned(sizeof(OUT_T))));
// Sums passed by pointer stay in registers only where the call is inlined.
#ifdef __clang__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif
#define LOAD16(p) (*(const __global KERNEL(float16u) *)(p))
#define STORE16(p, v) (*(__global KERNEL(float16u) *)(p) = (v))
#define LOAD8(p) (*(const __global KERNEL(float8u) *)(p))
#define STORE8(p, v) (*(__global KERNEL(float8u) *)(p) = (v))

#ifdef __has_builtin
#if __has_builtin(__builtin_prefetch)
#define PREFETCH(p) __builtin_prefetch(p)
#define PREFETCH_STORE(p) __builtin_prefetch(p, 1)
#endif
#endif
#ifndef PREFETCH
#define PREFETCH(p)
#define PREFETCH_STORE(p)
#endif
// Results larger than the caches go past them, where a vector lies in one line.
#define STREAMS ((long)BATCH * ROWS * COLUMNS >= 1 << 22)
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

// The first row of a row panel, and the first column of vector j of a column panel.
#define FIRST_ROW(panel) min((panel) * TILE_ROWS, ROWS - TILE_ROWS)
#if COLUMN_PANELS > 1
#define FIRST_COLUMN(panel) min((panel) * PANEL, COLUMNS - PANEL)
#define VECTOR_COLUMN(j) (16 * (j))
#else
#define FIRST_COLUMN(panel) 0
#define VECTOR_COLUMN(j) (COLUMNS >= 16 && (j) == VECTORS - 1 ? COLUMNS - 16 : 16 * (j))
#endif

// Strides of the operands as the product reads them.
#if PACK_A
#define A_ROW 1
#define A_COLUMN TILE_ROWS
#else
#define A_ROW A_ROW_STRIDE
#define A_COLUMN A_COLUMN_STRIDE
#endif
#if PACK_B
#define B_ROW PANEL
#define B_VECTOR(j) (16 * (j))
#else
#define B_ROW B_ROW_STRIDE
#define B_VECTOR(j) VECTOR_COLUMN(j)
#endif

#if PACK_A
WORK_FUNCTION void KERNEL(pack_a)(ITEM_PARAMETERS
    __global const float *a, const uint a_offset, __global float *packed_a, const uint packed_a_offset)
{
    const int panel = ITEM_ID(A_COLUMN_STRIDE == 1), batch = ITEM_ID(2);
    const int first = ITEM_ID(A_COLUMN_STRIDE != 1) * PACK_DEPTH, end = min(first + PACK_DEPTH, DEPTH);
    a += a_offset + (size_t)batch * A_BATCH_STRIDE + (size_t)FIRST_ROW(panel) * A_ROW_STRIDE;
    packed_a += packed_a_offset + ((size_t)batch * ROW_PANELS + panel) * DEPTH * TILE_ROWS;
    for (int k = first; k < end; k++)
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
            packed_a[k * TILE_ROWS + i] = a[(size_t)k * A_COLUMN_STRIDE + (size_t)i * A_ROW_STRIDE];
}
#endif

#if PACK_B
#define INTERLEAVE_LOW(x, y) (float8)(x.s0, y.s0, x.s1, y.s1, x.s2, y.s2, x.s3, y.s3)
#define INTERLEAVE_HIGH(x, y) (float8)(x.s4, y.s4, x.s5, y.s5, x.s6, y.s6, x.s7, y.s7)

WORK_FUNCTION void KERNEL(pack_b)(ITEM_PARAMETERS
    __global const float *b, const uint b_offset, __global float *packed_b, const uint packed_b_offset)
{
    const int panel = ITEM_ID(B_COLUMN_STRIDE != 1) * PACK_PANELS, batch = ITEM_ID(2);
    const int first = ITEM_ID(B_COLUMN_STRIDE == 1) * PACK_DEPTH, end = min(first + PACK_DEPTH, DEPTH);
    b += b_offset + (size_t)batch * B_BATCH_STRIDE + (size_t)FIRST_COLUMN(panel) * B_COLUMN_STRIDE;
    packed_b += packed_b_offset + ((size_t)batch * COLUMN_PANELS + panel) * DEPTH * PANEL;
    int k = first;
#if COLUMNS >= 16
#if B_COLUMN_STRIDE == 1
    const int panels = min(PACK_PANELS, COLUMN_PANELS - panel);
    for (; k < end; k++)
        for (int p = 0; p < panels; p++)
            for (int j = 0; j < TILE_VECTORS; j++)
                STORE16(
                    packed_b + ((size_t)p * DEPTH + k) * PANEL + 16 * j,
                    LOAD16(b + (size_t)k * B_ROW_STRIDE + FIRST_COLUMN(panel + p) - FIRST_COLUMN(panel) + VECTOR_COLUMN(j)));
#else
    // Blocks of 8 x 8 are transposed by three rounds of interleaving rows i and i + 4. (Larger ones take four times as long
    // to compile.)
    for (; k + 8 <= end; k += 8)
        for (int part = 0; part < 2 * TILE_VECTORS; part++) {
            float8 u[8], v[8];
            __global const float *block = b + (size_t)(VECTOR_COLUMN(part / 2) + part % 2 * 8) * B_COLUMN_STRIDE + k;
#pragma unroll
            for (int i = 0; i < 8; i++) u[i] = LOAD8(block + (size_t)i * B_COLUMN_STRIDE);
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
            for (int i = 0; i < 8; i++) STORE8(packed_b + (k + i) * PANEL + 8 * part, u[i]);
        }
#endif
#endif
    for (; k < end; k++)
        for (int j = 0; j < TILE_VECTORS; j++)
            for (int lane = 0; lane < 16; lane++) {
                const int column = VECTOR_COLUMN(j) + lane;
                packed_b[k * PANEL + 16 * j + lane] =
                    column < COLUMNS ? b[(size_t)k * B_ROW_STRIDE + (size_t)column * B_COLUMN_STRIDE] : 0.0f;
            }
}
#undef INTERLEAVE_LOW
#undef INTERLEAVE_HIGH
#endif

#if FORM != 2
// acc += A[tile's rows, 0 ..< depth] · B[0 ..< depth, tile's columns]
INLINE void KERNEL(add_product)(
    float16 acc[TILE_ROWS][TILE_VECTORS], __global const float *a, __global const float *b, const int depth)
{
    for (int begin = 0; begin < depth; begin += 16) {
        // The same columns of the next row panel, which comes next: as many lines as rows every 16 columns.
#if PACK_A
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++) PREFETCH(a + DEPTH * TILE_ROWS + 16 * i);
#elif A_COLUMN_STRIDE == 1
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++) PREFETCH(a + (size_t)(TILE_ROWS + i) * A_ROW);
#endif
        const int count = min(16, depth - begin);
#pragma unroll UNROLL
        for (int k = 0; k < count; k++) {
#if FORM == 1 && A_COLUMN_STRIDE != 1 && !PACK_A
            // The same rows in the next chunk of the depth.
            PREFETCH(a + SPLIT_DEPTH * A_COLUMN);
#endif
            float16 values[TILE_VECTORS];
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) values[j] = LOAD16(b + B_VECTOR(j));
#pragma unroll
            for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                for (int j = 0; j < TILE_VECTORS; j++)
                    acc[i][j] = fma((float16)(a[(size_t)i * A_ROW]), values[j], acc[i][j]);
            a += A_COLUMN;
            b += B_ROW;
        }
    }
}

// Where a tile's operands begin.
INLINE __global const float *KERNEL(rows_of_a)(__global const float *a, const int panel, const int batch)
{
#if PACK_A
    return a + ((A_BATCH_STRIDE == 0 ? 0 : (size_t)batch * ROW_PANELS) + panel) * DEPTH * TILE_ROWS;
#else
    return a + (size_t)batch * A_BATCH_STRIDE + (size_t)FIRST_ROW(panel) * A_ROW_STRIDE;
#endif
}

INLINE __global const float *KERNEL(columns_of_b)(__global const float *b, const int panel, const int batch)
{
#if PACK_B
    return b + ((B_BATCH_STRIDE == 0 ? 0 : (size_t)batch * COLUMN_PANELS) + panel) * DEPTH * PANEL;
#else
    return b + (size_t)batch * B_BATCH_STRIDE + FIRST_COLUMN(panel);
#endif
}

// Stores the part of a tile that no earlier tile holds. A macro, since the epilogue may name kernel parameters.
#define STORE_TILE(acc) \
    const int own_row = row_panel * TILE_ROWS, own_column = column_panel * PANEL; \
    const int first_row = FIRST_ROW(row_panel); \
    __global OUT_T *results = c + c_offset + (size_t)batch * ROWS * COLUMNS; \
    for (int i = own_row - first_row; i < TILE_ROWS; i++) \
        for (int j = 0; j < TILE_VECTORS; j++) { \
            const int row = first_row + i, first_column = FIRST_COLUMN(column_panel) + VECTOR_COLUMN(j); \
            const int from = max(max(own_column, 16 * j) - first_column, 0); \
            const int to = min(COLUMNS - first_column, 16); \
            __global OUT_T *place = results + (size_t)row * COLUMNS + first_column; \
            if (from == 0 && to == 16) { \
                const PASTE(OUT_T, 16) stored = EPILOGUE_16(acc[i][j], batch, row, first_column); \
                STORE_RESULT(place, stored); \
            } else { \
                const float *lanes = (const float *)&acc[i][j]; \
                for (int lane = from; lane < to; lane++) \
                    place[lane] = EPILOGUE_1(lanes[lane], batch, row, first_column + lane); \
            } \
        }
#endif

#if FORM == 0
WORK_FUNCTION void KERNEL(product)(ITEM_PARAMETERS
    __global const float *a, const uint a_offset, __global const float *b, const uint b_offset, __global OUT_T *c,
    const uint c_offset EPILOGUE_PARAMETERS)
{
    const int row_panel = ITEM_ID(0), batch = ITEM_ID(2);
    const int column_panels = ACROSS ? COLUMN_PANELS : ITEM_ID(1) + 1;
    for (int column_panel = ITEM_ID(1); column_panel < column_panels; column_panel++) {
        // What the epilogue loads, and where it stores, has time to arrive meanwhile; if there is any.
        for (int i = 0; DEPTH >= 32 && i < TILE_ROWS; i++)
            for (int j = 0; j < TILE_VECTORS; j++) {
                const int row = FIRST_ROW(row_panel) + i, column = FIRST_COLUMN(column_panel) + VECTOR_COLUMN(j);
                EPILOGUE_FETCH(batch, row, column);
                if (!STREAMS) PREFETCH_STORE(c + c_offset + ((size_t)batch * ROWS + row) * COLUMNS + column);
            }
        float16 acc[TILE_ROWS][TILE_VECTORS], result[TILE_ROWS][TILE_VECTORS];
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
        KERNEL(add_product)(
            acc, KERNEL(rows_of_a)(a + a_offset, row_panel, batch),
            KERNEL(columns_of_b)(b + b_offset, column_panel, batch), DEPTH);
        // A copy in memory: indexing the sums themselves would take them out of the registers.
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) result[i][j] = acc[i][j];
        STORE_TILE(result)
    }
}
#endif

#if FORM == 1
#define TILE_SIZE (TILE_ROWS * PANEL)
#define TILE_COUNT (BATCH * COLUMN_PANELS * ROW_PANELS)
#define SUMS_STRIDE B_ROW
#define PARTIAL_TILE(split, row_panel, column_panel, batch) \
    ((((size_t)(split) * BATCH + (batch)) * COLUMN_PANELS + (column_panel)) * ROW_PANELS + (row_panel)) * TILE_SIZE

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
    __global const float *a, const uint a_offset, __global const float *b, const uint b_offset,
    __global float *partials, const uint partials_offset)
{
    const int split = ITEM_ID(0), batch = ITEM_ID(2);
    const int chunks = (DEPTH + SPLIT_DEPTH - 1) / SPLIT_DEPTH;
    const int first = (int)((long)chunks * split / SPLITS) * SPLIT_DEPTH;
    const int end = min((int)((long)chunks * (split + 1) / SPLITS) * SPLIT_DEPTH, DEPTH);
    for (int k = first; k < end; k += SPLIT_DEPTH) {
#if SUMS
        KERNEL(add_sums)(
            partials + partials_offset, b + b_offset + (size_t)k * B_ROW, min(end - k, SPLIT_DEPTH), split, k == first);
#endif
        for (int column_panel = 0; column_panel < COLUMN_PANELS; column_panel++)
            for (int row_panel = 0; row_panel < ROW_PANELS; row_panel++) {
                __global float *tile = partials + partials_offset + PARTIAL_TILE(split, row_panel, column_panel, batch);
                float16 acc[TILE_ROWS][TILE_VECTORS];
#pragma unroll
                for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                    for (int j = 0; j < TILE_VECTORS; j++)
                        acc[i][j] = k == first ? (float16)(0.0f) : LOAD16(tile + i * PANEL + 16 * j);
                KERNEL(add_product)(
                    acc, KERNEL(rows_of_a)(a + a_offset, row_panel, batch) + (size_t)k * A_COLUMN,
                    KERNEL(columns_of_b)(b + b_offset, column_panel, batch) + (size_t)k * B_ROW,
                    min(end - k, SPLIT_DEPTH));
#pragma unroll
                for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                    for (int j = 0; j < TILE_VECTORS; j++) STORE16(tile + i * PANEL + 16 * j, acc[i][j]);
            }
    }
}

WORK_FUNCTION void KERNEL(reduce)(ITEM_PARAMETERS
    __global const float *partials, const uint partials_offset, __global OUT_T *c, const uint c_offset
    EPILOGUE_PARAMETERS)
{
    const int row_panel = ITEM_ID(0), column_panel = ITEM_ID(1), batch = ITEM_ID(2);
    float16 sum[TILE_ROWS][TILE_VECTORS];
    for (int i = 0; i < TILE_ROWS; i++)
        for (int j = 0; j < TILE_VECTORS; j++) {
            float16 value = 0.0f;
            for (int split = 0; split < SPLITS; split++)
                value += LOAD16(
                    partials + partials_offset + PARTIAL_TILE(split, row_panel, column_panel, batch) + i * PANEL
                    + 16 * j);
            sum[i][j] = value;
        }
    STORE_TILE(sum)
}
#undef TILE_SIZE
#undef TILE_COUNT
#undef PARTIAL_TILE
#undef SUMS_STRIDE
#undef SUMS_OF
#undef SUMS_COLUMN
#endif

#if FORM == 2
// The sum of the lanes of each of four vectors.
INLINE float4 KERNEL(lane_sums)(const float16 p, const float16 q, const float16 r, const float16 s)
{
    const float8 p8 = p.lo + p.hi, q8 = q.lo + q.hi, r8 = r.lo + r.hi, s8 = s.lo + s.hi;
    const float8 pq = (float8)(p8.lo, q8.lo) + (float8)(p8.hi, q8.hi);
    const float8 rs = (float8)(r8.lo, s8.lo) + (float8)(r8.hi, s8.hi);
    const float8 halves = (float8)(pq.s0145, rs.s0145) + (float8)(pq.s2367, rs.s2367);
    return halves.even + halves.odd;
}

WORK_FUNCTION void KERNEL(product)(ITEM_PARAMETERS
    __global const float *a, const uint a_offset, __global const float *b, const uint b_offset, __global OUT_T *c,
    const uint c_offset EPILOGUE_PARAMETERS)
{
    const int row_panel = ITEM_ID(0), column_panel = ITEM_ID(1), batch = ITEM_ID(2);
    const int own_row = row_panel * TILE_ROWS, own_column = column_panel * TILE_COLUMNS;
    const int first_row = FIRST_ROW(row_panel), first_column = min(own_column, COLUMNS - TILE_COLUMNS);
    a += a_offset + (size_t)batch * A_BATCH_STRIDE + (size_t)first_row * A_ROW_STRIDE;
    b += b_offset + (size_t)batch * B_BATCH_STRIDE + (size_t)first_column * B_COLUMN_STRIDE;
    float16 acc[TILE_ROWS][4];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) acc[i][j] = 0.0f;
    for (int k = 0; k + 16 <= DEPTH; k += 16) {
        float16 values[TILE_COLUMNS];
#pragma unroll
        for (int j = 0; j < TILE_COLUMNS; j++) values[j] = LOAD16(b + (size_t)j * B_COLUMN_STRIDE + k);
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++) {
            const float16 factor = LOAD16(a + (size_t)i * A_ROW_STRIDE + k);
#pragma unroll
            for (int j = 0; j < TILE_COLUMNS; j++) acc[i][j] = fma(factor, values[j], acc[i][j]);
        }
    }
#if DEPTH % 16 != 0
    {
        // The last 16 columns once more, those that are already summed set to zero in both operands.
        const int k = DEPTH - 16;
        const int16 fresh =
            (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) >= (int16)(16 - DEPTH % 16);
        float16 values[TILE_COLUMNS];
#pragma unroll
        for (int j = 0; j < TILE_COLUMNS; j++)
            values[j] = select((float16)(0.0f), LOAD16(b + (size_t)j * B_COLUMN_STRIDE + k), fresh);
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++) {
            const float16 factor = select((float16)(0.0f), LOAD16(a + (size_t)i * A_ROW_STRIDE + k), fresh);
#pragma unroll
            for (int j = 0; j < TILE_COLUMNS; j++) acc[i][j] = fma(factor, values[j], acc[i][j]);
        }
    }
#endif
    float4 result[TILE_ROWS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
        result[i] = KERNEL(lane_sums)(acc[i][0], acc[i][1], acc[i][2], acc[i][3]);
    c += c_offset + (size_t)batch * ROWS * COLUMNS;
    for (int i = own_row - first_row; i < TILE_ROWS; i++) {
        const int row = first_row + i;
        __global OUT_T *place = c + (size_t)row * COLUMNS + first_column;
        if (TILE_COLUMNS == 4 && own_column == first_column) {
            *(__global KERNEL(out4u) *)place = EPILOGUE_4(result[i], batch, row, first_column);
        } else {
            const float *lanes = (const float *)&result[i];
            for (int lane = own_column - first_column; lane < TILE_COLUMNS; lane++)
                place[lane] = EPILOGUE_1(lanes[lane], batch, row, first_column + lane);
        }
    }
}
#endif

#undef PREFIX
#undef ROWS
#undef COLUMNS
#undef DEPTH
#undef BATCH
#undef A_ROW_STRIDE
#undef A_COLUMN_STRIDE
#undef A_BATCH_STRIDE
#undef B_ROW_STRIDE
#undef B_COLUMN_STRIDE
#undef B_BATCH_STRIDE
#undef FORM
#undef TILE_ROWS
#undef TILE_VECTORS
#undef TILE_COLUMNS
#undef PACK_A
#undef PACK_B
#undef ACROSS
#undef SPLITS
#undef SUMS
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
#undef VECTORS
#undef ROW_PANELS
#undef COLUMN_PANELS
#undef PANEL
#undef PACK_DEPTH
#undef UNROLL
#undef SPLIT_DEPTH
#undef INLINE
#undef LOAD16
#undef STORE16
#undef LOAD8
#undef STORE8
#undef PREFETCH
#undef PREFETCH_STORE
#undef STREAMS
#undef STORE_RESULT
#undef FIRST_ROW
#undef FIRST_COLUMN
#undef VECTOR_COLUMN
#undef A_ROW
#undef A_COLUMN
#undef B_ROW
#undef B_VECTOR
#undef STORE_TILE
