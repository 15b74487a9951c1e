// Goes on where tensor_gpu.cl ends: rounding and multiplication.

#if FORMAT == 1
// Two factors as bf16, to the nearest, ties to even: that of less depth below.
INLINE uint KERNEL(pair)(const float x, const float y)
{
#ifdef TENSOR_EMULATED
    const uint2 bits = (uint2)(as_uint(x), as_uint(y)), rounded = bits + 0x7fffu + (bits >> 16 & 1u);
    return (isnan(y) ? 0x7fc00000u : rounded.y & 0xffff0000u) | (isnan(x) ? 0x7fc0u : rounded.x >> 16);
#else
    uint pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(y), "f"(x));
    return pair;
#endif
}
#define MULTIPLICATIONS 1
#else
// A factor as tf32, to the nearest: in the upper bits of a Float32.
INLINE uint KERNEL(rounded)(const float x)
{
#ifdef TENSOR_EMULATED
    // Ties away from zero.
    return isnan(x) ? 0x7fffffffu : (as_uint(x) + 0x1000u) & 0xffffe000u;
#else
    uint bits;
#ifdef TENSOR_CONVERTS
    asm("cvt.rn.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
#else
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
#endif
    return bits;
#endif
}
#define MULTIPLICATIONS 2
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
    float sums[BLOCKS_DOWN][BLOCKS_ACROSS][4], uint a[BLOCKS_DOWN][MULTIPLICATIONS][4], uint b[CHUNK][MULTIPLICATIONS][2],
    const int first, const uint item EXCHANGE_PARAMETER)
{
    __local uint *shown_a = exchange, *shown_b = exchange + ITEMS * REGISTERS_A;
    for (int block = 0; block < BLOCKS_DOWN; block++)
        for (int step = 0; step < MULTIPLICATIONS; step++)
            for (int r = 0; r < 4; r++)
                shown_a[item * REGISTERS_A + (block * MULTIPLICATIONS + step) * 4 + r] = a[block][step][r];
    for (int block = 0; block < CHUNK; block++)
        for (int step = 0; step < MULTIPLICATIONS; step++)
            for (int r = 0; r < 2; r++)
                shown_b[item * REGISTERS_B + (block * MULTIPLICATIONS + step) * 2 + r] = b[block][step][r];
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
#define EXCHANGE_SIZE 0
INLINE void KERNEL(multiply)(
    float sums[BLOCKS_DOWN][BLOCKS_ACROSS][4], uint a[BLOCKS_DOWN][MULTIPLICATIONS][4], uint b[CHUNK][MULTIPLICATIONS][2],
    const int first, const uint item)
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
                             : "r"(a[down][step][0]), "r"(a[down][step][1]),
                               "r"(a[down][step][2]), "r"(a[down][step][3]),
                               "r"(b[across][step][0]), "r"(b[across][step][1]));
}
#endif
