// Functions of a raster scan for CPU-class devices: one matrix product of its programs, C[b] = epilogue(A[b] · B[b]),
// Float32, with few rows (the images of an instance) and a B that stays the same for the whole scan.
//
// B is read from panels, which hold the columns that one tile needs in the order in which it needs them:
// [batch][panel][depth][16 * TILE_VECTORS], zero beyond the last column. They are written before the scan begins, for all
// products in the order of their calls, so that a pass over a program reads memory from front to back; a B that the scan
// itself writes is packed by a call before its product.
//
// A tile of C, TILE_ROWS x TILE_VECTORS float16, is summed in registers, one fma() an element and step of the depth, in
// ascending order from zero: the same bits as the tiles of matmul_cpu.cl (its form 0). All tiles of a panel follow one
// another, while the panel is in the nearest cache. The last tile is shifted back so that it ends with the matrix; what
// it computes a second time it does not store.
//
// The text is included once for each product; it undefines all its macros, the given ones too, at its end.
//
// MACROS (all integers are plain decimal literals)
//   FUNCTION                          the name of the function defined here
//   FLOATS                            a name for unaligned vectors
//   ROWS COLUMNS DEPTH BATCH          the sizes, all >= 1
//   A_ROW_STRIDE A_COLUMN_STRIDE A_BATCH_STRIDE
//                                     strides of A in elements
//   SEGMENTS SEGMENT_DEPTH            runs of columns that A consists of, each with an address of its own, and the
//                                     columns of one: A was to be put together from as many parts   (1 DEPTH)
//   A_POINTERS A_NAMES                the parameters for their addresses, and these between commas
//   SHARES_B                          1 where all products of the batch share one B
//   TILE_ROWS TILE_VECTORS            the tile: at most ROWS rows, and at most 28 float16 in all
//   STORE_1(acc, batch, row, col) STORE_16(acc, batch, row, col)
//                                     compute the epilogue of results acc from column col on, and store what is to be
//                                     stored; STORE_16 is not needed where COLUMNS < 16
//   STORE_PARAMETERS                  what they need as parameters, each with a comma before it
//
// FUNCTION
//   FUNCTION(A_POINTERS, const float *packed_b STORE_PARAMETERS)
#define PANEL (16 * TILE_VECTORS)
#define ROW_PANELS ((ROWS + TILE_ROWS - 1) / TILE_ROWS)
#define COLUMN_PANELS ((COLUMNS + PANEL - 1) / PANEL)
// Floats from the present place of a panel to what is fetched meanwhile.
#define AHEAD 1024

typedef float16 FLOATS __attribute__((aligned(4)));

static void FUNCTION(A_POINTERS, __global const float *packed_b STORE_PARAMETERS)
{
    __global const float *const sources[SEGMENTS] = {A_NAMES};
    for (int batch = 0; batch < BATCH; batch++)
        for (int panel = 0; panel < COLUMN_PANELS; panel++)
            for (int row_panel = 0; row_panel < ROW_PANELS; row_panel++) {
                const int own_row = row_panel * TILE_ROWS;
                const int first_row = min(own_row, ROWS - TILE_ROWS);
                const long rows = (long)batch * A_BATCH_STRIDE + (long)first_row * A_ROW_STRIDE;
                __global const float *right =
                    packed_b + ((SHARES_B ? 0 : batch) * COLUMN_PANELS + panel) * (long)(DEPTH * PANEL);
                float16 acc[TILE_ROWS][TILE_VECTORS];
#pragma unroll
                for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                    for (int j = 0; j < TILE_VECTORS; j++) acc[i][j] = 0.0f;
                for (int segment = 0; segment < SEGMENTS; segment++) {
                    __global const float *left = sources[segment] + rows;
#pragma unroll 4
                    for (int k = 0; k < SEGMENT_DEPTH; k++, right += PANEL) {
                        float16 values[TILE_VECTORS];
#pragma unroll
                        for (int j = 0; j < TILE_VECTORS; j++) {
                            values[j] = *(__global const FLOATS *)(right + 16 * j);
                            FETCH(right + 16 * j + AHEAD);
                        }
#pragma unroll
                        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                            for (int j = 0; j < TILE_VECTORS; j++)
                                acc[i][j] = fma(
                                    (float16)(left[k * A_COLUMN_STRIDE + i * A_ROW_STRIDE]), values[j], acc[i][j]);
                    }
                }
#pragma unroll
                for (int i = 0; i < TILE_ROWS; i++) {
                    const int row = first_row + i;
                    if (ROWS % TILE_ROWS != 0 && row < own_row) continue;
#pragma unroll
                    for (int j = 0; j < TILE_VECTORS; j++) {
                        const int column = panel * PANEL + 16 * j;
#if COLUMNS >= 16
                        if (COLUMNS % PANEL == 0 || column + 16 <= COLUMNS) {
                            STORE_16(acc[i][j], batch, row, column);
                            continue;
                        }
#endif
                        // A copy in memory: indexing the sums themselves would take them out of the registers.
                        const float16 sums = acc[i][j];
                        for (int lane = 0; column + lane < COLUMNS; lane++)
                            STORE_1(((const float *)&sums)[lane], batch, row, column + lane);
                    }
                }
            }
}

#undef FUNCTION
#undef FLOATS
#undef ROWS
#undef COLUMNS
#undef DEPTH
#undef BATCH
#undef A_ROW_STRIDE
#undef A_COLUMN_STRIDE
#undef A_BATCH_STRIDE
#undef SEGMENTS
#undef SEGMENT_DEPTH
#undef A_POINTERS
#undef A_NAMES
#undef SHARES_B
#undef TILE_ROWS
#undef TILE_VECTORS
#undef STORE_PARAMETERS
#undef STORE_1
#undef STORE_16
#undef PANEL
#undef ROW_PANELS
#undef COLUMN_PANELS
#undef AHEAD
