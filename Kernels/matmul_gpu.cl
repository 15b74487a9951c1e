// Matrix product for GPU-class devices: C[b] = epilogue(A[b] · B[b]), Float32.
//
// A work-group owns a tile of C. It walks the depth in steps of TILE_DEPTH: the operands' tiles go to local memory, the
// next ones are fetched into registers meanwhile, and each item sums ITEM_ROWS x ITEM_COLUMNS elements. Local memory
// holds two steps, so one barrier a step is enough. Elements outside the matrices count as zero and are never read.
// With SPLITS > 1 the depth is divided among work-groups, whose partial sums a second kernel adds in a fixed order.
//
// The text is included once for each product; it undefines all its macros, the given ones too, at its end. It goes on in
// tile_gpu.cl, column_sums_gpu.cl, matmul_gpu_run.cl and undefine.cl.
//
// MACROS (all integers are plain decimal literals)
//   PREFIX                            begins every name defined here, e.g. p12_               (default matmul_)
//   ROWS COLUMNS DEPTH BATCH          the sizes, all >= 1                                     (64 64 64 1)
//   A_ROW_STRIDE A_COLUMN_STRIDE A_BATCH_STRIDE, B_ROW_STRIDE B_COLUMN_STRIDE B_BATCH_STRIDE
//                                     strides in elements of the operands; one of row and column stride is 1; a batch
//                                     stride of 0 shares one matrix                           (contiguous, 0)
//   TILE_ROWS TILE_COLUMNS TILE_DEPTH ITEM_ROWS ITEM_COLUMNS
//                                     one of the tiles of the table below                     (64 64 16 4 4)
//   SPLITS                            ranges that the depth is divided into, 1...ceil(DEPTH/TILE_DEPTH)   (1)
//   SUMS                              with BATCH == 1 and B_COLUMN_STRIDE == 1: 1 to sum B over its rows, too: the
//                                     gradient of a bias                                      (0)
//   OUT_T                             element type of C: float, int, uchar                    (float)
//   EPILOGUE_PARAMETERS EPILOGUE_1(acc, batch, row, col)
//                                     given together or not at all; EPILOGUE_4, _8, _16 may be given and are not used
//
// KERNELS. Offsets are in elements. With RP = ceil(ROWS / TILE_ROWS), CP = ceil(COLUMNS / TILE_COLUMNS),
//   ITEMS = (TILE_ROWS / ITEM_ROWS) * (TILE_COLUMNS / ITEM_COLUMNS):
//
//   PREFIX##product  (only with SPLITS == 1)  global (ITEMS * CP, RP, BATCH)           local (ITEMS, 1, 1)
//     (const float *a, uint a_offset, const float *b, uint b_offset, OUT_T *c, uint c_offset EPILOGUE_PARAMETERS)
//   PREFIX##partial  (only with SPLITS > 1)   global (ITEMS * CP, RP, BATCH * SPLITS)  local (ITEMS, 1, 1)
//     (const float *a, uint a_offset, const float *b, uint b_offset, float *partials, uint partials_offset)
//     partials holds SPLITS * BATCH * ROWS * COLUMNS floats, with SUMS then SPLITS * COLUMNS
//   PREFIX##reduce   (only with SPLITS > 1)   global (256 * ceil(R / 256), BATCH, 1)           local (256, 1, 1)
//     with R = ROWS * COLUMNS, with SUMS (ROWS + 1) * COLUMNS
//     (const float *partials, uint partials_offset, OUT_T *c, uint c_offset EPILOGUE_PARAMETERS)
//   With SUMS, product and reduce have (float *sums, uint sums_offset), [COLUMNS], after c_offset; the epilogue may read
//   nothing of it.
//
// WHICH TO CHOOSE (units: the device's compute units; a device whose largest work-group is below 256 takes the 32 tile)
//   tile   TILE_ROWS TILE_COLUMNS TILE_DEPTH ITEM_ROWS ITEM_COLUMNS   items   local memory
//   128    128       128          8          8         8              256     16.5 KiB
//   64     64        64           16         4         4              256     17 KiB
//   32     32        32           16         4         4              64      9 KiB
//   The first tile of the list with BATCH * RP * CP >= units, and with RP * TILE_ROWS * CP * TILE_COLUMNS at most twice
//   what it is with tile 32; else tile 32 with
//   SPLITS = min(ceil(2 * units / (BATCH * RP * CP)), ceil(DEPTH / 64)). In any case, where DEPTH >= 4096, at least
//   SPLITS = min(ceil(2 * units / (BATCH * RP * CP)), 64).
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
#ifndef TILE_ROWS
#define TILE_ROWS 64
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 64
#endif
#ifndef TILE_DEPTH
#define TILE_DEPTH 16
#endif
#ifndef ITEM_ROWS
#define ITEM_ROWS 4
#endif
#ifndef ITEM_COLUMNS
#define ITEM_COLUMNS 4
#endif
#ifndef SPLITS
#define SPLITS 1
#endif
#ifndef SUMS
#define SUMS 0
#endif
#ifndef OUT_T
#define OUT_T float
#endif
#ifndef EPILOGUE_1
#define EPILOGUE_PARAMETERS
#define EPILOGUE_1(acc, batch, row, col) (acc)
#endif

#define PASTE_TEXT(x, y) x##y
#define PASTE(x, y) PASTE_TEXT(x, y)
#define KERNEL(name) PASTE(PREFIX, name)
#define RESULT_ROWS ROWS
#define A_ALONG_DEPTH (A_COLUMN_STRIDE == 1)
#define B_ALONG_DEPTH (B_COLUMN_STRIDE != 1)
