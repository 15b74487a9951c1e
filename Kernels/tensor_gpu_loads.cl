// Goes on where taps_gpu.cl ends: from memory to local memory, and from there to registers.

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

// Of these, as many as there are up to the end, if the first exists.
#define FOUR_A(place, exists, count) \
    (VECTOR_A ? KERNEL(whole)(place, exists) : KERNEL(some)(place, (exists) ? (count) : 0))
#define FOUR_B(place, exists, count) \
    (VECTOR_B ? KERNEL(whole)(place, exists) : KERNEL(some)(place, (exists) ? (count) : 0))
// Nothing is asked where tiles fill what they are of.
#define COLUMN_EXISTS(column) (COLUMNS % TILE_COLUMNS == 0 || (column) < COLUMNS)

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
            a + (size_t)row * A_ROW_STRIDE + (size_t)depth * A_COLUMN_STRIDE, exists,
            A_INSIDE ? DEPTH - depth : ROWS - row);
    }
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) {
        const int column = first_column + B_TILE_COLUMN(f);
        const int depth = k + B_TILE_DEPTH(f);
        const int exists = COLUMN_EXISTS(column) && (DEPTH % TILE_DEPTH == 0 || depth < DEPTH);
        fetched_b[f] = FOUR_B(
            b + (size_t)depth * B_ROW_STRIDE + (size_t)column * B_COLUMN_STRIDE, exists,
            B_INSIDE ? DEPTH - depth : COLUMNS - column);
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
        const int exists = COLUMN_EXISTS(column) && (PIXELS % TILE_DEPTH == 0 || pixel < PIXELS);
        fetched_b[f] = FOUR_B(second + (size_t)pixel * COLUMNS + column, exists, COLUMNS - column);
    }
}
#else
#define FETCH_ARGUMENTS , row_y, row_x, row_base, used_y, used_x, used_tap, depth
// used_y, used_x and used_tap hold the offsets and the number of each tap in use.
INLINE void KERNEL(fetch)(
    float4 fetched_a[FETCHES_A], float4 fetched_b[FETCHES_B], __global const float *first, __global const float *second,
    const int first_row, const int first_column, const int k, const uint item, const int row_y[FETCHES_A],
    const int row_x[FETCHES_A], const int row_base[FETCHES_A], const __local int *used_y, const __local int *used_x,
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
            const size_t pixel = (size_t)(row_base[f] * SOURCE_HEIGHT + y) * SOURCE_WIDTH + x;
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
        const int exists = COLUMN_EXISTS(column) && at < depth;
        fetched_b[f] = FOUR_B(second + (size_t)at * COLUMNS + column, exists, COLUMNS - column);
#endif
    }
}
#endif

// The place of depth k among the vectors of an operand whose rows are inside: of tf32 a vector for each pass, of bf16 one.
#if FORMAT == 1
#define OUTSIDE(k, place, length) ((k) / 4 * ((length) / 2 + 2) + (place))
#else
#define OUTSIDE(k, place, length) (((k) % 4 / 2 * 4 + (k) / 4) * ((length) / 2 + 2) + (place))
#endif

#if FORMAT == 1
// Puts four rows, or columns, at so many depths from k on.
INLINE void KERNEL(put_outside)(
    __local uint *tile, const float4 *fetched, const int fetches, const int k, const int place, const int length)
{
    __local uint2 *to = (__local uint2 *)tile;
#pragma unroll
    for (int f = 0; f < fetches; f += 2) {
        const float4 v = fetched[f], w = fetched[f + 1];
        const int at = 2 * OUTSIDE(k + f, place, length) + (k + f) % 4 / 2;
        to[at] = (uint2)(KERNEL(pair)(v.x, w.x), KERNEL(pair)(v.y, w.y));
        to[at + length / 2] = (uint2)(KERNEL(pair)(v.z, w.z), KERNEL(pair)(v.w, w.w));
    }
}
#else
INLINE uint4 KERNEL(rounded_4)(const float4 v)
{
    return (uint4)(KERNEL(rounded)(v.x), KERNEL(rounded)(v.y), KERNEL(rounded)(v.z), KERNEL(rounded)(v.w));
}
#endif

// Rounds the share and puts it into local memory.
INLINE void KERNEL(put)(
    const float4 fetched_a[FETCHES_A], const float4 fetched_b[FETCHES_B], __local uint *tile_a, __local uint *tile_b,
    const uint item)
{
#if FORMAT == 1
#if A_INSIDE
    __local uint4 *to_a = (__local uint4 *)tile_a;
#pragma unroll
    for (int f = 0; f < FETCHES_A; f += 2) {
        const float4 v = fetched_a[f], w = fetched_a[f + 1];
        to_a[f / 2 * ITEMS + item] = (uint4)(
            KERNEL(pair)(v.x, v.y), KERNEL(pair)(w.x, w.y), KERNEL(pair)(v.z, v.w), KERNEL(pair)(w.z, w.w));
    }
#else
    KERNEL(put_outside)(tile_a, fetched_a, FETCHES_A, A_TILE_DEPTH(0), A_TILE_ROW(0) / 4, TILE_ROWS);
#endif
#if B_INSIDE
    __local uint2 *to_b = (__local uint2 *)tile_b;
#pragma unroll
    for (int f = 0; f < FETCHES_B; f++) {
        const float4 v = fetched_b[f];
        to_b[f * ITEMS + item] = (uint2)(KERNEL(pair)(v.x, v.y), KERNEL(pair)(v.z, v.w));
    }
#else
    KERNEL(put_outside)(tile_b, fetched_b, FETCHES_B, B_TILE_DEPTH(0), B_TILE_COLUMN(0) / 4, TILE_COLUMNS);
#endif
#else
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
#endif
}

// Takes an item's factors from local memory, a vector for each multiplication: of the warp's blocks of rows, and of CHUNK
// blocks of columns.
INLINE void KERNEL(take_a)(
    uint a[BLOCKS_DOWN][MULTIPLICATIONS][4], const __local uint *tile_a, const int first, const int lane)
{
    const __local uint4 *from = (const __local uint4 *)tile_a;
#pragma unroll
    for (int i = 0; i < BLOCKS_DOWN; i++)
#pragma unroll
        for (int pass = 0; pass < MULTIPLICATIONS; pass++) {
            const int block = first + i;
#if A_INSIDE
            const int turn = block / (ITEMS / 32) * MULTIPLICATIONS + pass;
            const uint4 v = from[turn * ITEMS + block % (ITEMS / 32) * 32 + lane];
#else
            const uint4 v = from[OUTSIDE(lane % 4 * 4 + 2 * pass, 8 * block + lane / 4, TILE_ROWS)];
#endif
            a[i][pass][0] = v.x, a[i][pass][1] = v.y, a[i][pass][2] = v.z, a[i][pass][3] = v.w;
        }
}
INLINE void KERNEL(take_b)(
    uint b[CHUNK][MULTIPLICATIONS][2], const __local uint *tile_b, const int first, const int lane)
{
#if B_INSIDE && FORMAT == 1
    const __local uint2 *from = (const __local uint2 *)tile_b;
#pragma unroll
    for (int j = 0; j < CHUNK; j++) {
        const uint2 v = from[(first + j) * 32 + lane];
        b[j][0][0] = v.x, b[j][0][1] = v.y;
    }
#elif B_INSIDE
    const __local uint4 *from = (const __local uint4 *)tile_b;
#pragma unroll
    for (int j = 0; j < CHUNK; j++) {
        const uint4 v = from[(first + j) * 32 + lane];
        b[j][0][0] = v.x, b[j][0][1] = v.y, b[j][1][0] = v.z, b[j][1][1] = v.w;
    }
#else
    const __local uint4 *from = (const __local uint4 *)tile_b;
#pragma unroll
    for (int j = 0; j < CHUNK; j += 2)
#pragma unroll
        for (int pass = 0; pass < MULTIPLICATIONS; pass++) {
            const uint4 v = from[OUTSIDE(lane % 4 * 4 + 2 * pass, (first + j) / 2 * 8 + lane / 4, TILE_COLUMNS)];
#if FORMAT == 1
            b[j][pass][0] = v.x, b[j][pass][1] = v.z;
            b[j + 1][pass][0] = v.y, b[j + 1][pass][1] = v.w;
#else
            b[j][pass][0] = v.x, b[j][pass][1] = v.y;
            b[j + 1][pass][0] = v.z, b[j + 1][pass][1] = v.w;
#endif
        }
#endif
}
