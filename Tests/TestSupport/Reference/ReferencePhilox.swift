import Compute
import Foundation

/// Philox 4x32 with ten rounds (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", 2011),
/// written down from the paper.
package enum ReferencePhilox {
    package static func words(counter: [UInt32], key: [UInt32]) -> [UInt32] {
        var (c, k) = (counter, key)
        for round in 0..<10 {
            if round > 0 {
                k[0] &+= 0x9E37_79B9
                k[1] &+= 0xBB67_AE85
            }
            let first = UInt64(c[0]) * 0xD251_1F53
            let second = UInt64(c[2]) * 0xCD9E_8D57
            c = [
                UInt32(second >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: second),
                UInt32(first >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: first),
            ]
        }
        return c
    }

    /// The draw of one element. `key` holds two Int32 words.
    package static func draw(_ kind: RandomDistribution, key: [Double], stream: UInt32, element: Int) -> Double {
        let words = words(
            counter: [
                UInt32(truncatingIfNeeded: element), UInt32(truncatingIfNeeded: element >> 32), stream, 0,
            ],
            key: key.map { UInt32(truncatingIfNeeded: Int($0)) })
        let unit = 0x1p-24
        switch kind {
        case .uniform: return Double(words[0] >> 8) * unit
        case .normal:
            let radius = (-2 * Foundation.log((Double(words[0] >> 8) + 1) * unit)).squareRoot()
            return radius * Foundation.cos(2 * .pi * Double(words[1] >> 8) * unit)
        case .bits: return Double(Int32(bitPattern: words[0]))
        }
    }
}
