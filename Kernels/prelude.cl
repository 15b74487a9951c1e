// Shared by every generated kernel: elementary functions and random numbers, for one vector width.
// The text is included once for each width that a program uses. Before it come
//   WIDTH   1, 2, 4, 8 or 16           F, I, U   float, int and uint of that width
//   T(name) the name with the width appended, so that widths do not clash
//   M(c)    a comparison as an int mask, 0 or -1 in each lane, also where the width is 1
//   WIDE    the ulong vector of the same size, where the width is 2 or more
//   LANES   the numbers of the lanes, 0, 1, ..., as an I
// In registers an Int32, a UInt8 and a Bool are all of type I; a Bool is such a mask.
//
// Polynomials are own minimax fits (relative error below 2e-8, evaluated by Horner's rule). With NATIVE_MATH the
// device's own functions are used instead, which GPUs evaluate well; with a vector width they are slow on CPUs.

#define AS_F(x) T(as_f)(x)
#define AS_I(x) T(as_i)(x)
#if WIDTH == 1
static F T(as_f)(I x) { return as_float(x); }
static I T(as_i)(F x) { return as_int(x); }
static F T(to_f)(I x) { return (float)x; }
static I T(to_i)(F x) { return (int)x; }
#else
static F T(as_f)(I x) { return T(as_float)(x); }
static I T(as_i)(F x) { return T(as_int)(x); }
static F T(to_f)(I x) { return T(convert_float)(x); }
static I T(to_i)(F x) { return T(convert_int)(x); }
#endif

// exp(x) = 2^n exp(r), r in [-ln2/2, ln2/2]: gives n and exp(r) - 1.
static F T(exp_parts)(F x, I *n) {
    F shifted = FMA(x, (F)(1.44269504f), (F)(12582912.0f));
    *n = AS_I(shifted) - 0x4b400000;
    F whole = shifted - 12582912.0f;
    F r = FMA(whole, (F)(-0.693145752f), x);
    r = FMA(whole, (F)(-1.42860677e-6f), r);
    F q = FMA(r, (F)(1.394666964e-03f), (F)(8.366710506e-03f));
    q = FMA(q, r, (F)(4.166628048e-02f));
    q = FMA(q, r, (F)(1.666654199e-01f));
    q = FMA(q, r, (F)(5.0e-01f));
    return FMA(q * r, r, r);
}

static F T(power_of_two)(I n) { return AS_F((n + 127) << 23); }

static F T(t_exp)(F x) {
#ifdef NATIVE_MATH
    return exp(x);
#else
    x = M(x > 89.0f) ? (F)(89.0f) : x;
    x = M(x < -104.0f) ? (F)(-104.0f) : x;
    I n;
    F value = T(exp_parts)(x, &n) + 1.0f;
    // A subnormal result is computed as so many of the least number, which its bits are: a processor may take a hundred
    // cycles for a product that is subnormal, or too small even for that.
    I subnormal = M(x < -87.3365448f);
    n += subnormal & 149;
    // In two factors, since 2^n may overflow where the result does not.
    I half_n = n >> 1;
    value = value * T(power_of_two)(half_n) * T(power_of_two)(n - half_n);
    return subnormal ? AS_F(AS_I(value + 8388608.0f) - 0x4b000000) : value;
#endif
}

static F T(t_expm1)(F x) {
#ifdef NATIVE_MATH
    return expm1(x);
#else
    F bounded = M(x > 89.0f) ? (F)(89.0f) : x;
    bounded = M(bounded < -20.0f) ? (F)(-20.0f) : bounded;
    I n;
    F part = T(exp_parts)(bounded, &n);
    // Half the result, so that 2^(n - 1) does not overflow.
    F scale = T(power_of_two)(n - 1);
    F value = 2.0f * FMA(scale, part, scale - 0.5f);
    return M(fabs(x) < 1.0e-7f) ? x : value;
#endif
}

static F T(t_log)(F x) {
#ifdef NATIVE_MATH
    return log(x);
#else
    I subnormal = M(x < 1.17549435e-38f);
    F scaled = subnormal ? x * 8388608.0f : x;
    I bits = AS_I(scaled);
    // The significand f + 1 lies in [sqrt(1/2), sqrt(2)).
    I exponent = (bits - 0x3f3504f3) >> 23;
    F f = AS_F(bits - (exponent << 23)) - 1.0f;
    F e = T(to_f)(subnormal ? exponent - 23 : exponent);
    F p = FMA(f, (F)(6.915158033e-02f), (F)(-1.179386973e-01f));
    p = FMA(p, f, (F)(1.187515482e-01f));
    p = FMA(p, f, (F)(-1.238384321e-01f));
    p = FMA(p, f, (F)(1.421832144e-01f));
    p = FMA(p, f, (F)(-1.666926742e-01f));
    p = FMA(p, f, (F)(2.000224292e-01f));
    p = FMA(p, f, (F)(-2.499998659e-01f));
    p = FMA(p, f, (F)(3.333331048e-01f));
    F square = f * f;
    F tail = FMA(p * f, square, -0.5f * square);
    tail = FMA(e, (F)(1.42860677e-6f), tail);
    F value = FMA(e, (F)(0.693145752f), f + tail);
    value = M(x < INFINITY) ? value : x;
    value = M(x == 0.0f) ? (F)(-INFINITY) : value;
    return M(x < 0.0f) ? (F)(NAN) : value;
#endif
}

static F T(t_log1p)(F x) {
#ifdef NATIVE_MATH
    return log1p(x);
#else
    // Kahan's quotient corrects for what rounding 1 + x loses.
    F sum = 1.0f + x;
    F lost = sum - 1.0f;
    F value = T(t_log)(sum) * (x / lost);
    value = M(lost == 0.0f) ? x : value;
    return M(x == INFINITY) ? x : value;
#endif
}

static F T(t_tanh)(F x) {
#ifdef NATIVE_MATH
    return tanh(x);
#else
    F size = fabs(x);
    F e = T(t_expm1)(2.0f * (M(size > 10.0f) ? (F)(10.0f) : size));
    return copysign(e / (e + 2.0f), x);
#endif
}

static F T(t_sigmoid)(F x) {
    F e = T(t_exp)(-fabs(x));
    return (M(x < 0.0f) ? e : (F)(1.0f)) / (1.0f + e);
}

static F T(t_softplus)(F x) {
    F positive = M(x < 0.0f) ? (F)(0.0f) : x;
    return positive + T(t_log1p)(T(t_exp)(-fabs(x)));
}

// erf, in two pieces: x P(x^2), and 1 - exp(-P(x)).
static F T(t_erf)(F x) {
#ifdef NATIVE_MATH
    return erf(x);
#else
    F size = fabs(x);
    F bounded = M(size > 4.0f) ? (F)(4.0f) : size;
    F square = bounded * bounded;
    F small = FMA(square, (F)(8.334100858e-05f), (F)(-8.134160889e-04f));
    small = FMA(small, square, (F)(5.200276617e-03f));
    small = FMA(small, square, (F)(-2.685909346e-02f));
    small = FMA(small, square, (F)(1.128368974e-01f));
    small = FMA(small, square, (F)(-3.761263192e-01f));
    small = FMA(small, square, (F)(1.128379226e+00f));
    F large = FMA(bounded, (F)(-1.949457655e-04f), (F)(3.033683402e-03f));
    large = FMA(large, bounded, (F)(-2.218974195e-02f));
    large = FMA(large, bounded, (F)(1.038563102e-01f));
    large = FMA(large, bounded, (F)(6.372658014e-01f));
    large = FMA(large, bounded, (F)(1.127627373e+00f));
    large = FMA(large, bounded, (F)(2.070175542e-04f));
    F value = M(bounded < 0.925f) ? small * bounded : 1.0f - T(t_exp)(-large);
    return copysign(M(x != x) ? x : value, x);
#endif
}

// sin and cos of a reduced argument r in [-pi/4, pi/4], chosen by the quadrant.
static F T(quadrant_sine)(F r, I quadrant) {
    F square = r * r;
    F s = FMA(square, (F)(-1.951665618e-04f), (F)(8.332173340e-03f));
    s = FMA(s, square, (F)(-1.666665524e-01f));
    F sine = FMA(s * square, r, r);
    F c = FMA(square, (F)(2.443772973e-05f), (F)(-1.388736186e-03f));
    c = FMA(c, square, (F)(4.166664556e-02f));
    F cosine = FMA(c * square, square, FMA(square, (F)(-0.5f), (F)(1.0f)));
    F value = M((quadrant & 1) != 0) ? cosine : sine;
    return M((quadrant & 2) != 0) ? -value : value;
}

#ifndef NATIVE_MATH
// sin(x + first * pi/2) for |x| below 40000, where the three parts of pi/2 leave no visible error.
static F T(reduced_sine)(F x, int first) {
    F shifted = FMA(x, (F)(0.636619772f), (F)(12582912.0f));
    I quadrant = (AS_I(shifted) - 0x4b400000) + first;
    F whole = shifted - 12582912.0f;
    F r = FMA(whole, (F)(-1.57079637f), x);
    r = FMA(whole, (F)(4.37113900e-8f), r);
    r = FMA(whole, (F)(1.71512489e-15f), r);
    return T(quadrant_sine)(r, quadrant);
}
#endif

static F T(t_sin)(F x) {
#ifdef NATIVE_MATH
    return sin(x);
#else
    F value = T(reduced_sine)(x, 0);
    if (any(M(fabs(x) > 40000.0f))) {
        for (int lane = 0; lane < WIDTH; ++lane) {
            float one = ((float *)&x)[lane];
            if (fabs(one) > 40000.0f) ((float *)&value)[lane] = sin(one);
        }
    }
    return value;
#endif
}

static F T(t_cos)(F x) {
#ifdef NATIVE_MATH
    return cos(x);
#else
    F value = T(reduced_sine)(x, 1);
    if (any(M(fabs(x) > 40000.0f))) {
        for (int lane = 0; lane < WIDTH; ++lane) {
            float one = ((float *)&x)[lane];
            if (fabs(one) > 40000.0f) ((float *)&value)[lane] = cos(one);
        }
    }
    return value;
#endif
}

static F T(t_sign)(F x) {
    return M(x > 0.0f) ? (F)(1.0f) : (M(x < 0.0f) ? (F)(-1.0f) : (F)(0.0f));
}
static I T(t_sign_int)(I x) { return M(x < 0) - M(x > 0); }
static I T(t_abs_int)(I x) { return M(x < 0) ? -x : x; }
static F T(t_max)(F a, F b) { return (M(a > b) | M(a != a)) ? a : b; }
static F T(t_min)(F a, F b) { return (M(a < b) | M(a != a)) ? a : b; }
static I T(t_max_int)(I a, I b) { return max(a, b); }
static I T(t_min_int)(I a, I b) { return min(a, b); }

// Division by zero gives zero; the lowest integer by -1 wraps to itself, and leaves no remainder.
static I T(t_divisor)(I a, I b) { return (M(b == 0) | (M(a == INT_MIN) & M(b == -1))) ? (I)(1) : b; }
static I T(t_divide_int)(I a, I b) { return M(b == 0) ? (I)(0) : a / T(t_divisor)(a, b); }
static I T(t_remainder_int)(I a, I b) { return M(b == 0) ? (I)(0) : a % T(t_divisor)(a, b); }

// Towards zero, saturating, NaN to 0.
static I T(t_float_to_int)(F x) {
    F bounded = M(x < 2147483520.0f) ? x : (F)(2147483520.0f);
    bounded = M(bounded > -2147483648.0f) ? bounded : (F)(-2147483648.0f);
    I value = T(to_i)(bounded);
    value = M(x >= 2147483648.0f) ? (I)(INT_MAX) : value;
    return M(x != x) ? (I)(0) : value;
}
static I T(t_float_to_uint8)(F x) {
    F bounded = M(x < 255.0f) ? x : (F)(255.0f);
    bounded = M(bounded > 0.0f) ? bounded : (F)(0.0f);
    return M(x != x) ? (I)(0) : T(to_i)(bounded);
}

// Both words of the 64-bit products x * factor. CPUs multiply the even and the odd lanes, each in 64 bits.
static void T(multiply_wide)(U x, uint factor, U *high, U *low) {
#if WIDTH == 1 || defined(NATIVE_MATH)
    *high = mul_hi(x, (U)(factor));
    *low = x * factor;
#else
    WIDE even = T(u_to_wide)(x) & 0xffffffffUL;
    WIDE odd = T(u_to_wide)(x) >> 32;
    even *= (ulong)factor;
    odd *= (ulong)factor;
    *high = T(wide_to_u)((even >> 32) | (odd & 0xffffffff00000000UL));
    *low = T(wide_to_u)((even & 0xffffffffUL) | (odd << 32));
#endif
}

// Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). Words 0 and 1.
static void T(philox)(U c0, U c1, uint stream, uint k0, uint k1, U *word0, U *word1) {
    U c2 = (U)(stream);
    U c3 = (U)(0u);
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        U high0, low0, high1, low1;
        T(multiply_wide)(c0, 0xd2511f53u, &high0, &low0);
        T(multiply_wide)(c2, 0xcd9e8d57u, &high1, &low1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    *word0 = c0;
    *word1 = c1;
}

static F T(t_uniform)(U c0, U c1, uint stream, uint k0, uint k1) {
    U a, b;
    T(philox)(c0, c1, stream, k0, k1, &a, &b);
    return T(to_f)(T(u_to_i)(a >> 8)) * 5.9604644775390625e-8f;
}

static I T(t_bits)(U c0, U c1, uint stream, uint k0, uint k1) {
    U a, b;
    T(philox)(c0, c1, stream, k0, k1, &a, &b);
    return T(u_to_i)(a);
}

// Box and Muller (1958): sqrt(-2 ln u1) cos(2 pi u2), u1 in (0, 1], u2 in [0, 1).
static F T(t_normal)(U c0, U c1, uint stream, uint k0, uint k1) {
    U a, b;
    T(philox)(c0, c1, stream, k0, k1, &a, &b);
    F u1 = T(to_f)(T(u_to_i)((a >> 8) + 1u)) * 5.9604644775390625e-8f;
    // 2^24 u2 as an integer: the quadrant is exact, and so is what remains of it.
    I turn = T(u_to_i)(b >> 8);
    I quadrant = (turn + (1 << 21)) >> 22;
    F r = T(to_f)(turn - (quadrant << 22)) * 3.74507046e-7f;
    return sqrt(-2.0f * T(t_log)(u1)) * T(quadrant_sine)(r, quadrant + 1);
}

// The element that each lane draws: the address e, e + stride, ... in two words.
static U T(t_low)(long e, uint stride) { return (U)((uint)e) + T(i_to_u)(LANES) * stride; }
static U T(t_high)(long e, uint stride) {
    I carry = M(T(t_low)(e, stride) < (U)((uint)e));
    return (U)((uint)(e >> 32)) - T(i_to_u)(carry);
}

// Which of the lanes x, x + 1, ... are in first ..< last.
static I T(t_inside)(long x, long first, long last) {
    I at = LANES + (I)((int)x);
    return M(at >= (I)((int)first)) & M(at < (I)((int)last));
}

// Sums keep what rounding loses in a second variable (Kahan, 1965); an infinite sum stays infinite.
static void T(t_sum)(F *total, F *lost, F value) {
    F corrected = value - *lost;
    F sum = *total + corrected;
    F error = (sum - *total) - corrected;
    *lost = M(error == error) ? error : (F)(0.0f);
    *total = sum;
}

// The lanes folded into one, always in the same order: each with the one half the width further on.
#define PLUS(a, b) ((a) + (b))
#define LARGER(a, b) ((((a) > (b)) | ((a) != (a))) ? (a) : (b))
#define FOLD_1(type, v, COMBINE) return v;
#define FOLD_2(type, v, COMBINE) return COMBINE(v.lo, v.hi);
#define FOLD_4(type, v, COMBINE) const type##2 v2 = COMBINE(v.lo, v.hi); FOLD_2(type, v2, COMBINE)
#define FOLD_8(type, v, COMBINE) const type##4 v4 = COMBINE(v.lo, v.hi); FOLD_4(type, v4, COMBINE)
#define FOLD_16(type, v, COMBINE) const type##8 v8 = COMBINE(v.lo, UPPER(type, v)); FOLD_8(type, v8, COMBINE)
// v.hi, of which Oclgrind takes place 3 for one that nobody has written.
#define UPPER(type, v) (type##8)(v.s8, v.s9, v.sa, v.sb, v.sc, v.sd, v.se, v.sf)
#define FOLD_WIDTH(width) FOLD_##width
#define FOLD(width) FOLD_WIDTH(width)
static float T(fold_sum_float)(F value) { FOLD(WIDTH)(float, value, PLUS) }
static int T(fold_sum_int)(I value) { FOLD(WIDTH)(int, value, PLUS) }
static float T(fold_max_float)(F value) { FOLD(WIDTH)(float, value, LARGER) }
static int T(fold_max_int)(I value) { FOLD(WIDTH)(int, value, max) }

#undef PLUS
#undef LARGER
#undef FOLD_1
#undef FOLD_2
#undef FOLD_4
#undef FOLD_8
#undef FOLD_16
#undef UPPER
#undef FOLD_WIDTH
#undef FOLD
#undef AS_F
#undef AS_I
