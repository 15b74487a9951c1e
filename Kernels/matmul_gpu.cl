// Matrix product for GPU-class devices: C[b] = epilogue(A[b] · B[b]), Float32.
//
// A work-group owns a tile of C. It walks the depth in steps of TILE_DEPTH: the operands' tiles go to local memory, the
// next ones are fetched into registers meanwhile, and each item sums ITEM_ROWS x ITEM_COLUMNS elements. Local memory
// holds two steps, so one barrier a step is enough. Elements outside the matrices count as zero and are never read.
// With SPLITS > 1 the depth is divided among work-groups, whose partial sums a second kernel adds in a fixed order.
//
// The text is included once for each product; it undefines all its macros, the given ones too, at its end.
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
//     partials holds SPLITS * BATCH * ROWS * COLUMNS floats
//   PREFIX##reduce   (only with SPLITS > 1)   global (256 * ceil(ROWS * COLUMNS / 256), BATCH, 1)  local (256, 1, 1)
//     (const float *partials, uint partials_offset, OUT_T *c, uint c_offset EPILOGUE_PARAMETERS)
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

#define ITEMS_ACROSS (TILE_COLUMNS / ITEM_COLUMNS)
#define ITEMS_DOWN (TILE_ROWS / ITEM_ROWS)
#define ITEMS (ITEMS_ACROSS * ITEMS_DOWN)
#define STEPS ((DEPTH + TILE_DEPTH - 1) / TILE_DEPTH)
// Where an item is: 32 neighbours, which many devices run at once, are 8 across and 4 down, so that a read of local
// memory has few addresses.
#if TILE_COLUMNS / ITEM_COLUMNS % 8 == 0 && TILE_ROWS / ITEM_ROWS % 4 == 0
#define ITEM_X(item) ((item) / 32 % (ITEMS_ACROSS / 8) * 8 + (item) % 8)
#define ITEM_Y(item) ((item) / 32 / (ITEMS_ACROSS / 8) * 4 + (item) % 32 / 8)
#else
#define ITEM_X(item) ((item) % ITEMS_ACROSS)
#define ITEM_Y(item) ((item) / ITEMS_ACROSS)
#endif
// Rows of local memory are four elements longer than the tile: transposing stores then meet no bank twice.
#define LOCAL_ROWS (TILE_ROWS + 4)
#define LOCAL_COLUMNS (TILE_COLUMNS + 4)
// An item's rows and columns are groups of four, spread over the tile: neighbouring items read neighbouring vectors.
#define ITEM_ROW(i, y) ((i) / 4 * (4 * ITEMS_DOWN) + 4 * (y) + (i) % 4)
#define ITEM_COLUMN(j, x) ((j) / 4 * (4 * ITEMS_ACROSS) + 4 * (x) + (j) % 4)

// What an item fetches in turn f, in the order in which memory holds it: either the rows or the depth are the same in
// all turns, so that little has to be computed for each, in few registers.
#define FETCHES_A (TILE_ROWS * TILE_DEPTH / ITEMS)
#define FETCHES_B (TILE_COLUMNS * TILE_DEPTH / ITEMS)
#if A_COLUMN_STRIDE == 1
#define A_TILE_ROW(f) ((int)(item / TILE_DEPTH + (f) * (ITEMS / TILE_DEPTH)))
#define A_TILE_DEPTH(f) ((int)(item % TILE_DEPTH))
#else
#define A_TILE_ROW(f) ((int)(item % TILE_ROWS))
#define A_TILE_DEPTH(f) ((int)(item / TILE_ROWS + (f) * (ITEMS / TILE_ROWS)))
#endif
#if B_COLUMN_STRIDE == 1
#define B_TILE_COLUMN(f) ((int)(item % TILE_COLUMNS))
#define B_TILE_DEPTH(f) ((int)(item / TILE_COLUMNS + (f) * (ITEMS / TILE_COLUMNS)))
#else
#define B_TILE_COLUMN(f) ((int)(item / TILE_DEPTH + (f) * (ITEMS / TILE_DEPTH)))
#define B_TILE_DEPTH(f) ((int)(item % TILE_DEPTH))
#endif

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

// Puts the share into local memory.
INLINE void KERNEL(put)(
    const float fetched_a[FETCHES_A], const float fetched_b[FETCHES_B], __local float *tile_a, __local float *tile_b,
    const uint item)
{
#pragma unroll
    for (int f = 0; f < FETCHES_A; f++) tile_a[A_TILE_DEPTH(f) * LOCAL_ROWS + A_TILE_ROW(f)] = fetched_a[f];
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) tile_b[B_TILE_DEPTH(f) * LOCAL_COLUMNS + B_TILE_COLUMN(f)] = fetched_b[f];
}

#if SPLITS > 1
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void KERNEL(partial)(
    __global const float *a, const uint a_offset, __global const float *b, const uint b_offset,
    __global float *partials, const uint partials_offset)
#else
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void KERNEL(product)(
    __global const float *a, const uint a_offset, __global const float *b, const uint b_offset, __global OUT_T *c,
    const uint c_offset EPILOGUE_PARAMETERS)
#endif
{
    __local float tile_a[2][TILE_DEPTH * LOCAL_ROWS] __attribute__((aligned(16)));
    __local float tile_b[2][TILE_DEPTH * LOCAL_COLUMNS] __attribute__((aligned(16)));
    const uint item = get_local_id(0);
    const int x = ITEM_X(item), y = ITEM_Y(item);
    const int first_column = get_group_id(0) * TILE_COLUMNS, first_row = get_group_id(1) * TILE_ROWS;
    const int batch = get_group_id(2) / SPLITS, split = get_group_id(2) % SPLITS;
    const int begin = (int)((long)STEPS * split / SPLITS), end = (int)((long)STEPS * (split + 1) / SPLITS);
    a += a_offset + (size_t)batch * A_BATCH_STRIDE;
    b += b_offset + (size_t)batch * B_BATCH_STRIDE;

    float fetched_a[FETCHES_A], fetched_b[FETCHES_B];
    float acc[ITEM_ROWS][ITEM_COLUMNS];
#pragma unroll
    for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
        for (int j = 0; j < ITEM_COLUMNS; j++) acc[i][j] = 0.0f;

    KERNEL(fetch)(fetched_a, fetched_b, a, b, first_row, first_column, begin * TILE_DEPTH, item);
    KERNEL(put)(fetched_a, fetched_b, tile_a[0], tile_b[0], item);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int step = begin; step < end; step++) {
        const int slot = (step - begin) & 1;
        if (step + 1 < end)
            KERNEL(fetch)(fetched_a, fetched_b, a, b, first_row, first_column, (step + 1) * TILE_DEPTH, item);
#pragma unroll
        for (int k = 0; k < TILE_DEPTH; k++) {
            float rows[ITEM_ROWS], columns[ITEM_COLUMNS];
#pragma unroll
            for (int i = 0; i < ITEM_ROWS; i += 4) {
                const float4 v = *(const __local float4 *)&tile_a[slot][k * LOCAL_ROWS + ITEM_ROW(i, y)];
                rows[i] = v.x, rows[i + 1] = v.y, rows[i + 2] = v.z, rows[i + 3] = v.w;
            }
#pragma unroll
            for (int j = 0; j < ITEM_COLUMNS; j += 4) {
                const float4 v = *(const __local float4 *)&tile_b[slot][k * LOCAL_COLUMNS + ITEM_COLUMN(j, x)];
                columns[j] = v.x, columns[j + 1] = v.y, columns[j + 2] = v.z, columns[j + 3] = v.w;
            }
#pragma unroll
            for (int i = 0; i < ITEM_ROWS; i++)
#pragma unroll
                for (int j = 0; j < ITEM_COLUMNS; j++) acc[i][j] = fma(rows[i], columns[j], acc[i][j]);
        }
        if (step + 1 < end) KERNEL(put)(fetched_a, fetched_b, tile_a[1 - slot], tile_b[1 - slot], item);
        barrier(CLK_LOCAL_MEM_FENCE);
    }

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
__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void KERNEL(reduce)(
    __global const float *partials, const uint partials_offset, __global OUT_T *c, const uint c_offset
    EPILOGUE_PARAMETERS)
{
    const int element = get_global_id(0), batch = get_global_id(1);
    if (element < ROWS * COLUMNS) {
        const int row = element / COLUMNS, column = element % COLUMNS;
        partials += partials_offset + (size_t)batch * ROWS * COLUMNS + element;
        float sum = 0.0f;
        for (int split = 0; split < SPLITS; split++) sum += partials[(size_t)split * BATCH * ROWS * COLUMNS];
        c[c_offset + (size_t)batch * ROWS * COLUMNS + element] = EPILOGUE_1(sum, batch, row, column);
    }
}
#endif

#undef PREFIX
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
#undef TILE_ROWS
#undef TILE_COLUMNS
#undef TILE_DEPTH
#undef ITEM_ROWS
#undef ITEM_COLUMNS
#undef SPLITS
#undef OUT_T
#undef EPILOGUE_PARAMETERS
#undef EPILOGUE_1
#undef EPILOGUE_4
#undef EPILOGUE_8
#undef EPILOGUE_16
#undef PASTE_TEXT
#undef PASTE
#undef KERNEL
#undef INLINE
#undef ITEMS_ACROSS
#undef ITEMS_DOWN
#undef ITEMS
#undef STEPS
#undef ITEM_X
#undef ITEM_Y
#undef LOCAL_ROWS
#undef LOCAL_COLUMNS
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
