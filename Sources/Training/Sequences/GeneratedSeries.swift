import Datasets
import Foundation

/// Series that are generated, of which it is known how well they can be predicted. Noise is standard normal.
public enum GeneratedSeries: String, Hashable, Sendable, CaseIterable {
    /// A cycle of about 13 steps that wanders: x_t = 1.6 x_{t-1} - 0.8 x_{t-2} + noise.
    case cycle
    /// One of two ways each time, by chance: x_t = x_{t-1} / 2 ± 1 + noise / 5. One normal distribution cannot tell it.
    case fork

    /// The first numbers of such a series.
    /// - Throws: `TrainingError.dataMismatch` for too few.
    public func series(count: Int = 6_000, seed: UInt64 = 0) throws -> Series {
        var source = SplitMix64(seed: SplitMix64.value(seed: seed, index: 0))
        func uniform() -> Double { (Double(source.next() >> 11) + 0.5) * 0x1p-53 }
        func noise() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * Double.pi * uniform()) }
        // Begins at zero, and settles before the first number that counts.
        let settling = 200
        var values = [0.0, 0.0]
        for _ in 0..<settling + max(count, 0) {
            let (last, before) = (values[values.count - 1], values[values.count - 2])
            switch self {
            case .cycle: values.append(1.6 * last - 0.8 * before + noise())
            case .fork: values.append(last / 2 + (uniform() < 0.5 ? 1 : -1) + noise() / 5)
            }
        }
        return try Series(name: rawValue, values: Array(values.dropFirst(settling + 2)), leastNats: leastNats)
    }

    /// The entropy of a number given those before, in nats. The two ways of `fork` are ten deviations apart and do not
    /// overlap.
    private var leastNats: Double {
        let normal = 0.5 * log(2 * Double.pi) + 0.5
        switch self {
        case .cycle: return normal
        case .fork: return normal + log(0.2) + log(2)
        }
    }
}
