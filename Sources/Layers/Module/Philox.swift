import Foundation

/// The counter-based generator Philox 4x32-10 on the host (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw:
/// Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011). A number depends on key and counter alone.
package enum Philox {
    /// Ten rounds on `counter`.
    package static func words(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var (counter, key) = (counter, key)
        for _ in 0..<10 {
            let first = UInt64(counter.x) &* 0xd251_1f53
            let second = UInt64(counter.z) &* 0xcd9e_8d57
            counter = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ counter.y ^ key.x, UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ counter.w ^ key.y, UInt32(truncatingIfNeeded: first))
            // The Weyl sequence of the key: the golden ratio and √3 - 1, in 32 bits.
            key = SIMD2(key.x &+ 0x9e37_79b9, key.y &+ 0xbb67_ae85)
        }
        return counter
    }

    /// The words of one element of one parameter's first values. The last counter word is 1 where the devices' random
    /// operations have 0, so that equal seeds never give the two the same numbers.
    static func words(element: Int, stream: UInt32, seed: UInt64) -> SIMD4<UInt32> {
        let element = UInt64(element)
        return words(
            counter: SIMD4(UInt32(truncatingIfNeeded: element), UInt32(truncatingIfNeeded: element >> 32), stream, 1),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    }

    /// Uniform on [0, 1): the top 24 bits.
    static func uniform(_ words: SIMD4<UInt32>) -> Float { Float(words.x >> 8) * 0x1p-24 }

    /// Standard normal, by Box and Muller (1958), in double precision. The radius takes a uniform number on (0, 1].
    static func normal(_ words: SIMD4<UInt32>) -> Double {
        let radius = (-2 * log((Double(words.x >> 8) + 1) * 0x1p-24)).squareRoot()
        return radius * cos(2 * Double.pi * Double(words.y >> 8) * 0x1p-24)
    }
}
