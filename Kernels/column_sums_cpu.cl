// Goes on in the middle of matmul_cpu.cl, convolution_cpu.cl and winograd_cpu.cl: with SUMS, the sums of the right factor's
// columns, which a split product has in its caches anyway. Of all it takes SPLITS, SPLIT_SIZE (numbers of a split's partial
// result), COLUMNS, VECTORS and SUMS_STRIDE (from a row of the factor to the next).

#if SUMS
// The sums of the columns of B over each split's rows, after all tiles: [split][vector], the last vector shifted back.
#define SUMS_OF(split, vector) \
    ((size_t)SPLITS * SPLIT_SIZE + ((split) * VECTORS + (vector)) * 16)
#define SUMS_COLUMN(vector) (COLUMNS < 16 ? 0 : min(16 * (vector), COLUMNS - 16))

// Adds so many rows of B to them.
INLINE void KERNEL(add_sums)(
    __global float *partials, __global const float *b, const int count, const int split, const int is_first)
{
    for (int vector = 0; vector < VECTORS; vector++) {
        __global const float *column = b + SUMS_COLUMN(vector);
        float16 sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        int k = 0;
        for (; k + 4 <= count; k += 4)
#pragma unroll
            for (int i = 0; i < 4; i++) sum[i] += LOAD16(column + (size_t)(k + i) * SUMS_STRIDE);
        for (; k < count; k++) sum[0] += LOAD16(column + (size_t)k * SUMS_STRIDE);
        __global float *place = partials + SUMS_OF(split, vector);
        const float16 total = sum[0] + sum[1] + (sum[2] + sum[3]);
        STORE16(place, is_first ? total : LOAD16(place) + total);
    }
}

// Adds up what all splits gave of a vector, and stores what no vector before it has.
INLINE void KERNEL(finish_sums)(__global float *result, __global const float *partials, const int vector)
{
    const int first = SUMS_COLUMN(vector);
    float16 sum = 0.0f;
    for (int split = 0; split < SPLITS; split++) sum += LOAD16(partials + SUMS_OF(split, vector));
    const float *lanes = (const float *)&sum;
    for (int lane = 16 * vector - first; lane < min(16, COLUMNS - first); lane++) result[first + lane] = lanes[lane];
}

// Of the kernel that adds up what the splits gave: where the sums go, and the part of its first items.
#define SUMS_PARAMETERS , __global float *sums_result, const uint sums_offset
#define FINISH_SUMS \
    for (int vector = ITEM_ID(0); ITEM_ID(1) == 0 && ITEM_ID(2) == 0 && vector < VECTORS; vector += ITEM_COUNT) \
        KERNEL(finish_sums)(sums_result + sums_offset, partials + partials_offset, vector);
#else
#define SUMS_PARAMETERS
#define FINISH_SUMS
#endif
