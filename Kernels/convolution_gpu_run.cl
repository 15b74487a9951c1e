// Goes on where convolution_gpu_loads.cl ends: sums of tiles and of splits, all kinds but 3.

#if KIND != 3
#if SPLITS > 1
GROUP_MEMORY(KERNEL(partial), TILE_MEMORY + 12 * TAPS);
WORK_FUNCTION void KERNEL(partial)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global float *partials, const uint partials_offset)
#else
GROUP_MEMORY(KERNEL(convolve), TILE_MEMORY + 12 * TAPS);
WORK_FUNCTION void KERNEL(convolve)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global OUT_T *result, const uint result_offset SUMS_PARAMETERS EPILOGUE_PARAMETERS)
#endif
{
    __local float *tile_a = (__local float *)group_memory, *tile_b = tile_a + 2 * STEP_A;
    const uint item = get_local_id(0);
    const int item_x = ITEM_X(item), item_y = ITEM_Y(item);
    const int first_column = GROUP_ID(0) * TILE_COLUMNS, first_row = GROUP_ID(1) * TILE_ROWS;
    const int split = GROUP_ID(2) % SPLITS;
    first += first_offset;
    second += second_offset;

#if KIND == 2
    const int depth = PIXELS, count = RESULT_ROWS;
#define FETCH_ARGUMENTS
#else
    __local int *used_y = (__local int *)(tile_b + 2 * STEP_B), *used_x = used_y + TAPS, *used_tap = used_x + TAPS;
#if KIND == 1
    const int phase = GROUP_ID(2) / SPLITS, phase_y = phase / STRIDE_X, phase_x = phase % STRIDE_X;
    const int grid_height = (RESULT_HEIGHT - phase_y + STRIDE_Y - 1) / STRIDE_Y;
    const int grid_width = (RESULT_WIDTH - phase_x + STRIDE_X - 1) / STRIDE_X;
#else
    const int phase_y = 0, phase_x = 0, grid_height = RESULT_HEIGHT, grid_width = RESULT_WIDTH;
#endif
    const int used = KERNEL(list_taps)(used_y, used_x, used_tap, phase_y, phase_x, item);
    barrier(CLK_LOCAL_MEM_FENCE);
    const int depth = used * SOURCE_CHANNELS, count = BATCH * grid_height * grid_width;
#define FETCH_ARGUMENTS , used_y, used_x, used_tap, depth
#endif
    FIND_ROWS
    const int steps = (depth + TILE_DEPTH - 1) / TILE_DEPTH;
    const int begin = (int)((long)steps * split / SPLITS), end = (int)((long)steps * (split + 1) / SPLITS);

    float fetched_a[FETCHES_A], fetched_b[FETCHES_B];
    float acc[ITEM_ROWS][ITEM_COLUMNS];
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS; j++) acc[i][j] = 0.0f;
    CLEAR_SUMS

    KERNEL(fetch)(
        fetched_a, fetched_b, first, second, row_y, row_x, row_base, first_column, begin * TILE_DEPTH, item
        FETCH_ARGUMENTS);
    ADD_SUMS
    KERNEL(put)(fetched_a, fetched_b, tile_a, tile_b, item);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = begin; step < end; step++) {
        const int slot = (step - begin) & 1;
        if (step + 1 < end)
            KERNEL(fetch)(
                fetched_a, fetched_b, first, second, row_y, row_x, row_base, first_column, (step + 1) * TILE_DEPTH,
                item FETCH_ARGUMENTS);
        KERNEL(multiply)(acc, tile_a + slot * STEP_A, tile_b + slot * STEP_B, item_x, item_y);
        if (step + 1 < end) {
            ADD_SUMS
            KERNEL(put)(fetched_a, fetched_b, tile_a + (1 - slot) * STEP_A, tile_b + (1 - slot) * STEP_B, item);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    STORE_SUMS
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++) {
        int row = first_row + ITEM_ROW(i, item_y);
        const int exists = row < count;
#if KIND == 1
        const int line = row / grid_width;
        const int y = line % grid_height * STRIDE_Y + phase_y, x = row % grid_width * STRIDE_X + phase_x;
        row = (line / grid_height * RESULT_HEIGHT + y) * RESULT_WIDTH + x;
#endif
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS; j++) {
            const int column = first_column + ITEM_COLUMN(j, item_x);
            if (exists && column < COLUMNS)
#if SPLITS > 1
                partials[partials_offset + ((size_t)split * RESULT_ROWS + row) * COLUMNS + column] = acc[i][j];
#else
                result[result_offset + (size_t)row * COLUMNS + column] = EPILOGUE_1(acc[i][j], 0, row, column);
#endif
        }
    }
}

#if SPLITS > 1
GROUP_MEMORY(KERNEL(reduce), 0);
WORK_FUNCTION void KERNEL(reduce)(ITEM_PARAMETERS
    __global const float *partials, const uint partials_offset, __global OUT_T *result, const uint result_offset
    SUMS_PARAMETERS EPILOGUE_PARAMETERS)
{
    const int element = ITEM_ID(0);
    FINISH_SUMS
    if (element < RESULT_ROWS * COLUMNS) {
        const int row = element / COLUMNS, column = element % COLUMNS;
        float sum = 0.0f;
        for (int split = 0; split < SPLITS; split++)
            sum += partials[partials_offset + (size_t)split * (RESULT_ROWS * COLUMNS) + element];
        result[result_offset + element] = EPILOGUE_1(sum, 0, row, column);
    }
}
#endif
#endif

#undef TILE_COLUMNS
#undef TILE_DEPTH
#undef ITEM_ROWS
#undef ITEM_COLUMNS
#undef PIXELS
#undef ITEMS_ACROSS
#undef ITEMS_DOWN
#undef ITEMS
#undef ITEM_X
#undef ITEM_Y
#undef LOCAL_ROWS
#undef LOCAL_COLUMNS
#undef STEP_A
#undef STEP_B
#undef TILE_MEMORY
#undef ITEM_ROW
#undef ITEM_COLUMN
#undef FETCHES_A
#undef FETCHES_B
#undef A_TILE_ROW
#undef A_TILE_DEPTH
#undef B_TILE_COLUMN
#undef B_TILE_DEPTH
#undef NOWHERE
#undef TAP_Y
#undef TAP_X
#undef FIND_ROWS
#undef SOURCE_STEP_Y
#undef SOURCE_STEP_X
#undef FETCH_ARGUMENTS
#undef A_ALONG_DEPTH
#undef B_ALONG_DEPTH
