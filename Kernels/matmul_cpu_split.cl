// Goes on where column_sums_cpu.cl ends: sums split over the depth, form 1, and dot products, form 2.

#if FORM == 1
#define TILE_SIZE (TILE_ROWS * PANEL)
// Lines of the cache in a row of each operand, whose rows are neighbours.
#define A_LINES ((ROWS + 15) / 16)
#define B_LINES ((COLUMNS + 15) / 16)
#define PARTIAL_TILE(split, row_panel, column_panel, batch) \
    ((((size_t)(split) * BATCH + (batch)) * COLUMN_PANELS + (column_panel)) * ROW_PANELS + (row_panel)) * TILE_SIZE

// Asks for the operands' next chunk: a tile's share of it, so that all tiles together ask for each line once. Of narrow
// operands the processor does so by itself.
INLINE void KERNEL(fetch)(__global const float *a, __global const float *b, const int tile)
{
    if (ROWS + COLUMNS < 96) return;
#define FIRST_LINE(lines, tile) (int)((long)SPLIT_DEPTH * (lines) * (tile) / TILES)
#if A_COLUMN_STRIDE != 1 && !PACK_A
    for (int line = FIRST_LINE(A_LINES, tile); line < FIRST_LINE(A_LINES, tile + 1); line++)
        FETCH(a + (size_t)(line / A_LINES) * A_COLUMN + line % A_LINES * 16);
#endif
#if !PACK_B
    for (int line = FIRST_LINE(B_LINES, tile); line < FIRST_LINE(B_LINES, tile + 1); line++)
        FETCH(b + (size_t)(line / B_LINES) * B_ROW + line % B_LINES * 16);
#endif
#undef FIRST_LINE
}

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
                KERNEL(fetch)(
                    KERNEL(rows_of_a)(a + a_offset, 0, batch) + (size_t)(k + SPLIT_DEPTH) * A_COLUMN,
                    KERNEL(columns_of_b)(b + b_offset, 0, batch) + (size_t)(k + SPLIT_DEPTH) * B_ROW,
                    column_panel * ROW_PANELS + row_panel);
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
    __global const float *partials, const uint partials_offset, __global OUT_T *c, const uint c_offset SUMS_PARAMETERS
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
    FINISH_SUMS
}
#undef TILE_SIZE
#undef PARTIAL_TILE
#undef A_LINES
#undef B_LINES
#endif

#if FORM == 2
typedef PASTE(OUT_T, 4) KERNEL(out4u) __attribute__((aligned(sizeof(OUT_T))));

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

#undef A_ROW_STRIDE
#undef A_COLUMN_STRIDE
#undef A_BATCH_STRIDE
#undef B_ROW_STRIDE
#undef B_COLUMN_STRIDE
#undef B_BATCH_STRIDE
#undef FORM
#undef TILE_COLUMNS
#undef PACK_A
#undef PACK_B
#undef PACK_DEPTH
#undef PACK_PANELS
#undef UNROLL
#undef SPLIT_DEPTH
#undef FETCH_DEPTH
#undef A_ROW
#undef A_COLUMN
#undef B_ROW
#undef B_VECTOR
