/// The vector that elementwise loops work on.
typealias Floats = SIMD8<Float>
typealias Ints = SIMD8<Int32>

/// Elementary functions on vectors of Float32, correct at zeros, infinities and NaN, with results below the normal
/// range for the exponential. Ranges are reduced as W. J. Cody and W. Waite describe (Software Manual for the
/// Elementary Functions, 1980); what remains are Taylor series, short because the reduced ranges are.
///
/// Multiplications and additions are separate: without a target processor a fused one is a call for every lane.
enum VectorMath {
    // MARK: Bits

    @inline(__always) static func bits(_ x: Floats) -> Ints { unsafeBitCast(x, to: Ints.self) }
    @inline(__always) static func floats(_ bits: Ints) -> Floats { unsafeBitCast(bits, to: Floats.self) }
    @inline(__always) static func magnitude(_ x: Floats) -> Floats { floats(bits(x) & 0x7fff_ffff) }

    /// The magnitude of one vector with the signs of another.
    @inline(__always) static func withSign(of sign: Floats, _ magnitude: Floats) -> Floats {
        floats((bits(magnitude) & 0x7fff_ffff) | (bits(sign) & Int32.min))
    }

    /// 1.5 * 2^23: adding it leaves the nearest integer, ties to even, in the low bits of the sum.
    private static let shifter: Float = 12_582_912

    /// The nearest integers of |x| < 2^22, as numbers of either type.
    @inline(__always) private static func nearest(_ x: Floats) -> (floats: Floats, ints: Ints) {
        let shifted = x + shifter
        return (shifted - shifter, bits(shifted) &- Int32(bitPattern: shifter.bitPattern))
    }

    /// 2^n for -126 <= n <= 127.
    @inline(__always) private static func powerOfTwo(_ n: Ints) -> Floats { floats((n &+ 127) &<< 23) }

    // MARK: Rounding

    /// The nearest integer, ties to even.
    @inline(__always) static func round(_ x: Floats) -> Floats {
        let size = magnitude(x)
        let whole = (size + 8_388_608) - 8_388_608
        return withSign(of: x, whole).replacing(with: x, where: .!(size .< 8_388_608))
    }

    @inline(__always) static func floor(_ x: Floats) -> Floats {
        let whole = round(x)
        return whole.replacing(with: whole - 1, where: whole .> x)
    }

    /// -1, 0 or 1; 0 for NaN.
    @inline(__always) static func sign(_ x: Floats) -> Floats {
        Floats().replacing(with: 1, where: x .> 0).replacing(with: -1, where: x .< 0)
    }

    // MARK: Exponential functions

    private static let perLn2: Float = 1.442_695_04
    /// ln 2 in two parts; products of the first with integers below 2^11 are exact.
    private static let ln2High: Float = 0x1.62ep-1
    private static let ln2Low: Float = 0x1.0bfbe8p-15

    /// x = n ln 2 + r with |r| <= ln 2 / 2.
    @inline(__always) private static func reduceByLn2(_ x: Floats) -> (r: Floats, n: Ints) {
        let n = nearest(x * perLn2)
        return ((x - n.floats * ln2High) - n.floats * ln2Low, n.ints)
    }

    /// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2.
    @inline(__always) private static func exponentialTail(_ r: Floats) -> Floats {
        var sum = Floats(repeating: 1 / 5040)
        sum = sum * r + 1 / 720
        sum = sum * r + 1 / 120
        sum = sum * r + 1 / 24
        sum = sum * r + 1 / 6
        return sum * r + 0.5
    }

    @inline(__always) static func exp(_ x: Floats) -> Floats {
        let bounded = x.replacing(with: 89, where: x .> 89).replacing(with: -105, where: x .< -105)
        let (r, n) = reduceByLn2(bounded)
        let value = 1 + (r + r * r * exponentialTail(r))
        // A subnormal result is computed as so many of the least number, which its bits are: a processor may take a
        // hundred cycles for a product that is subnormal, or too small even for that.
        let isSubnormal = bounded .< -87.336_545
        let exponent = n &+ Ints().replacing(with: 149, where: isSubnormal)
        // Two factors: the exponent goes beyond those of normal numbers.
        let half = exponent &>> 1
        let result = value * powerOfTwo(half) * powerOfTwo(exponent &- half)
        return result.replacing(with: floats(bits(result + 8_388_608) &- 0x4b00_0000), where: isSubnormal)
    }

    /// e^x - 1 for x <= 88; a larger x gives at least e^88.
    @inline(__always) private static func boundedExpm1(_ x: Floats) -> Floats {
        let bounded = x.replacing(with: 88, where: x .> 88).replacing(with: -60, where: x .< -60)
        let (r, n) = reduceByLn2(bounded)
        let scale = powerOfTwo(n)
        return scale * (r + r * r * exponentialTail(r)) + (scale - 1)
    }

    @inline(__always) static func expm1(_ x: Floats) -> Floats {
        let value = boundedExpm1(x).replacing(with: exp(x), where: x .> 60)
        return value.replacing(with: x, where: magnitude(x) .< 1e-8)
    }

    @inline(__always) static func tanh(_ x: Floats) -> Floats {
        let size = magnitude(x)
        let t = boundedExpm1(2 * size.replacing(with: 20, where: size .> 20))
        return withSign(of: x, t / (t + 2)).replacing(with: x, where: size .< 1e-8)
    }

    @inline(__always) static func sigmoid(_ x: Floats) -> Floats {
        // The exponential of a negative number never overflows, and small results keep their digits.
        let e = exp(0 - magnitude(x))
        return e.replacing(with: 1, where: x .> 0) / (1 + e)
    }

    // MARK: Logarithms

    /// ln x for x > 0, from fdlibm's arrangement: ln(1 + f) = f - (f²/2 - s (f²/2 + R)), s = f / (2 + f), where R is
    /// the series of ln((1 + s) / (1 - s)) beyond its first term.
    @inline(__always) private static func positiveLog(_ x: Floats) -> Floats {
        let tiny = x .< Float.leastNormalMagnitude
        let normal = x.replacing(with: x * 8_388_608, where: tiny)
        // The exponent that leaves a significand between √½ and √2.
        let shifted = bits(normal) &- 0x3f35_04f3
        let exponent = (shifted &>> 23) &- (Ints(repeating: 23) & unsafeBitCast(tiny, to: Ints.self))
        let f = floats((shifted & 0x007f_ffff) &+ 0x3f35_04f3) - 1
        let n = floats(exponent &+ Int32(bitPattern: shifter.bitPattern)) - shifter
        let s = f / (2 + f)
        let z = s * s
        var series = Floats(repeating: 2 / 11)
        series = series * z + 2 / 9
        series = series * z + 2 / 7
        series = series * z + 2 / 5
        series = series * z + 2 / 3
        let halfSquare = 0.5 * f * f
        let inner = s * (halfSquare + series * z) + n * ln2Low
        return n * ln2High - ((halfSquare - inner) - f)
    }

    @inline(__always) static func log(_ x: Floats) -> Floats {
        var value = positiveLog(x)
        value.replace(with: -.infinity, where: x .== 0)
        value.replace(with: .nan, where: x .< 0)
        return value.replacing(with: x, where: .!(x .< .infinity))
    }

    @inline(__always) static func log1p(_ x: Floats) -> Floats {
        let u = 1 + x
        // What the sum lost, over u: the first term of the correction.
        let lost = (x - (u - 1)).replacing(with: 1 - (u - x), where: x .> 1)
        var value = positiveLog(u) + lost / u
        value.replace(with: x, where: magnitude(x) .< 1e-8)
        value.replace(with: -.infinity, where: x .== -1)
        value.replace(with: .nan, where: x .< -1)
        return value.replacing(with: x, where: .!(x .< .infinity))
    }

    /// ln(1 + e^x), without overflow.
    @inline(__always) static func softplus(_ x: Floats) -> Floats {
        let e = exp(0 - magnitude(x))
        let u = 1 + e
        return x.replacing(with: 0, where: x .< 0) + (positiveLog(u) + (e - (u - 1)) / u)
    }

    // MARK: Trigonometric functions

    /// The largest magnitude whose quarter turns reduce exactly in three parts.
    static let trigonometricLimit: Float = 40_000

    /// sin(x + quarterTurns π/2) for |x| up to `trigonometricLimit`.
    @inline(__always) static func sine(_ x: Floats, quarterTurns: Int32) -> Floats {
        let q = nearest(x * 0.636_619_772)
        // π/2 in four parts; products of the first three with q are exact.
        let high: Float = 0x1.92p0
        let middle: Float = 0x1.fbp-12
        let low: Float = 0x1.51p-22
        let rest: Float = 0x1.0b4612p-34
        let r = (((x - q.floats * high) - q.floats * middle) - q.floats * low) - q.floats * rest
        let z = r * r
        var odd = Floats(repeating: 1 / 362_880)
        odd = odd * z - 1 / 5040
        odd = odd * z + 1 / 120
        odd = odd * z - 1 / 6
        let sine = r + r * z * odd
        var even = Floats(repeating: -1 / 3_628_800)
        even = even * z + 1 / 40320
        even = even * z - 1 / 720
        even = even * z + 1 / 24
        let cosine = 1 + (z * z * even - 0.5 * z)
        let quadrant = q.ints &+ quarterTurns
        let odds = 0 &- (quadrant & 1)
        return floats(((bits(cosine) & odds) | (bits(sine) & ~odds)) ^ ((quadrant & 2) &<< 30))
    }

    // MARK: Error function

    /// Below 1 the Taylor series; from there on formula 7.1.26 of Abramowitz and Stegun (1964), within 1.5e-7.
    @inline(__always) static func erf(_ x: Floats) -> Floats {
        let size = magnitude(x)
        let z = x * x
        // (-1)^n / (n! (2n + 1))
        var series = Floats(repeating: -1 / 918_086_400)
        series = series * z + 1 / 76_204_800
        series = series * z - 1 / 6_894_720
        series = series * z + 1 / 685_440
        series = series * z - 1 / 75600
        series = series * z + 1 / 9360
        series = series * z - 1 / 1320
        series = series * z + 1 / 216
        series = series * z - 1 / 42
        series = series * z + 1 / 10
        series = series * z - 1 / 3
        let small = 1.128_379_167 * (x + x * z * series)

        let t = 1 / (1 + 0.327_591_1 * size)
        var tail = Floats(repeating: 1.061_405_429)
        tail = tail * t - 1.453_152_027
        tail = tail * t + 1.421_413_741
        tail = tail * t - 0.284_496_736
        tail = tail * t + 0.254_829_592
        let large = withSign(of: x, 1 - tail * t * exp(0 - z))
        return large.replacing(with: small, where: size .< 1)
    }
}
