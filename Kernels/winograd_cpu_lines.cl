// Goes on where tile_cpu.cl ends, in the middle of winograd_cpu.cl: its transforms of one line, in place, of numbers that are
// `step` apart.

// B x: pixels.
INLINE void KERNEL(source_line)(float16 *v, const int step, const int results, const int taps) {
    if (results == 2 && taps == 2) {
        v[0] -= v[step];
        v[2 * step] -= v[step];
    } else if (results == 2) {
        const float16 one = v[step], two = v[2 * step];
        v[0] -= two;
        v[step] = one + two;
        v[2 * step] = two - one;
        v[3 * step] = one - v[3 * step];
    } else if (taps == 2) {
        const float16 one = v[step], two = v[2 * step], three = v[3 * step];
        const float16 odd = three - one, middle = two - three;
        v[0] = fma((float16)(2.0f), v[0] - two, odd);
        v[step] = fma((float16)(2.0f), one, middle);
        v[2 * step] = fma((float16)(2.0f), two - one, middle);
        v[3 * step] = odd;
        v[4 * step] = fma((float16)(-2.0f), odd, v[4 * step] - two);
    } else {
        const float16 one = v[step], two = v[2 * step], three = v[3 * step];
        const float16 odd = one - three, even = two - v[4 * step];
        v[0] = fma((float16)(-3.0f), odd, 2.0f * (v[0] - two - even));
        v[step] = fma((float16)(3.0f), two + three, -2.0f * (odd + even));
        v[2 * step] = fma((float16)(3.0f), two - three, 2.0f * (even - odd));
        v[3 * step] = fma((float16)(2.0f), odd, even);
        v[4 * step] = fma((float16)(-2.0f), even, odd);
        v[5 * step] = fma((float16)(-3.0f), even, 2.0f * (v[5 * step] - three + odd));
    }
}

// G w: weights.
INLINE void KERNEL(weights_line)(float16 *v, const int step, const int results, const int taps) {
    if (results == 2 && taps == 2) {
        v[2 * step] = v[step];
        v[step] += v[0];
    } else if (results == 2) {
        const float16 ends = 0.5f * (v[0] + v[2 * step]), middle = 0.5f * v[step];
        v[3 * step] = v[2 * step];
        v[step] = ends + middle;
        v[2 * step] = ends - middle;
    } else if (taps == 2) {
        const float16 zero = v[0], one = v[step];
        v[0] = 0.5f * zero;
        v[step] = 0.5f * (zero + one);
        v[2 * step] = (zero - one) * (1.0f / 6);
        v[3 * step] = fma((float16)(2.0f), one, zero) * (1.0f / 6);
        v[4 * step] = one;
    } else {
        const float16 zero = v[0], one = v[step], two = v[2 * step], ends = zero + two;
        v[0] = 0.5f * zero;
        v[step] = (ends + one) * (1.0f / 6);
        v[2 * step] = (ends - one) * (1.0f / 6);
        v[3 * step] = fma((float16)(4.0f), zero, fma((float16)(2.0f), one, two)) * (4.0f / 15);
        v[4 * step] = fma((float16)(4.0f), two, fma((float16)(-2.0f), one, zero)) * (1.0f / 30);
        v[5 * step] = 0.5f * two;
    }
}

// A m: the products' sums, to results.
INLINE void KERNEL(results_line)(float16 *v, const int step, const int results, const int taps) {
    if (results == 2 && taps == 2) {
        v[0] += v[step];
        v[step] += v[2 * step];
    } else if (results == 2) {
        const float16 one = v[step], two = v[2 * step];
        v[0] += one + two;
        v[step] = one - two - v[3 * step];
    } else {
        const float16 sum = v[step] + v[2 * step], difference = v[step] - v[2 * step], three = v[3 * step];
        if (taps == 2) {
            v[0] += sum + three;
            v[step] = fma((float16)(2.0f), three, difference);
            v[2 * step] = fma((float16)(4.0f), three, sum);
            v[3 * step] = fma((float16)(8.0f), three, difference) + v[4 * step];
        } else {
            const float16 four = v[4 * step];
            v[0] += sum + (three + four);
            v[step] = difference + fma((float16)(-2.0f), four, 0.5f * three);
            v[2 * step] = sum + fma((float16)(4.0f), four, 0.25f * three);
            v[3 * step] = difference + fma((float16)(-8.0f), four, 0.125f * three) + v[5 * step];
        }
    }
}

// Aᵀ y: gradients of results.
INLINE void KERNEL(gradients_line)(float16 *v, const int step, const int results, const int taps) {
    if (results == 2 && taps == 2) {
        v[2 * step] = v[step];
        v[step] += v[0];
    } else if (results == 2) {
        const float16 zero = v[0], one = v[step];
        v[step] = zero + one;
        v[2 * step] = zero - one;
        v[3 * step] = -one;
    } else {
        const float16 zero = v[0], one = v[step], two = v[2 * step], three = v[3 * step];
        const float16 even = zero + two, odd = one + three;
        v[step] = even + odd;
        v[2 * step] = even - odd;
        if (taps == 2) {
            v[3 * step] = fma((float16)(4.0f), two, zero) + fma((float16)(8.0f), three, 2.0f * one);
            v[4 * step] = three;
        } else {
            v[3 * step] = fma((float16)(0.25f), two, zero) + fma((float16)(0.125f), three, 0.5f * one);
            v[4 * step] = fma((float16)(4.0f), two, zero) - fma((float16)(8.0f), three, 2.0f * one);
            v[5 * step] = three;
        }
    }
}

// Gᵀ m: the products' sums, to gradients of weights.
INLINE void KERNEL(taps_line)(float16 *v, const int step, const int results, const int taps) {
    if (results == 2 && taps == 2) {
        v[0] += v[step];
        v[step] += v[2 * step];
    } else if (results == 2) {
        const float16 sum = 0.5f * (v[step] + v[2 * step]), difference = 0.5f * (v[step] - v[2 * step]);
        v[0] += sum;
        v[step] = difference;
        v[2 * step] = sum + v[3 * step];
    } else if (taps == 2) {
        const float16 one = 0.5f * v[step], two = v[2 * step] * (1.0f / 6), three = v[3 * step] * (1.0f / 6);
        v[0] = fma((float16)(0.5f), v[0], one) + (two + three);
        v[step] = one + fma((float16)(2.0f), three, v[4 * step] - two);
    } else {
        const float16 sum = (v[step] + v[2 * step]) * (1.0f / 6);
        const float16 difference = (v[step] - v[2 * step]) * (1.0f / 6);
        const float16 three = v[3 * step] * (4.0f / 15), four = v[4 * step] * (1.0f / 30);
        v[0] = fma((float16)(0.5f), v[0], sum) + fma((float16)(4.0f), three, four);
        v[step] = difference + fma((float16)(2.0f), three, -2.0f * four);
        v[2 * step] = fma((float16)(0.5f), v[5 * step], sum) + fma((float16)(4.0f), four, three);
    }
}

// A line transform along both sides of PRODUCTS_Y x PRODUCTS_X numbers, of which so many count before, or after.
#define WIDEN(line, v, lines) \
    _Pragma("unroll") for (int y = 0; y < (lines); y++) KERNEL(line)(v + y * PRODUCTS_X, 1, SIDE, TAPS_X); \
    _Pragma("unroll") for (int x = 0; x < PRODUCTS_X; x++) KERNEL(line)(v + x, PRODUCTS_X, SIDE, TAPS_Y);
#define NARROW(line, v, columns) \
    _Pragma("unroll") for (int y = 0; y < PRODUCTS_Y; y++) KERNEL(line)(v + y * PRODUCTS_X, 1, SIDE, TAPS_X); \
    _Pragma("unroll") for (int x = 0; x < (columns); x++) KERNEL(line)(v + x, PRODUCTS_X, SIDE, TAPS_Y);
