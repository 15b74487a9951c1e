// Goes on where column_sums_cpu.cl ends: the gradient of weights, kind 2, divided among the items.

#if KIND == 2 && SPLITS > 1
#define PARTIAL_TILE(split, tap, row_panel, column_panel) \
    ((((size_t)(split) * PANEL_TAPS + (tap)) * COLUMN_PANELS + (column_panel)) * ROW_PANELS + (row_panel)) \
        * TILE_ROWS * PANEL

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
                    KERNEL(add_lines)(acc, first, second, begin, end, tap, row_panel, column_panel);
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
    SUMS_PARAMETERS EPILOGUE_PARAMETERS)
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
    FINISH_SUMS
}
#undef PARTIAL_TILE
#endif

#undef PANEL_ROWS
#undef PANEL_TAPS
#undef PIXEL_COLUMNS
#undef PIXEL_VECTOR
#undef PHASE_HEIGHT
#undef PHASE_WIDTH
#undef PHASE_PIXELS
#undef FACTORS
#undef NEXT_FACTORS
#undef FIRST_X
#undef END_X
#undef PACK
#undef BATCH_INNER
#undef FLAT
#undef RUN
#undef MARGIN
#undef REACH
#undef CHUNK
#undef GATHER
#undef PIXELS
#undef PACK_PIXELS
#undef TAP_Y
#undef TAP_X
