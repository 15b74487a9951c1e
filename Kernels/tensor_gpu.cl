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
// rows and columns. So it is the order in which four numbers, one vector, are stored as they were fetched and loaded as
// they are multiplied, without bank conflicts and without moving registers. A vector is
//   of A: two rows (the instruction's rows g and g + 8) at two depths: x0 y0 x1 y1
//   of B: the four depths of a column where the depth is inside; otherwise two columns, of neighbouring blocks, at two
//         depths: x0 x1 y0 y1
// and the vectors stand in the order
//   of A, the depth inside (column stride 1)   [pair of turns][pass][row of the turn][member]; the two rows are what an
//                                              item fetches in two turns
//   of B, the depth inside (row stride 1)      [column][member]
//   otherwise                                  [pass][member][T / 2 + 2], T being TILE_ROWS or TILE_COLUMNS; an item
//                                              fetches four rows (columns): two go to [row / 4], two to
//                                              [T / 4 + row / 4]
// ROW and COLUMN tell where that puts the rows and columns of a block.
//
// The multiplication has two definitions: the instructions of PTX, and with TENSOR_EMULATED plain OpenCL C for any
// device, in which items exchange their registers as the manual of PTX says that a warp does. All else is common to
// both, so that it is tested where there is no GPU.
//
// The text is included once for each product; it undefines all its macros, the given ones too, at its end.
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
//   OUT_T EPILOGUE_PARAMETERS EPILOGUE_1   as in matmul_gpu.cl and convolution_gpu.cl
//   TENSOR_EMULATED                   defined: portable OpenCL C in place of PTX; not undefined at the end
//
// KERNELS `product` (or `convolve`), `partial` and `reduce`: arguments and grids are those of matmul_gpu.cl and
// convolution_gpu.cl with ITEMS = 32 * (TILE_ROWS / WARP_ROWS) * (TILE_COLUMNS / WARP_COLUMNS).
//
// WHICH TO CHOOSE (units: the device's compute units)
//   tile      TILE_ROWS TILE_COLUMNS WARP_ROWS WARP_COLUMNS   items   local memory of a step, twice
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

#define ELEMENTS_A (16 * TILE_ROWS + (A_INSIDE ? 0 : 64))
#define ELEMENTS_B (16 * TILE_COLUMNS + (B_INSIDE ? 0 : 64))
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
#define ALONG(INSIDE, f, length) ((int)(INSIDE ? item / 4 + (f) * (ITEMS / 4) : item % ((length) / 4) * 4))
#define DEEP(INSIDE, f, length, fetches) ((int)(INSIDE ? item % 4 * 4 : item / ((length) / 4) * (fetches) + (f)))
#define A_TILE_ROW(f) ALONG(A_INSIDE, f, TILE_ROWS)
#define A_TILE_DEPTH(f) DEEP(A_INSIDE, f, TILE_ROWS, FETCHES_A)
#define B_TILE_COLUMN(f) ALONG(B_INSIDE, f, TILE_COLUMNS)
#define B_TILE_DEPTH(f) DEEP(B_INSIDE, f, TILE_COLUMNS, FETCHES_B)
// The neighbours of an element of an image are looked for one by one, or stand for one another.
#define PARTS_A (VECTOR_A ? 1 : 4)
#define PARTS_B (VECTOR_B ? 1 : 4)
// A coordinate that no tap brings into an image.
#define NOWHERE (-(1 << 29))

// MARK: Rounding and multiplication.

// A factor in the format of the tensor cores, in the upper bits of a Float32.
INLINE uint KERNEL(rounded)(const float x)
{
#if FORMAT == 1
    // To the nearest, ties to even.
    const uint bits = as_uint(x);
    return isnan(x) ? 0x7fc00000u : (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
#elif defined(TENSOR_EMULATED)
    // To the nearest, ties away from zero.
    return isnan(x) ? 0x7fffffffu : (as_uint(x) + 0x1000u) & 0xffffe000u;
#else
    uint bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
#endif
}

// What an item gives to multiplication `step` of a block of rows and one of columns: four registers of A and two of B.
// A register is a tf32 or a pair of bf16, the one of less depth below.
#if FORMAT == 1
#define MULTIPLICATIONS 1
#define PAIR(x, y) ((y) & 0xffff0000u | (x) >> 16)
#define FACTOR_A(a, block, step, r) PAIR(a[block][(r) / 2][(r) % 2], a[block][(r) / 2][(r) % 2 + 2])
#define FACTOR_B(b, block, step, r) PAIR(b[block][2 * (r)], b[block][2 * (r) + 1])
#else
#define MULTIPLICATIONS 2
#define FACTOR_A(a, block, step, r) (a[block][step][r])
#define FACTOR_B(b, block, step, r) (b[block][2 * (step) + (r)])
#endif

// Adds the products of 16 depths to the sums of the warp's blocks of rows and of CHUNK blocks of columns from `first`
// on. Register c of a sum is row lane / 4 + 8 * (c / 2) and column lane % 4 * 2 + c % 2 of its block.
#ifdef TENSOR_EMULATED
#define REGISTERS_A (BLOCKS_DOWN * MULTIPLICATIONS * 4)
#define REGISTERS_B (CHUNK * MULTIPLICATIONS * 2)
#define EXCHANGE_SIZE (ITEMS * (REGISTERS_A + REGISTERS_B))
#define EXCHANGE_PARAMETER , __local uint *exchange
#define EXCHANGE_ARGUMENT , exchange
INLINE void KERNEL(multiply)(
    float sums[BLOCKS_DOWN][BLOCKS_ACROSS][4], uint a[BLOCKS_DOWN][2][4], uint b[CHUNK][4], const int first,
    const uint item EXCHANGE_PARAMETER)
{
    __local uint *shown_a = exchange, *shown_b = exchange + ITEMS * REGISTERS_A;
    for (int block = 0; block < BLOCKS_DOWN; block++)
        for (int step = 0; step < MULTIPLICATIONS; step++)
            for (int r = 0; r < 4; r++)
                shown_a[item * REGISTERS_A + (block * MULTIPLICATIONS + step) * 4 + r] = FACTOR_A(a, block, step, r);
    for (int block = 0; block < CHUNK; block++)
        for (int step = 0; step < MULTIPLICATIONS; step++)
            for (int r = 0; r < 2; r++)
                shown_b[item * REGISTERS_B + (block * MULTIPLICATIONS + step) * 2 + r] = FACTOR_B(b, block, step, r);
    barrier(CLK_LOCAL_MEM_FENCE);
    const uint lane = item % 32, warp = item - lane;
    for (int down = 0; down < BLOCKS_DOWN; down++)
        for (int across = 0; across < CHUNK; across++)
            for (int c = 0; c < 4; c++) {
                const uint row = lane / 4 + 8 * (c / 2), column = lane % 4 * 2 + c % 2;
                float sum = sums[down][first + across][c];
                for (int step = 0; step < MULTIPLICATIONS; step++) {
                    const __local uint *of_a = shown_a + (down * MULTIPLICATIONS + step) * 4;
                    const __local uint *of_b = shown_b + (across * MULTIPLICATIONS + step) * 2;
#if FORMAT == 1
                    for (int k = 0; k < 16; k++) {
                        const uint holder = k % 8 / 2, shift = k % 2 * 16;
                        const uint x = of_a[(warp + row % 8 * 4 + holder) * REGISTERS_A + row / 8 + 2 * (k / 8)];
                        const uint y = of_b[(warp + column * 4 + holder) * REGISTERS_B + k / 8];
                        sum = fma(as_float(x >> shift << 16), as_float(y >> shift << 16), sum);
                    }
#else
                    for (int k = 0; k < 8; k++) {
                        const uint x = of_a[(warp + row % 8 * 4 + k % 4) * REGISTERS_A + row / 8 + 2 * (k / 4)];
                        const uint y = of_b[(warp + column * 4 + k % 4) * REGISTERS_B + k / 4];
                        sum = fma(as_float(x), as_float(y), sum);
                    }
#endif
                }
                sums[down][first + across][c] = sum;
            }
    barrier(CLK_LOCAL_MEM_FENCE);
}
#else
#define EXCHANGE_PARAMETER
#define EXCHANGE_ARGUMENT
INLINE void KERNEL(multiply)(
    float sums[BLOCKS_DOWN][BLOCKS_ACROSS][4], uint a[BLOCKS_DOWN][2][4], uint b[CHUNK][4], const int first,
    const uint item)
{
#pragma unroll
    for (int step = 0; step < MULTIPLICATIONS; step++)
#pragma unroll
        for (int across = 0; across < CHUNK; across++)
#pragma unroll
            for (int down = 0; down < BLOCKS_DOWN; down++)
#if FORMAT == 1
                asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
#else
                asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
#endif
                             "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                             : "+f"(sums[down][first + across][0]), "+f"(sums[down][first + across][1]),
                               "+f"(sums[down][first + across][2]), "+f"(sums[down][first + across][3])
                             : "r"(FACTOR_A(a, down, step, 0)), "r"(FACTOR_A(a, down, step, 1)),
                               "r"(FACTOR_A(a, down, step, 2)), "r"(FACTOR_A(a, down, step, 3)),
                               "r"(FACTOR_B(b, across, step, 0)), "r"(FACTOR_B(b, across, step, 1)));
}
#endif

// MARK: From memory to local memory.

// Four neighbours that exist together or not at all.
INLINE float4 KERNEL(whole)(__global const float *place, const int exists)
{
    return exists ? *(__global const float4 *)place : (float4)(0.0f);
}

// The first `count` of four neighbours, and zeros.
INLINE float4 KERNEL(some)(__global const float *place, const int count)
{
    float4 four = (float4)(0.0f);
    if (count > 0) four.x = place[0];
    if (count > 1) four.y = place[1];
    if (count > 2) four.z = place[2];
    if (count > 3) four.w = place[3];
    return four;
}

#define FOUR_A(place, count) (VECTOR_A ? KERNEL(whole)(place, (count) > 0) : KERNEL(some)(place, count))
#define FOUR_B(place, count) (VECTOR_B ? KERNEL(whole)(place, (count) > 0) : KERNEL(some)(place, count))

#if KIND != 3
__constant int KERNEL(taps)[2 * TAPS] = {TAP_LIST};
#define TAP_Y(tap) KERNEL(taps)[2 * (tap)]
#define TAP_X(tap) KERNEL(taps)[2 * (tap) + 1]
#endif

// For each kind: what an item finds out before it fetches, and how it fetches its share of the tiles from depth k on.
#if KIND == 3
#define FIND_ROWS
#define FETCH_ARGUMENTS
INLINE void KERNEL(fetch)(
    float4 fetched_a[FETCHES_A], float4 fetched_b[FETCHES_B], __global const float *a, __global const float *b,
    const int first_row, const int first_column, const int k, const uint item)
{
#pragma unroll
    for (int f = 0; f < FETCHES_A; f++) {
        const int row = first_row + A_TILE_ROW(f), depth = k + A_TILE_DEPTH(f);
        const int exists = (ROWS % TILE_ROWS == 0 || row < ROWS) && (DEPTH % TILE_DEPTH == 0 || depth < DEPTH);
        fetched_a[f] = FOUR_A(
            a + (size_t)row * A_ROW_STRIDE + (size_t)depth * A_COLUMN_STRIDE,
            exists ? (A_INSIDE ? DEPTH - depth : ROWS - row) : 0);
    }
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) {
        const int column = first_column + B_TILE_COLUMN(f);
        const int depth = k + B_TILE_DEPTH(f);
        const int exists =
            (COLUMNS % TILE_COLUMNS == 0 || column < COLUMNS) && (DEPTH % TILE_DEPTH == 0 || depth < DEPTH);
        fetched_b[f] = FOUR_B(
            b + (size_t)depth * B_ROW_STRIDE + (size_t)column * B_COLUMN_STRIDE,
            exists ? (B_INSIDE ? DEPTH - depth : COLUMNS - column) : 0);
    }
}
#elif KIND == 2
// The taps and channels of the rows that an item fetches, the same ones every time; y is NOWHERE beyond the last row.
#define FIND_ROWS \
    int row_y[PARTS_A], row_x[PARTS_A], row_channel[PARTS_A]; \
    for (int part = 0; part < PARTS_A; part++) { \
        const int row = first_row + A_TILE_ROW(0) + part; \
        const int tap = min(row, RESULT_ROWS - 1) / INPUT_CHANNELS; \
        row_y[part] = row < RESULT_ROWS ? TAP_Y(tap) : NOWHERE; \
        row_x[part] = TAP_X(tap); \
        row_channel[part] = row - tap * INPUT_CHANNELS; \
    }
#define FETCH_ARGUMENTS , row_y, row_x, row_channel
INLINE void KERNEL(fetch)(
    float4 fetched_a[FETCHES_A], float4 fetched_b[FETCHES_B], __global const float *first, __global const float *second,
    const int first_row, const int first_column, const int k, const uint item, const int row_y[PARTS_A],
    const int row_x[PARTS_A], const int row_channel[PARTS_A])
{
#pragma unroll
    for (int f = 0; f < FETCHES_A; f++) {
        const int pixel = k + A_TILE_DEPTH(f);
        const int line = pixel / OUTPUT_WIDTH, image = line / OUTPUT_HEIGHT;
        const int from_y = line % OUTPUT_HEIGHT * STRIDE_Y, from_x = pixel % OUTPUT_WIDTH * STRIDE_X;
        float4 parts[PARTS_A];
#pragma unroll
        for (int part = 0; part < PARTS_A; part++) {
            const int y = from_y + row_y[part], x = from_x + row_x[part];
            const int exists = pixel < PIXELS && (uint)y < HEIGHT && (uint)x < WIDTH;
            __global const float *place =
                first + ((size_t)(image * HEIGHT + y) * WIDTH + x) * INPUT_CHANNELS + row_channel[part];
            parts[part] = VECTOR_A ? KERNEL(whole)(place, exists) : (float4)(exists ? *place : 0.0f);
        }
        fetched_a[f] = VECTOR_A
            ? parts[0]
            : (float4)(parts[0].x, parts[1 % PARTS_A].x, parts[2 % PARTS_A].x, parts[3 % PARTS_A].x);
    }
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) {
        const int pixel = k + B_TILE_DEPTH(f);
        const int column = first_column + B_TILE_COLUMN(f);
        fetched_b[f] = FOUR_B(second + (size_t)pixel * COLUMNS + column, pixel < PIXELS ? COLUMNS - column : 0);
    }
}
#else
#if KIND == 1
#define SOURCE_STEP_Y 1
#define SOURCE_STEP_X 1
#else
#define SOURCE_STEP_Y STRIDE_Y
#define SOURCE_STEP_X STRIDE_X
#endif
// What an item fetches of the rows: where tap (0, 0) lies in the source, y being NOWHERE beyond the last row, and the
// number of the image.
#define FIND_ROWS \
    int row_y[FETCHES_A], row_x[FETCHES_A], row_image[FETCHES_A]; \
    for (int f = 0; f < FETCHES_A; f++) { \
        const int row = first_row + A_TILE_ROW(f); \
        const int line = row / grid_width; \
        row_y[f] = row < count ? line % grid_height * SOURCE_STEP_Y : NOWHERE; \
        row_x[f] = row % grid_width * SOURCE_STEP_X; \
        row_image[f] = line / grid_height; \
    }
#define FETCH_ARGUMENTS , row_y, row_x, row_image, used_y, used_x, used_tap, depth
// used_y, used_x and used_tap hold the offsets and the number of each tap in use.
INLINE void KERNEL(fetch)(
    float4 fetched_a[FETCHES_A], float4 fetched_b[FETCHES_B], __global const float *first, __global const float *second,
    const int first_row, const int first_column, const int k, const uint item, const int row_y[FETCHES_A],
    const int row_x[FETCHES_A], const int row_image[FETCHES_A], const __local int *used_y, const __local int *used_x,
    const __local int *used_tap, const int depth)
{
    // The taps and channels of the item's depths, the same in all rows.
    int part_y[PARTS_A], part_x[PARTS_A], part_channel[PARTS_A];
#pragma unroll
    for (int part = 0; part < PARTS_A; part++) {
        const int at = k + A_TILE_DEPTH(0) + part, tap = min(at / SOURCE_CHANNELS, TAPS - 1);
        part_y[part] = at < depth ? used_y[tap] : NOWHERE;
        part_x[part] = used_x[tap];
        part_channel[part] = at - tap * SOURCE_CHANNELS;
    }
#pragma unroll
    for (int f = 0; f < FETCHES_A; f++) {
        float4 parts[PARTS_A];
#pragma unroll
        for (int part = 0; part < PARTS_A; part++) {
            const int y = row_y[f] + part_y[part], x = row_x[f] + part_x[part];
            const int exists = (uint)y < SOURCE_HEIGHT && (uint)x < SOURCE_WIDTH;
            const size_t pixel = (size_t)(row_image[f] * SOURCE_HEIGHT + y) * SOURCE_WIDTH + x;
            __global const float *place = first + pixel * SOURCE_CHANNELS + part_channel[part];
            parts[part] = VECTOR_A ? KERNEL(whole)(place, exists) : (float4)(exists ? *place : 0.0f);
        }
        fetched_a[f] = VECTOR_A
            ? parts[0]
            : (float4)(parts[0].x, parts[1 % PARTS_A].x, parts[2 % PARTS_A].x, parts[3 % PARTS_A].x);
    }
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) {
        const int at = k + B_TILE_DEPTH(f);
        const int column = first_column + B_TILE_COLUMN(f);
#if KIND == 1
        float4 parts[PARTS_B];
#pragma unroll
        for (int part = 0; part < PARTS_B; part++) {
            const int tap = min((at + part) / SOURCE_CHANNELS, TAPS - 1), channel = at + part - tap * SOURCE_CHANNELS;
            const int exists = at + part < depth && column < COLUMNS;
            __global const float *place =
                second + ((size_t)(exists ? used_tap[tap] : 0) * COLUMNS + column) * SOURCE_CHANNELS + channel;
            parts[part] = VECTOR_B ? KERNEL(whole)(place, exists) : (float4)(exists ? *place : 0.0f);
        }
        fetched_b[f] = VECTOR_B
            ? parts[0]
            : (float4)(parts[0].x, parts[1 % PARTS_B].x, parts[2 % PARTS_B].x, parts[3 % PARTS_B].x);
#else
        fetched_b[f] = FOUR_B(second + (size_t)at * COLUMNS + column, at < depth ? COLUMNS - column : 0);
#endif
    }
}
#endif

INLINE uint4 KERNEL(rounded_4)(const float4 v)
{
    return (uint4)(KERNEL(rounded)(v.x), KERNEL(rounded)(v.y), KERNEL(rounded)(v.z), KERNEL(rounded)(v.w));
}

// The vector of depth k, of an operand whose rows are inside.
#define OUTSIDE(k, place, length) (((k) % 4 / 2 * 4 + (k) / 4) * ((length) / 2 + 2) + (place))

// Rounds the share and puts it into local memory.
INLINE void KERNEL(put)(
    const float4 fetched_a[FETCHES_A], const float4 fetched_b[FETCHES_B], __local uint *tile_a, __local uint *tile_b,
    const uint item)
{
    __local uint4 *to_a = (__local uint4 *)tile_a, *to_b = (__local uint4 *)tile_b;
#pragma unroll
    for (int f = 0; f < FETCHES_A; f += 2) {
        const uint4 v = KERNEL(rounded_4)(fetched_a[f]), w = KERNEL(rounded_4)(fetched_a[f + 1]);
#if A_INSIDE
        to_a[f * ITEMS + item] = (uint4)(v.x, w.x, v.y, w.y);
        to_a[(f + 1) * ITEMS + item] = (uint4)(v.z, w.z, v.w, w.w);
#else
        const int place = OUTSIDE(A_TILE_DEPTH(f), A_TILE_ROW(f) / 4, TILE_ROWS);
        to_a[place] = (uint4)(v.x, v.y, w.x, w.y);
        to_a[place + TILE_ROWS / 4] = (uint4)(v.z, v.w, w.z, w.w);
#endif
    }
#if B_INSIDE
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) to_b[f * ITEMS + item] = KERNEL(rounded_4)(fetched_b[f]);
#else
#pragma unroll
    for (int f = 0; f < FETCHES_B; f += 2) {
        const uint4 v = KERNEL(rounded_4)(fetched_b[f]), w = KERNEL(rounded_4)(fetched_b[f + 1]);
        const int place = OUTSIDE(B_TILE_DEPTH(f), B_TILE_COLUMN(f) / 4, TILE_COLUMNS);
        to_b[place] = (uint4)(v.x, w.x, v.y, w.y);
        to_b[place + TILE_COLUMNS / 4] = (uint4)(v.z, w.z, v.w, w.w);
    }
#endif
}

// Takes an item's factors from local memory: of the warp's blocks of rows, and of CHUNK blocks of columns.
INLINE void KERNEL(take_a)(uint a[BLOCKS_DOWN][2][4], const __local uint *tile_a, const int first, const int lane)
{
    const __local uint4 *from = (const __local uint4 *)tile_a;
#pragma unroll
    for (int i = 0; i < BLOCKS_DOWN; i++)
#pragma unroll
        for (int pass = 0; pass < 2; pass++) {
            const int block = first + i;
#if A_INSIDE
            const uint4 v = from[(block / (ITEMS / 32) * 2 + pass) * ITEMS + block % (ITEMS / 32) * 32 + lane];
#else
            const uint4 v = from[OUTSIDE(lane % 4 * 4 + 2 * pass, 8 * block + lane / 4, TILE_ROWS)];
#endif
            a[i][pass][0] = v.x, a[i][pass][1] = v.y, a[i][pass][2] = v.z, a[i][pass][3] = v.w;
        }
}
INLINE void KERNEL(take_b)(uint b[CHUNK][4], const __local uint *tile_b, const int first, const int lane)
{
    const __local uint4 *from = (const __local uint4 *)tile_b;
#if B_INSIDE
#pragma unroll
    for (int j = 0; j < CHUNK; j++) {
        const uint4 v = from[(first + j) * 32 + lane];
        b[j][0] = v.x, b[j][1] = v.y, b[j][2] = v.z, b[j][3] = v.w;
    }
#else
#pragma unroll
    for (int j = 0; j < CHUNK; j += 2)
#pragma unroll
        for (int pass = 0; pass < 2; pass++) {
            const uint4 v = from[OUTSIDE(lane % 4 * 4 + 2 * pass, (first + j) / 2 * 8 + lane / 4, TILE_COLUMNS)];
            b[j][2 * pass] = v.x, b[j][2 * pass + 1] = v.y;
            b[j + 1][2 * pass] = v.z, b[j + 1][2 * pass + 1] = v.w;
        }
#endif
}

// MARK: The kernels.

#if KIND == 3
#define ENTRY product
#else
#define ENTRY convolve
#endif
#if SPLITS > 1
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void KERNEL(partial)(
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global float *partials, const uint partials_offset)
#else
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void KERNEL(ENTRY)(
    __global const float *first, const uint first_offset, __global const float *second, const uint second_offset,
    __global OUT_T *result, const uint result_offset EPILOGUE_PARAMETERS)
#endif
{
    __local uint memory[LOCAL_SIZE] __attribute__((aligned(16)));
    __local uint *tile_a = memory, *tile_b = memory + 2 * ELEMENTS_A;
#ifdef TENSOR_EMULATED
    __local uint exchange[EXCHANGE_SIZE];
#endif
    const uint item = get_local_id(0), warp = item / 32, lane = item % 32;
    const int group = lane / 4, member = lane % 4;
    const int warp_row = warp / WARPS_ACROSS * WARP_ROWS, warp_column = warp % WARPS_ACROSS * WARP_COLUMNS;
    const int first_column = get_group_id(0) * TILE_COLUMNS, first_row = get_group_id(1) * TILE_ROWS;
    const int split = get_group_id(2) % SPLITS;
    first += first_offset;
    second += second_offset;

#if KIND == 3
    const int batch = get_group_id(2) / SPLITS, depth = DEPTH, count = ROWS;
    first += (size_t)batch * A_BATCH_STRIDE;
    second += (size_t)batch * B_BATCH_STRIDE;
#elif KIND == 2
    const int batch = 0, depth = PIXELS, count = RESULT_ROWS;
#else
    const int batch = 0;
    // The taps in use: all, or those that meet a source pixel in this phase. Every item counts them; one lists them.
    __local int used_y[TAPS], used_x[TAPS], used_tap[TAPS];
    int used = 0;
#if KIND == 1
#if HAS_PHASES
    const int phase = get_group_id(2) / SPLITS, phase_y = phase / STRIDE_X, phase_x = phase % STRIDE_X;
#else
    const int phase_y = 0, phase_x = 0;
#endif
    const int grid_height = (RESULT_HEIGHT - phase_y + STRIDE_Y - 1) / STRIDE_Y;
    const int grid_width = (RESULT_WIDTH - phase_x + STRIDE_X - 1) / STRIDE_X;
    for (int tap = 0; tap < TAPS; tap++) {
        const int away_y = phase_y - TAP_Y(tap), away_x = phase_x - TAP_X(tap);
        if (away_y % STRIDE_Y == 0 && away_x % STRIDE_X == 0) {
            if (item == 0) {
                used_y[used] = away_y / STRIDE_Y;
                used_x[used] = away_x / STRIDE_X;
                used_tap[used] = tap;
            }
            used++;
        }
    }
#else
    const int grid_height = RESULT_HEIGHT, grid_width = RESULT_WIDTH;
    used = TAPS;
    if (item == 0)
        for (int tap = 0; tap < TAPS; tap++) {
            used_y[tap] = TAP_Y(tap);
            used_x[tap] = TAP_X(tap);
            used_tap[tap] = tap;
        }
#endif
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

    KERNEL(fetch)(
        fetched_a, fetched_b, first, second, first_row, first_column, begin * TILE_DEPTH, item FETCH_ARGUMENTS);
    KERNEL(put)(fetched_a, fetched_b, tile_a, tile_b, item);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = begin; step < end; step++) {
        const int slot = (step - begin) & 1;
        if (step + 1 < end)
            KERNEL(fetch)(
                fetched_a, fetched_b, first, second, first_row, first_column, (step + 1) * TILE_DEPTH, item
                FETCH_ARGUMENTS);
        uint a[BLOCKS_DOWN][2][4];
        KERNEL(take_a)(a, tile_a + slot * ELEMENTS_A, warp_row / 16, lane);
#ifndef TENSOR_EMULATED
#pragma unroll
#endif
        for (int across = 0; across < BLOCKS_ACROSS; across += CHUNK) {
            uint b[CHUNK][4];
            KERNEL(take_b)(b, tile_b + slot * ELEMENTS_B, warp_column / 8 + across, lane);
            KERNEL(multiply)(sums, a, b, across, item EXCHANGE_ARGUMENT);
        }
        if (step + 1 < end)
            KERNEL(put)(
                fetched_a, fetched_b, tile_a + (1 - slot) * ELEMENTS_A, tile_b + (1 - slot) * ELEMENTS_B, item);
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    // A block of each warp at a time.
    __local float *stage = (__local float *)memory;
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
__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void KERNEL(reduce)(
    __global const float *partials, const uint partials_offset, __global OUT_T *result, const uint result_offset
    EPILOGUE_PARAMETERS)
{
    const int element = get_global_id(0), batch = get_global_id(1);
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
#undef BATCH
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
#undef COLUMNS
#undef DEEP
#undef DEPTH
#undef ELEMENTS_A
#undef ELEMENTS_B
#undef ENTRY
#undef EPILOGUE_1
#undef EPILOGUE_16
#undef EPILOGUE_4
#undef EPILOGUE_8
#undef EPILOGUE_PARAMETERS
#undef EXCHANGE_ARGUMENT
#undef EXCHANGE_PARAMETER
#undef EXCHANGE_SIZE
#undef FACTOR_A
#undef FACTOR_B
#undef FETCHES_A
#undef FETCHES_B
#undef FETCH_ARGUMENTS
#undef FIND_ROWS
#undef FORMAT
#undef FOUR_A
#undef FOUR_B
#undef HAS_PHASES
#undef HEIGHT
#undef INLINE
#undef INPUT_CHANNELS
#undef ITEMS
#undef KERNEL
#undef KIND
#undef LOCAL_SIZE
#undef MATRICES
#undef MULTIPLICATIONS
#undef NOWHERE
#undef OUTPUT_CHANNELS
#undef OUTPUT_HEIGHT
#undef OUTPUT_WIDTH
#undef OUTSIDE
#undef OUT_T
#undef PAIR
#undef PARTS_A
#undef PARTS_B
#undef PASTE
#undef PASTE_TEXT
#undef PIXELS
#undef PREFIX
#undef REGISTERS_A
#undef REGISTERS_B
#undef RESULT_HEIGHT
#undef RESULT_ROWS
#undef RESULT_WIDTH
#undef ROW
#undef ROWS
#undef SOURCE_CHANNELS
#undef SOURCE_HEIGHT
#undef SOURCE_STEP_X
#undef SOURCE_STEP_Y
#undef SOURCE_WIDTH
#undef SPLITS
#undef SPREAD
#undef STAGED_COLUMNS
#undef STAGED_ROWS
#undef STAGE_SIZE
#undef STRIDE_X
#undef STRIDE_Y
#undef TAPS
#undef TAP_LIST
#undef TAP_X
#undef TAP_Y
#undef TILES_SIZE
#undef TILE_COLUMNS
#undef TILE_DEPTH
#undef TILE_ROWS
#undef VECTOR_A
#undef VECTOR_B
#undef WARPS_ACROSS
#undef WARPS_DOWN
#undef WARP_COLUMNS
#undef WARP_ROWS
#undef WIDTH
