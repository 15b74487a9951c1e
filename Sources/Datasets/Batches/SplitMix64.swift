/// SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"): the n-th number is a mix
/// of seed + n * 0x9E3779B97F4A7C15, so it can be drawn in order or by its place.
///
/// The library's orders of data come from it, and not from the standard library's `shuffle`, whose method may change:
/// a seed gives the same order on every machine and with every compiler.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64
    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    public init(seed: UInt64) {
        state = seed
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= Self.increment
        return Self.mix(state)
    }

    /// The number at place `index` of the sequence whose start is the mixed seed, without drawing those before it.
    ///
    /// The seed is mixed first, so that neighbouring seeds do not give shifted copies of one sequence.
    public static func value(seed: UInt64, index: UInt64) -> UInt64 {
        mix(mix(seed &+ increment) &+ (index &+ 1) &* increment)
    }

    /// A uniform whole number in `0..<bound`, without bias (Lemire 2019, "Fast random integer generation in an
    /// interval"). `bound` must be positive.
    mutating func next(below bound: UInt64) -> UInt64 {
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold {
                product = next().multipliedFullWidth(by: bound)
            }
        }
        return product.high
    }

    /// A uniformly random order of `0..<count` (Fisher and Yates, from the last place down).
    public mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<max(0, count))
        for last in order.indices.dropFirst().reversed() {
            order.swapAt(last, Int(next(below: UInt64(last + 1))))
        }
        return order
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
