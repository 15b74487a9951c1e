import Compute
import Foundation

// The draws of first values, on the host.
extension Philox {
    /// The words of one element of one parameter's first values. The last counter word is 1 where the devices' random
    /// operations have 0, so that equal seeds never give the two the same numbers.
    static func words(element: Int, stream: UInt32, seed: UInt64) -> SIMD4<UInt32> {
        let element = UInt64(element)
        return words(
            counter: SIMD4(UInt32(truncatingIfNeeded: element), UInt32(truncatingIfNeeded: element >> 32), stream, 1),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    }

    /// Standard normal, by Box and Muller (1958), in double precision. The radius takes a uniform number on (0, 1].
    static func normal(_ words: SIMD4<UInt32>) -> Double {
        let radius = (-2 * log((Double(words.x >> 8) + 1) * 0x1p-24)).squareRoot()
        return radius * cos(2 * Double.pi * Double(words.y >> 8) * 0x1p-24)
    }
}
