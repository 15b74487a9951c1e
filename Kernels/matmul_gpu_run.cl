// Goes on where tile_gpu.cl ends: what the items of a work-group read for the two tiles, and sums of tiles and of splits.

#define STEPS ((DEPTH + TILE_DEPTH - 1) / TILE_DEPTH)
// Nothing is asked where tiles fill the matrices.
#define ROW_EXISTS(row) (ROWS % TILE_ROWS == 0 || (row) < ROWS)
#define COLUMN_EXISTS(column) (COLUMNS % TILE_COLUMNS == 0 || (column) < COLUMNS)
#define DEPTH_EXISTS(depth) (DEPTH % TILE_DEPTH == 0 || (depth) < DEPTH)

// Reads an item's share of the two tiles whose depth begins at k.
INLINE void KERNEL(fetch)(
    float fetched_a[FETCHES_A], float fetched_b[FETCHES_B], __global const float *a, __global const float *b,
    const int first_row, const int first_column, const int k, const uint item)
{
#pragma unroll
    for (int f = 0; f < FETCHES_A; f++) {
        const int row = first_row + A_TILE_ROW(f), depth = k + A_TILE_DEPTH(f);
        fetched_a[f] = ROW_EXISTS(row) && DEPTH_EXISTS(depth)
            ? a[(size_t)row * A_ROW_STRIDE + (size_t)depth * A_COLUMN_STRIDE]
            : 0.0f;
    }
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) {
        const int column = first_column + B_TILE_COLUMN(f), depth = k + B_TILE_DEPTH(f);
        fetched_b[f] = COLUMN_EXISTS(column) && DEPTH_EXISTS(depth)
            ? b[(size_t)depth * B_ROW_STRIDE + (size_t)column * B_COLUMN_STRIDE]
            : 0.0f;
    }
}

#if SPLITS > 1
GROUP_MEMORY(KERNEL(partial), TILE_MEMORY);
WORK_FUNCTION void KERNEL(partial)(ITEM_PARAMETERS
    __global const float *a, const uint a_offset, __global const float *b, const uint b_offset,
    __global float *partials, const uint partials_offset)
#else
GROUP_MEMORY(KERNEL(product), TILE_MEMORY);
WORK_FUNCTION void KERNEL(product)(ITEM_PARAMETERS
    __global const float *a, const uint a_offset, __global const float *b, const uint b_offset, __global OUT_T *c,
    const uint c_offset SUMS_PARAMETERS EPILOGUE_PARAMETERS)
#endif
{
    __local float *tile_a = (__local float *)group_memory, *tile_b = tile_a + 2 * STEP_A;
    const uint item = get_local_id(0);
    const int x = ITEM_X(item), y = ITEM_Y(item);
    const int first_column = GROUP_ID(0) * TILE_COLUMNS, first_row = GROUP_ID(1) * TILE_ROWS;
    const int batch = GROUP_ID(2) / SPLITS, split = GROUP_ID(2) % SPLITS;
    const int begin = (int)((long)STEPS * split / SPLITS), end = (int)((long)STEPS * (split + 1) / SPLITS);
    a += a_offset + (size_t)batch * A_BATCH_STRIDE;
    b += b_offset + (size_t)batch * B_BATCH_STRIDE;

    float fetched_a[FETCHES_A], fetched_b[FETCHES_B];
    float acc[ITEM_ROWS][ITEM_COLUMNS];
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS; j++) acc[i][j] = 0.0f;
    CLEAR_SUMS

    KERNEL(fetch)(fetched_a, fetched_b, a, b, first_row, first_column, begin * TILE_DEPTH, item);
    ADD_SUMS
    KERNEL(put)(fetched_a, fetched_b, tile_a, tile_b, item);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = begin; step < end; step++) {
        const int slot = (step - begin) & 1;
        if (step + 1 < end)
            KERNEL(fetch)(fetched_a, fetched_b, a, b, first_row, first_column, (step + 1) * TILE_DEPTH, item);
        KERNEL(multiply)(acc, tile_a + slot * STEP_A, tile_b + slot * STEP_B, x, y);
        if (step + 1 < end) {
            ADD_SUMS
            KERNEL(put)(fetched_a, fetched_b, tile_a + (1 - slot) * STEP_A, tile_b + (1 - slot) * STEP_B, item);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    STORE_SUMS
#if SPLITS > 1
    partials += partials_offset + ((size_t)split * BATCH + batch) * ROWS * COLUMNS;
#else
    c += c_offset + (size_t)batch * ROWS * COLUMNS;
#endif
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS; j++) {
            const int row = first_row + ITEM_ROW(i, y), column = first_column + ITEM_COLUMN(j, x);
            if (ROW_EXISTS(row) && COLUMN_EXISTS(column))
#if SPLITS > 1
                partials[(size_t)row * COLUMNS + column] = acc[i][j];
#else
                c[(size_t)row * COLUMNS + column] = EPILOGUE_1(acc[i][j], batch, row, column);
#endif
        }
}

#if SPLITS > 1
GROUP_MEMORY(KERNEL(reduce), 0);
WORK_FUNCTION void KERNEL(reduce)(ITEM_PARAMETERS
    __global const float *partials, const uint partials_offset, __global OUT_T *c, const uint c_offset
    SUMS_PARAMETERS EPILOGUE_PARAMETERS)
{
    const int element = ITEM_ID(0), batch = ITEM_ID(1);
    FINISH_SUMS
    if (element < ROWS * COLUMNS) {
        const int row = element / COLUMNS, column = element % COLUMNS;
        partials += partials_offset + (size_t)batch * ROWS * COLUMNS + element;
        float sum = 0.0f;
        for (int split = 0; split < SPLITS; split++) sum += partials[(size_t)split * BATCH * ROWS * COLUMNS];
        c[c_offset + (size_t)batch * ROWS * COLUMNS + element] = EPILOGUE_1(sum, batch, row, column);
    }
}
#endif

#undef A_ROW_STRIDE
#undef A_COLUMN_STRIDE
#undef A_BATCH_STRIDE
#undef B_ROW_STRIDE
#undef B_COLUMN_STRIDE
#undef B_BATCH_STRIDE
#undef TILE_COLUMNS
#undef TILE_DEPTH
#undef ITEM_ROWS
#undef ITEM_COLUMNS
#undef ITEMS_ACROSS
#undef ITEMS_DOWN
#undef ITEMS
#undef STEPS
#undef A_ALONG_DEPTH
#undef B_ALONG_DEPTH
#undef ITEM_X
#undef ITEM_Y
#undef LOCAL_ROWS
#undef LOCAL_COLUMNS
#undef STEP_A
#undef STEP_B
#undef TILE_MEMORY
#undef ITEM_ROW
#undef ITEM_COLUMN
#undef ROW_EXISTS
#undef COLUMN_EXISTS
#undef DEPTH_EXISTS
#undef FETCHES_A
#undef FETCHES_B
#undef A_TILE_ROW
#undef A_TILE_DEPTH
#undef B_TILE_COLUMN
#undef B_TILE_DEPTH
