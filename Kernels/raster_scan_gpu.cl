// Functions of a raster scan for GPU-class devices: one matrix product of its programs, C[b] = epilogue(A[b] · B[b]),
// Float32, with few rows (the images of an instance), by all items of the work-group.
//
// An item owns ITEM_ROWS rows of one column at a time: neighbouring items take neighbouring columns, so that they read
// neighbouring weights, each of which serves ITEM_ROWS fma(); the rows' elements are the same for all of them. Each sum
// runs over the depth in ascending order from zero. No barriers and no local memory.
//
// The text is included once for each product; it undefines all its macros, the given ones too, at its end.
//
// MACROS (all integers are plain decimal literals)
//   FUNCTION                          the name of the function defined here
//   ROWS COLUMNS DEPTH BATCH          the sizes, all >= 1
//   A_ROW_STRIDE A_COLUMN_STRIDE A_BATCH_STRIDE, B_ROW_STRIDE B_COLUMN_STRIDE B_BATCH_STRIDE
//                                     strides in elements
//   SEGMENTS SEGMENT_DEPTH            runs of columns that A consists of, each with an address of its own, and the
//                                     columns of one: A was to be put together from as many parts   (1 DEPTH)
//   A_POINTERS A_NAMES                the parameters for their addresses, and these between commas
//   ITEM_ROWS                         rows of one item, 1 ... ROWS
//   LOADS_4                           1 where A_COLUMN_STRIDE is 1 and A always aligned as float4
//   STORE_1(acc, batch, row, col)     computes the epilogue of result acc, and stores what is to be stored
//   STORE_PARAMETERS                  what it needs as parameters, each with a comma before it
//
// FUNCTION, to be called by every item
//   FUNCTION(A_POINTERS, const float *b STORE_PARAMETERS)
// Steps of the depth taken together, where A can be read in fours.
#define STEPS (SEGMENT_DEPTH >= 16 ? 16 : 4)
#define ROW_PANELS ((ROWS + ITEM_ROWS - 1) / ITEM_ROWS)

static void FUNCTION(A_POINTERS, __global const float *b STORE_PARAMETERS)
{
    __global const float *const sources[SEGMENTS] = {A_NAMES};
    for (int unit = get_local_id(0); unit < BATCH * ROW_PANELS * COLUMNS; unit += get_local_size(0)) {
        const int column = unit % COLUMNS, row_panel = unit / COLUMNS % ROW_PANELS;
        const int batch = unit / (COLUMNS * ROW_PANELS);
        const int own_row = row_panel * ITEM_ROWS;
        const int first_row = min(own_row, ROWS - ITEM_ROWS);
        const long rows = (long)batch * A_BATCH_STRIDE + (long)first_row * A_ROW_STRIDE;
        __global const float *right = b + (long)batch * B_BATCH_STRIDE + (long)column * B_COLUMN_STRIDE;
        float acc[ITEM_ROWS];
#pragma unroll
        for (int i = 0; i < ITEM_ROWS; i++) acc[i] = 0.0f;
        for (int segment = 0; segment < SEGMENTS; segment++, right += SEGMENT_DEPTH * (long)B_ROW_STRIDE) {
            __global const float *left = sources[segment] + rows;
            int k = 0;
#if LOADS_4
            for (; k + STEPS <= SEGMENT_DEPTH; k += STEPS) {
                // All of the column's elements are on their way before the first is used.
                float values[STEPS];
#pragma unroll
                for (int n = 0; n < STEPS; n++) values[n] = right[(k + n) * B_ROW_STRIDE];
#pragma unroll
                for (int n = 0; n < STEPS; n += 4)
#pragma unroll
                    for (int i = 0; i < ITEM_ROWS; i++) {
                        const float4 row = *(__global const float4 *)(left + i * A_ROW_STRIDE + k + n);
                        acc[i] = fma(row.x, values[n], acc[i]);
                        acc[i] = fma(row.y, values[n + 1], acc[i]);
                        acc[i] = fma(row.z, values[n + 2], acc[i]);
                        acc[i] = fma(row.w, values[n + 3], acc[i]);
                    }
            }
#endif
            for (; k < SEGMENT_DEPTH; k++) {
                const float value = right[k * B_ROW_STRIDE];
#pragma unroll
                for (int i = 0; i < ITEM_ROWS; i++)
                    acc[i] = fma(left[k * A_COLUMN_STRIDE + i * A_ROW_STRIDE], value, acc[i]);
            }
        }
#pragma unroll
        for (int i = 0; i < ITEM_ROWS; i++) {
            const int row = first_row + i;
            if (row >= own_row) STORE_1(acc[i], batch, row, column);
        }
    }
}

#undef FUNCTION
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
#undef SEGMENTS
#undef SEGMENT_DEPTH
#undef A_POINTERS
#undef A_NAMES
#undef ITEM_ROWS
#undef LOADS_4
#undef STORE_PARAMETERS
#undef STORE_1
#undef ROW_PANELS
#undef STEPS
