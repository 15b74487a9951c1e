// Goes on where tensor_gpu_loads.cl ends: the kernels.

#if KIND == 3
#define ENTRY product
#else
#define ENTRY convolve
#endif
// Behind the tiles: what emulated items exchange, and the taps in use.
#if KIND == 0 || KIND == 1
#define MEMORY (4 * (LOCAL_SIZE + EXCHANGE_SIZE) + 12 * TAPS)
#else
#define MEMORY (4 * (LOCAL_SIZE + EXCHANGE_SIZE))
#endif

#if SPLITS > 1
GROUP_MEMORY(KERNEL(partial), MEMORY);
WORK_FUNCTION void KERNEL(partial)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global float *partials, const uint partials_offset)
#else
GROUP_MEMORY(KERNEL(ENTRY), MEMORY);
WORK_FUNCTION void KERNEL(ENTRY)(ITEM_PARAMETERS
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global OUT_T *result, const uint result_offset SUMS_PARAMETERS EPILOGUE_PARAMETERS)
#endif
{
    __local uint *tile_a = (__local uint *)group_memory, *tile_b = tile_a + 2 * ELEMENTS_A;
#ifdef TENSOR_EMULATED
    __local uint *exchange = tile_a + LOCAL_SIZE;
#endif
    const uint item = get_local_id(0), warp = item / 32, lane = item % 32;
    const int group = lane / 4, member = lane % 4;
    const int warp_row = warp / WARPS_ACROSS * WARP_ROWS, warp_column = warp % WARPS_ACROSS * WARP_COLUMNS;
    const int first_column = GROUP_ID(0) * TILE_COLUMNS, first_row = GROUP_ID(1) * TILE_ROWS;
    const int split = GROUP_ID(2) % SPLITS;
    first += first_offset;
    second += second_offset;

#if KIND == 3
    const int batch = GROUP_ID(2) / SPLITS, depth = DEPTH, count = ROWS;
    first += (size_t)batch * A_BATCH_STRIDE;
    second += (size_t)batch * B_BATCH_STRIDE;
#elif KIND == 2
    const int batch = 0, depth = PIXELS, count = RESULT_ROWS;
#else
    const int batch = 0;
    __local int *used_y = (__local int *)(tile_a + LOCAL_SIZE + EXCHANGE_SIZE);
    __local int *used_x = used_y + TAPS, *used_tap = used_x + TAPS;
#if HAS_PHASES
    const int phase = GROUP_ID(2) / SPLITS, phase_y = phase / STRIDE_X, phase_x = phase % STRIDE_X;
#else
    const int phase_y = 0, phase_x = 0;
#endif
#if KIND == 1
    const int grid_height = (RESULT_HEIGHT - phase_y + STRIDE_Y - 1) / STRIDE_Y;
    const int grid_width = (RESULT_WIDTH - phase_x + STRIDE_X - 1) / STRIDE_X;
#else
    const int grid_height = RESULT_HEIGHT, grid_width = RESULT_WIDTH;
#endif
    const int used = KERNEL(list_taps)(used_y, used_x, used_tap, phase_y, phase_x, item);
    barrier(CLK_LOCAL_MEM_FENCE);
    const int depth = used * SOURCE_CHANNELS, count = BATCH * grid_height * grid_width;
#endif
    FIND_ROWS
    const int steps = (depth + TILE_DEPTH - 1) / TILE_DEPTH;
    const int begin = (int)((long)steps * split / SPLITS), end = (int)((long)steps * (split + 1) / SPLITS);

    float4 fetched_a[FETCHES_A], fetched_b[FETCHES_B];
    float sums[BLOCKS_DOWN][BLOCKS_ACROSS][4];
#pragma unroll
    for (int i = 0; i < BLOCKS_DOWN; i++)
#pragma unroll
        for (int j = 0; j < BLOCKS_ACROSS; j++)
#pragma unroll
            for (int c = 0; c < 4; c++) sums[i][j][c] = 0.0f;
    CLEAR_SUMS

    KERNEL(fetch)(
        fetched_a, fetched_b, first, second, first_row, first_column, begin * TILE_DEPTH, item FETCH_ARGUMENTS);
    ADD_SUMS
    KERNEL(put)(fetched_a, fetched_b, tile_a, tile_b, item);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = begin; step < end; step++) {
        const int slot = (step - begin) & 1;
        if (step + 1 < end)
            KERNEL(fetch)(
                fetched_a, fetched_b, first, second, first_row, first_column, (step + 1) * TILE_DEPTH, item
                FETCH_ARGUMENTS);
        uint a[BLOCKS_DOWN][MULTIPLICATIONS][4];
        KERNEL(take_a)(a, tile_a + slot * ELEMENTS_A, warp_row / 16, lane);
#ifndef TENSOR_EMULATED
#pragma unroll
#endif
        for (int across = 0; across < BLOCKS_ACROSS; across += CHUNK) {
            uint b[CHUNK][MULTIPLICATIONS][2];
            KERNEL(take_b)(b, tile_b + slot * ELEMENTS_B, warp_column / 8 + across, lane);
            KERNEL(multiply)(sums, a, b, across, item EXCHANGE_ARGUMENT);
        }
        if (step + 1 < end) {
            ADD_SUMS
            KERNEL(put)(
                fetched_a, fetched_b, tile_a + (1 - slot) * ELEMENTS_A, tile_b + (1 - slot) * ELEMENTS_B, item);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    STORE_SUMS
    // A block of each warp at a time.
    __local float *stage = (__local float *)group_memory;
#ifndef TENSOR_EMULATED
#pragma unroll
#endif
    for (int i = 0; i < BLOCKS_DOWN; i++) {
#pragma unroll
        for (int side = 0; side < 2; side++) {
            __local float *line = stage + (warp_row / WARP_ROWS * 16 + 8 * side + group) * STAGED_COLUMNS;
#if B_INSIDE
#pragma unroll
            for (int j = 0; j < BLOCKS_ACROSS; j++)
                *(__local float2 *)&line[COLUMN(warp_column / 8 + j, 2 * member)] =
                    (float2)(sums[i][j][2 * side], sums[i][j][2 * side + 1]);
#else
#pragma unroll
            for (int j = 0; j < BLOCKS_ACROSS; j += 2)
#pragma unroll
                for (int c = 0; c < 2; c++)
                    *(__local float2 *)&line[COLUMN(warp_column / 8 + j, 2 * member + c)] =
                        (float2)(sums[i][j][2 * side + c], sums[i][j + 1][2 * side + c]);
#endif
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int e = item; e < STAGED_ROWS * TILE_COLUMNS; e += ITEMS) {
            const int staged = e / TILE_COLUMNS, column = first_column + e % TILE_COLUMNS;
            int row = first_row + ROW(staged / 16 * BLOCKS_DOWN + i, staged / 8 % 2, staged % 8);
            if (row < count && column < COLUMNS) {
                const float sum = stage[staged * STAGED_COLUMNS + e % TILE_COLUMNS];
#if HAS_PHASES
                const int line = row / grid_width;
                const int y = line % grid_height * STRIDE_Y + phase_y, x = row % grid_width * STRIDE_X + phase_x;
                row = (line / grid_height * RESULT_HEIGHT + y) * RESULT_WIDTH + x;
#endif
                const size_t element = ((size_t)batch * RESULT_ROWS + row) * COLUMNS + column;
#if SPLITS > 1
                partials[partials_offset + (size_t)split * MATRICES * RESULT_ROWS * COLUMNS + element] = sum;
#else
                result[result_offset + element] = EPILOGUE_1(sum, batch, row, column);
#endif
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

#if SPLITS > 1
GROUP_MEMORY(KERNEL(reduce), 0);
WORK_FUNCTION void KERNEL(reduce)(ITEM_PARAMETERS
    __global const float *partials, const uint partials_offset, __global OUT_T *result, const uint result_offset
    SUMS_PARAMETERS EPILOGUE_PARAMETERS)
{
    const int element = ITEM_ID(0), batch = ITEM_ID(1);
    FINISH_SUMS
    if (element < RESULT_ROWS * COLUMNS) {
        const int row = element / COLUMNS, column = element % COLUMNS;
        partials += partials_offset + (size_t)batch * RESULT_ROWS * COLUMNS + element;
        float sum = 0.0f;
        for (int split = 0; split < SPLITS; split++)
            sum += partials[(size_t)split * MATRICES * (RESULT_ROWS * COLUMNS)];
        result[result_offset + (size_t)batch * RESULT_ROWS * COLUMNS + element] = EPILOGUE_1(sum, batch, row, column);
    }
}
#endif

#undef A_BATCH_STRIDE
#undef A_COLUMN_STRIDE
#undef A_INSIDE
#undef A_ROW_STRIDE
#undef A_TILE_DEPTH
#undef A_TILE_ROW
#undef ALONG
#undef BLOCKS_ACROSS
#undef BLOCKS_DOWN
#undef B_BATCH_STRIDE
#undef B_COLUMN_STRIDE
#undef B_INSIDE
#undef B_ROW_STRIDE
#undef B_TILE_COLUMN
#undef B_TILE_DEPTH
#undef CHUNK
#undef COLUMN
#undef COLUMN_EXISTS
#undef DEEP
#undef ELEMENTS_A
#undef ELEMENTS_B
#undef ENTRY
#undef EXCHANGE_ARGUMENT
#undef EXCHANGE_PARAMETER
#undef EXCHANGE_SIZE
#undef FETCHES_A
#undef FETCHES_B
#undef FETCH_ARGUMENTS
#undef FIND_ROWS
#undef FORMAT
#undef FOUR_A
#undef FOUR_B
#undef HAS_PHASES
#undef ITEMS
#undef LOCAL_SIZE
#undef MATRICES
#undef MEMORY
#undef MULTIPLICATIONS
#undef NOWHERE
#undef OUTSIDE
#undef PARTS_A
#undef PARTS_B
#undef PIXELS
#undef REGISTERS_A
#undef REGISTERS_B
#undef ROW
#undef SOURCE_STEP_X
#undef SOURCE_STEP_Y
#undef SPREAD
#undef STAGED_COLUMNS
#undef STAGED_ROWS
#undef STAGE_SIZE
#undef TAP_X
#undef TAP_Y
#undef TILES_SIZE
#undef TILE_COLUMNS
#undef TILE_DEPTH
#undef VECTOR_A
#undef VECTOR_B
#undef WARPS_ACROSS
#undef WARPS_DOWN
#undef WARP_COLUMNS
#undef WARP_ROWS
