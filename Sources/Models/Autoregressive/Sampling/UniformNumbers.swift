import Compute

/// The uniform numbers that images are drawn from: number k of a seed is the same wherever and however it is used.
enum UniformNumbers {
    /// Tells these numbers from others of the same seed.
    private static let stream: UInt32 = 0x5350_4c52

    /// Numbers `first ..< first + count` on [0, 1).
    static func numbers(seed: UInt64, first: Int, count: Int) -> [Float] {
        let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        return [Float](unsafeUninitializedCapacity: count) { target, initialized in
            for number in 0..<count {
                let words = Philox.words(element: first + number, stream: stream, key: key)
                target[number] = Philox.uniform(words.x)
            }
            initialized = count
        }
    }
}
