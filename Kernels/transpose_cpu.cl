// Blocks of 8 x 8 are transposed by three rounds of interleaving rows i and i + 4. (Larger ones take four times as long to
// compile.)
#ifdef __clang__
static inline __attribute__((always_inline))
#else
static inline
#endif
void transpose_8x8(float8 rows[8])
{
#define INTERLEAVE_LOW(x, y) (float8)(x.s0, y.s0, x.s1, y.s1, x.s2, y.s2, x.s3, y.s3)
#define INTERLEAVE_HIGH(x, y) (float8)(x.s4, y.s4, x.s5, y.s5, x.s6, y.s6, x.s7, y.s7)
#pragma unroll
    for (int round = 0; round < 3; round++) {
        float8 next[8];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            next[2 * i] = INTERLEAVE_LOW(rows[i], rows[i + 4]);
            next[2 * i + 1] = INTERLEAVE_HIGH(rows[i], rows[i + 4]);
        }
#pragma unroll
        for (int i = 0; i < 8; i++) rows[i] = next[i];
    }
#undef INTERLEAVE_LOW
#undef INTERLEAVE_HIGH
}
