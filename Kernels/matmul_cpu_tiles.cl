// Goes on where matmul_cpu.cl ends: copies of the operands, and tiles with the whole sum, form 0.

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
    for (; k + 8 <= end; k += 8)
        for (int part = 0; part < 2 * TILE_VECTORS; part++) {
            float8 u[8];
            __global const float *block = b + (size_t)(VECTOR_COLUMN(part / 2) + part % 2 * 8) * B_COLUMN_STRIDE + k;
#pragma unroll
            for (int i = 0; i < 8; i++) u[i] = LOAD8(block + (size_t)i * B_COLUMN_STRIDE);
            transpose_8x8(u);
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
#endif

#if FORM != 2
// acc += A[tile's rows, 0 ..< depth] · B[0 ..< depth, tile's columns]
INLINE void KERNEL(add_product)(
    float16 acc[TILE_ROWS][TILE_VECTORS], __global const float *a, __global const float *b, const int depth)
{
    // A split asks for its operands itself.
    const int part = FORM == 1 && A_COLUMN_STRIDE != 1 ? SPLIT_DEPTH : FETCH_DEPTH;
    for (int begin = 0; begin < depth; begin += part) {
        // The same columns of the next row panel, which comes next: as many lines as rows every 16 columns.
#if PACK_A
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++) FETCH(a + DEPTH * TILE_ROWS + 16 * i);
#elif A_COLUMN_STRIDE == 1
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++) FETCH(a + (size_t)(TILE_ROWS + i) * A_ROW);
#endif
        const int count = min(part, depth - begin);
#pragma unroll UNROLL
        for (int k = 0; k < count; k++) {
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

// Stores the part of a tile that no earlier tile holds.
#define STORE_TILE(sums) \
    const int first_row = FIRST_ROW(row_panel); \
    __global OUT_T *results = c + c_offset + (size_t)batch * ROWS * COLUMNS; \
    for (int i = row_panel * TILE_ROWS - first_row; i < TILE_ROWS; i++) \
        STORE_ROW(sums[i], results + (size_t)(first_row + i) * COLUMNS, batch, first_row + i)
#endif

#if FORM == 0
WORK_FUNCTION void KERNEL(product)(ITEM_PARAMETERS
    __global const float *a, const uint a_offset, __global const float *b, const uint b_offset, __global OUT_T *c,
    const uint c_offset EPILOGUE_PARAMETERS)
{
    const int row_panel = ITEM_ID(0), batch = ITEM_ID(2);
    const int column_panels = ACROSS ? COLUMN_PANELS : ITEM_ID(1) + 1;
    for (int column_panel = ITEM_ID(1); column_panel < column_panels; column_panel++) {
        // The next tile, if there is any: what its epilogue loads, and where it stores, has time to arrive meanwhile.
        const int is_last = column_panel == column_panels - 1;
        const int next_panel = is_last ? ITEM_ID(1) : column_panel + 1;
        const int next_row = FIRST_ROW(is_last ? min(row_panel + 1, ROW_PANELS - 1) : row_panel);
        __global OUT_T *next = c + c_offset + ((size_t)batch * ROWS + next_row) * COLUMNS;
        __global const float *rows = KERNEL(rows_of_a)(a + a_offset, row_panel, batch);
        __global const float *columns = KERNEL(columns_of_b)(b + b_offset, column_panel, batch);
        float16 acc[TILE_ROWS][TILE_VECTORS], result[TILE_ROWS][TILE_VECTORS];
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
        for (int begin = 0; begin < DEPTH; begin += FETCH_DEPTH) {
            // A few of its rows at a time, so that the operands need not wait for them.
            for (int i = begin / FETCH_DEPTH; DEPTH >= 32 && i < TILE_ROWS; i += (DEPTH + FETCH_DEPTH - 1) / FETCH_DEPTH)
                FETCH_ROW(next + i * COLUMNS, batch, next_row + i, next_panel)
            KERNEL(add_product)(
                acc, rows + (size_t)begin * A_COLUMN, columns + (size_t)begin * B_ROW, min(DEPTH - begin, FETCH_DEPTH));
        }
        // A copy in memory: indexing the sums themselves would take them out of the registers.
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++) result[i][j] = acc[i][j];
        STORE_TILE(result)
    }
}
#endif
