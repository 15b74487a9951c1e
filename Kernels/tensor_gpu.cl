// Matrix products and convolutions on NVIDIA's tensor cores: the sums of matmul_gpu.cl and convolution_gpu.cl, of
// factors that are rounded to tf32 (11 significant bits) or bf16 (8) first, added up in Float32. For `Precision.fast`
// and `.fastest`.
//
// A work-group owns a tile of the result and walks the depth in steps of 16. An item fetches its share of the next step
// into registers, four neighbours in memory at a time, while its warp multiplies the present one; then it rounds the
// share and puts it into the other half of local memory: one barrier a step. A warp owns WARP_ROWS x WARP_COLUMNS of
// the tile. Results go through local memory, 16 rows of each warp at a time, so that the text of the epilogue is not
// there once for every element of an item, and whole lines are written. Elements outside the operands count as zero and
// are never read.
//
// WHAT STANDS IN LOCAL MEMORY. Depth k of a step is 4 * member + 2 * pass + u: item `member` of a group of four holds
// depths 4 * member to 4 * member + 3 of a row, two of them (u) in each of two multiplications (pass). Which depths
// those are to the instruction does not matter as long as they are the same for both operands; nor does the order of
// rows and columns. So it is the order in which four words, one vector, are stored as they were fetched and loaded as
// they are multiplied, without bank conflicts and without moving registers. A word is a factor in tf32, or two of bf16 at
// depths u = 0 and 1, both passes being one multiplication then. A vector is
//   of A: two rows (the instruction's rows g and g + 8) at two depths: x0 y0 x1 y1; of bf16 in two passes in their place
//   of B: the four depths of a column where the depth is inside (of bf16 two words); otherwise two columns, of
//         neighbouring blocks, at two depths: x0 x1 y0 y1; of bf16 in two passes: x0 y0 x1 y1
// and the vectors stand in the order
//   of A, the depth inside (column stride 1)   [pair of turns][pass][row of the turn][member]; the two rows are what an
//                                              item fetches in two turns
//   of B, the depth inside (row stride 1)      [column][member]
//   otherwise                                  [pass][member][T / 2 + 2], T being TILE_ROWS or TILE_COLUMNS; an item
//                                              fetches four rows (columns): two go to [row / 4], two to
//                                              [T / 4 + row / 4]
// without [pass] of bf16.
// ROW and COLUMN tell where that puts the rows and columns of a block.
//
// The multiplication has two definitions: the instructions of PTX, and with TENSOR_EMULATED plain OpenCL C for any
// device, in which items exchange their registers as the manual of PTX says that a warp does. All else is common to
// both, so that it is tested where there is no GPU.
//
// The text is included once for each product; it undefines all its macros, the given ones too, at its end. It goes on in
// tensor_gpu_arithmetic.cl, taps_gpu.cl, tensor_gpu_loads.cl, column_sums_gpu.cl, tensor_gpu_run.cl and undefine.cl.
//
// MACROS (all integers are plain decimal literals)
//   PREFIX                            begins every name defined here                          (tensor_)
//   KIND                              0 forward, 1 input gradient, 2 weight gradient of a convolution, 3 product (3)
//   for kind 3: ROWS COLUMNS DEPTH BATCH A_ROW_STRIDE A_COLUMN_STRIDE A_BATCH_STRIDE B_ROW_STRIDE B_COLUMN_STRIDE
//               B_BATCH_STRIDE        as in matmul_gpu.cl
//   otherwise:  BATCH HEIGHT WIDTH INPUT_CHANNELS OUTPUT_HEIGHT OUTPUT_WIDTH OUTPUT_CHANNELS STRIDE_Y STRIDE_X TAPS
//               TAP_LIST              as in convolution_gpu.cl
//   TILE_ROWS TILE_COLUMNS WARP_ROWS WARP_COLUMNS
//                                     one of the tiles of the table below                     (64 64 32 32)
//   VECTOR_A VECTOR_B                 1 where any four neighbours that an item fetches exist together or not at all, at
//                                     a multiple of 16 bytes: the operand's offset, its strides and the extent that is
//                                     contiguous (of images the channels) are multiples of 4   (0 0)
//   FORMAT                            what factors are rounded to: 0 tf32, 1 bf16             (0)
//   SPLITS                            ranges that the depth is divided into, >= 1             (1)
//   SUMS                              as in matmul_gpu.cl and convolution_gpu.cl; of numbers that are not rounded   (0)
//   OUT_T EPILOGUE_PARAMETERS EPILOGUE_1   as in matmul_gpu.cl and convolution_gpu.cl
//   TENSOR_EMULATED                   defined: portable OpenCL C in place of PTX; not undefined at the end, nor the next
//   TENSOR_CONVERTS                   defined: the device has an instruction that rounds to tf32, ties to even (compute
//                                     capability 9.0); without, ties are rounded away from zero, by four instructions
//
// KERNELS `product` (or `convolve`), `partial` and `reduce`: arguments and grids are those of matmul_gpu.cl and
// convolution_gpu.cl with ITEMS = 32 * (TILE_ROWS / WARP_ROWS) * (TILE_COLUMNS / WARP_COLUMNS).
//
// WHICH TO CHOOSE (units: the device's compute units)
//   tile      TILE_ROWS TILE_COLUMNS WARP_ROWS WARP_COLUMNS   items   local memory of a step, twice (tf32; bf16 half)
//   128x128   128       128          64        64             128     32 to 34 KiB
//   128x64    128       64           64        32             128     24 to 26 KiB
//   64x64     64        64           32        32             128     16 to 18 KiB
//   ROWS, COLUMNS >= 32 and DEPTH >= 16, else the kernels of the portable files. The first tile of the list (128x128
//   only with COLUMNS > 64, the first two only with ROWS > 64) that makes as many work-groups as there are units, or
//   64x64 with SPLITS = min(ceil(2 * units / groups), ceil(DEPTH / 128), 64).
//   Others are possible: TILE_ROWS and TILE_COLUMNS multiples of WARP_ROWS and WARP_COLUMNS, these multiples of 32, and
//   FETCHES_A and FETCHES_B even. 128x128 in warps of 64x32, 256 items, takes half the registers an item; that of the
//   table reads less of local memory. None of them has been timed.
#ifndef PREFIX
#define PREFIX tensor_
#endif
#ifndef KIND
#define KIND 3
#endif
#if KIND == 3
#ifndef ROWS
#define ROWS 64
#endif
#ifndef COLUMNS
#define COLUMNS 64
#endif
#ifndef DEPTH
#define DEPTH 64
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
#endif
#ifndef BATCH
#define BATCH 1
#endif
#ifndef HEIGHT
#define HEIGHT 8
#endif
#ifndef WIDTH
#define WIDTH 8
#endif
#ifndef INPUT_CHANNELS
#define INPUT_CHANNELS 16
#endif
#ifndef OUTPUT_HEIGHT
#define OUTPUT_HEIGHT 8
#endif
#ifndef OUTPUT_WIDTH
#define OUTPUT_WIDTH 8
#endif
#ifndef OUTPUT_CHANNELS
#define OUTPUT_CHANNELS 16
#endif
#ifndef STRIDE_Y
#define STRIDE_Y 1
#endif
#ifndef STRIDE_X
#define STRIDE_X 1
#endif
#ifndef TAPS
#define TAPS 1
#define TAP_LIST 0, 0
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 64
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 64
#endif
#ifndef WARP_ROWS
#define WARP_ROWS 32
#endif
#ifndef WARP_COLUMNS
#define WARP_COLUMNS 32
#endif
#ifndef VECTOR_A
#define VECTOR_A 0
#endif
#ifndef VECTOR_B
#define VECTOR_B 0
#endif
#ifndef FORMAT
#define FORMAT 0
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

// Always: PoCL loses track of local memory that is handed to a function which stays a function.
#ifdef __clang__
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#if KIND == 0
#define SOURCE_HEIGHT HEIGHT
#define SOURCE_WIDTH WIDTH
#define SOURCE_CHANNELS INPUT_CHANNELS
#define RESULT_HEIGHT OUTPUT_HEIGHT
#define RESULT_WIDTH OUTPUT_WIDTH
#define RESULT_ROWS (BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH)
#define COLUMNS OUTPUT_CHANNELS
#elif KIND == 1
#define SOURCE_HEIGHT OUTPUT_HEIGHT
#define SOURCE_WIDTH OUTPUT_WIDTH
#define SOURCE_CHANNELS OUTPUT_CHANNELS
#define RESULT_HEIGHT HEIGHT
#define RESULT_WIDTH WIDTH
#define RESULT_ROWS (BATCH * HEIGHT * WIDTH)
#define COLUMNS INPUT_CHANNELS
#elif KIND == 2
#define PIXELS (BATCH * OUTPUT_HEIGHT * OUTPUT_WIDTH)
#define RESULT_ROWS (TAPS * INPUT_CHANNELS)
#define COLUMNS OUTPUT_CHANNELS
#else
#define RESULT_ROWS ROWS
#endif
// Results side by side: the matrices of a batch. The images of a convolution are rows of one.
#if KIND == 3
#define MATRICES BATCH
#else
#define MATRICES 1
#endif
// Phases see different taps: those of the input gradient's strides.
#if KIND == 1 && STRIDE_Y * STRIDE_X > 1
#define HAS_PHASES 1
#else
#define HAS_PHASES 0
#endif

// Whether the depth is inside.
#if KIND == 0 || KIND == 1
#define A_INSIDE 1
#elif KIND == 2
#define A_INSIDE 0
#else
#define A_INSIDE (A_COLUMN_STRIDE == 1)
#endif
#if KIND == 1
#define B_INSIDE 1
#elif KIND == 0 || KIND == 2
#define B_INSIDE 0
#else
#define B_INSIDE (B_COLUMN_STRIDE != 1)
#endif

#define TILE_DEPTH 16
#define WARPS_DOWN (TILE_ROWS / WARP_ROWS)
#define WARPS_ACROSS (TILE_COLUMNS / WARP_COLUMNS)
#define ITEMS (32 * WARPS_DOWN * WARPS_ACROSS)
// Multiplications of a warp, each for 16 rows and 8 columns; four columns of them at a time.
#define BLOCKS_DOWN (WARP_ROWS / 16)
#define BLOCKS_ACROSS (WARP_COLUMNS / 8)
#define CHUNK 4

// The words of a step.
#define ELEMENTS_A ((16 * TILE_ROWS + (A_INSIDE ? 0 : 64)) / (FORMAT + 1))
#define ELEMENTS_B ((16 * TILE_COLUMNS + (B_INSIDE ? 0 : 64)) / (FORMAT + 1))
// Where the instruction's row g + 8 * side of block i, and column g of block j, lie in the tile.
#define SPREAD(place, length) (4 * ((place) % ((length) / 4)) + 2 * ((place) / ((length) / 4)))
#define ROW(i, side, g) \
    (A_INSIDE ? (2 * ((i) / (ITEMS / 32)) + (side)) * (ITEMS / 4) + (i) % (ITEMS / 32) * 8 + (g) \
              : SPREAD(8 * (i) + (g), TILE_ROWS) + (side))
#define COLUMN(j, g) (B_INSIDE ? 8 * (j) + (g) : SPREAD((j) / 2 * 8 + (g), TILE_COLUMNS) + (j) % 2)
// Results on their way through local memory: 16 rows of each warp.
#define STAGED_ROWS (16 * WARPS_DOWN)
#define STAGED_COLUMNS (TILE_COLUMNS + (B_INSIDE ? 8 : 2))
#define TILES_SIZE (2 * (ELEMENTS_A + ELEMENTS_B))
#define STAGE_SIZE (STAGED_ROWS * STAGED_COLUMNS)
#define LOCAL_SIZE (TILES_SIZE > STAGE_SIZE ? TILES_SIZE : STAGE_SIZE)

// What an item fetches in turn f: four neighbours. The items of a turn go through memory in its order; an item has what
// a vector of local memory needs after two turns.
#define FETCHES_A (TILE_ROWS * TILE_DEPTH / 4 / ITEMS)
#define FETCHES_B (TILE_COLUMNS * TILE_DEPTH / 4 / ITEMS)
// All fetches of an item are of the same four columns.
#define SUM_T float4
#define SUM_PARTS 1
#define ALONG(INSIDE, f, length) ((int)(INSIDE ? item / 4 + (f) * (ITEMS / 4) : item % ((length) / 4) * 4))
#define DEEP(INSIDE, f, length, fetches) ((int)(INSIDE ? item % 4 * 4 : item / ((length) / 4) * (fetches) + (f)))
#define A_TILE_ROW(f) ALONG(A_INSIDE, f, TILE_ROWS)
#define A_TILE_DEPTH(f) DEEP(A_INSIDE, f, TILE_ROWS, FETCHES_A)
#define B_TILE_COLUMN(f) ALONG(B_INSIDE, f, TILE_COLUMNS)
#define B_TILE_DEPTH(f) DEEP(B_INSIDE, f, TILE_COLUMNS, FETCHES_B)
// The neighbours of an element of an image are looked for one by one, or stand for one another.
#define PARTS_A (VECTOR_A ? 1 : 4)
#define PARTS_B (VECTOR_B ? 1 : 4)
#if KIND != 3
__constant int KERNEL(taps)[2 * TAPS] = {TAP_LIST};
#define TAP_Y(tap) KERNEL(taps)[2 * (tap)]
#define TAP_X(tap) KERNEL(taps)[2 * (tap) + 1]
#endif
