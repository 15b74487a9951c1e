// Matrix product for CPU-class devices: C[b] = epilogue(A[b] · B[b]), Float32.
//
// A work-item owns a tile of C, TILE_ROWS x TILE_VECTORS float16, in registers, for the whole sum: no local memory, no
// barriers. The last tile of a direction is shifted back so that it ends with the matrix; what it computes a second
// time it does not store. Nothing outside the matrices is read or written, and every element gets its epilogue once.
//
// The text is included once for each product; it undefines all its macros, the given ones too, at its end.
// Its kernels are declared as work.cl says. tile_cpu.cl, matmul_cpu_tiles.cl, column_sums_cpu.cl, matmul_cpu_split.cl and
// undefine.cl go on here.
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
//   SPLIT_DEPTH                       form 1: rows of the depth that are taken at a time                    (64)
//   SUMS                              form 1 with BATCH == 1 and B_COLUMN_STRIDE == 1: 1 to sum B over its rows, too:
//                                     the gradient of a bias  (0)
//   OUT_T                             element type of C: float, int, uchar                    (float)
//   EPILOGUE_PARAMETERS EPILOGUE_1(acc, batch, row, col) EPILOGUE_16(...)
//                                     given together or not at all; EPILOGUE_4 is used by form 2 in EPILOGUE_16's place
//   EPILOGUE_FETCH(batch, row, col)   asks early for what EPILOGUE_16 will load and store     (nothing)
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
//     with SUMS (float *sums, uint sums_offset), [COLUMNS], after c_offset; the epilogue may read nothing of it
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
//     12x2, 8x3, 5x5 the one with the least RP * CP * (10 * TILE_ROWS * TILE_VECTORS + TILE_ROWS + TILE_VECTORS), the
//     first of equals: what is outside the result is computed, too, and a load takes a tenth of the time of an fma.
//     TILE_ROWS is always cut down to ROWS. Form 1, whose tiles go through memory between two chunks of the depth: ROWS <= 4:
//     ROWS x min(V, 8, 16 / ROWS), otherwise of 4x4, 8x2, 5x3, 8x1 by the same rule; and with TILE_ROWS cut down further,
//     to ceil(ROWS / ceil(ROWS / TILE_ROWS)), tiles are even. SPLIT_DEPTH 32.
//     With 16 registers of 8 lanes, of which a vector takes two: 6x1, evened out: ceil(ROWS / ceil(ROWS / 6)) rows; of 1
//     to 3 rows 1x6, 2x3, 3x2. More vectors of sums do not stay in registers.
//   PACK_B, forms 0 and 1: B_COLUMN_STRIDE != 1 or COLUMNS < 16 (required); form 0 also: ROWS >= 1024, or ROWS >= 256
//     and B_ROW_STRIDE >= 512, but not with ACROSS and registers of 16 lanes, nor where B is one panel as it is: CP = 1 and
//     B_ROW_STRIDE = 16 * TILE_VECTORS.
//   PACK_A, form 0: A_COLUMN_STRIDE >= 1000, DEPTH >= 512 and COLUMNS >= 256; with 16 registers of 8 lanes also where
//     CP >= 32, ROWS >= 768, DEPTH >= 512 and BATCH * ROWS * DEPTH <= 16777216.
//   ACROSS, form 0: where 1 < CP < RP, BATCH * RP >= 8 * units, and B is near: DEPTH * COLUMNS <= 65536, with registers
//     of 16 lanes 131072 (such CPUs have larger caches).
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
#ifndef SPLIT_DEPTH
#define SPLIT_DEPTH 64
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

#define RESULT_ROWS ((long)BATCH * ROWS)
#define ROW_PANELS ((ROWS + TILE_ROWS - 1) / TILE_ROWS)
// The first row of a row panel.
#if ROWS % TILE_ROWS == 0
#define FIRST_ROW(panel) ((panel) * TILE_ROWS)
#else
#define FIRST_ROW(panel) min((panel) * TILE_ROWS, ROWS - TILE_ROWS)
#endif
#define PACK_DEPTH 64
// Panels of B that are packed together, where their columns are neighbours.
#define PACK_PANELS (B_COLUMN_STRIDE == 1 ? 4 : 1)
// Steps of the depth written out: a small tile's loop would cost as much as its sums.
#define UNROLL (TILE_ROWS * TILE_VECTORS <= 8 ? 4 : 1)
#define FETCH_DEPTH 16

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

// The tiles of a split, and how far apart rows of B are for column_sums_cpu.cl.
#define TILES (COLUMN_PANELS * ROW_PANELS)
#define SPLIT_SIZE (BATCH * TILES * TILE_ROWS * PANEL)
#define SUMS_STRIDE B_ROW
