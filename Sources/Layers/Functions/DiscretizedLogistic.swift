import Foundation
import Tensors

/// The logistic distribution cut into the bins of pixel levels (Salimans, Karpathy, Chen, Kingma: PixelCNN++, 2017,
/// section 2.1).
public enum DiscretizedLogistic {
    /// The logarithm of the probability of the bin around `x`. With `F` the logistic distribution function of the mean
    /// and scale, and `h` half a bin: `log(F(x + h) - F(x - h))`, where the bin of the lowest level reaches to -∞ and the
    /// highest level's to ∞.
    ///
    /// With `a` and `b` the standardised ends, `σ(a) - σ(b) = σ(a) σ(-b) (1 - exp(b - a))`: the logarithm of each factor
    /// is exact in the tails, so that no approximation is needed there.
    ///
    /// Shapes: any that broadcast together; a component axis gives each component's term of a mixture.
    /// - Parameters:
    ///   - x: pixels scaled to `-1 ... 1`, level `k` of `levels` at `2 k / (levels - 1) - 1`.
    ///   - logScale: below `minimumLogScale` it counts as that.
    /// - Throws: `LayerError.badSetting` unless there are two or more levels; `TensorError`.
    public static func logLikelihood(
        _ x: Tensor, mean: Tensor, logScale: Tensor, levels: Int = 256, minimumLogScale: Float = -7
    ) throws -> Tensor {
        try Settings(of: "DiscretizedLogistic").require(levels >= 2, "levels", "2 or more", found: levels)
        let half = Float(1 / Double(levels - 1))
        let inverseScale = try (-logScale.maximum(Tensor(minimumLogScale))).exp()
        let deviation = try x - mean
        let upper = try (deviation + half) * inverseScale
        let lower = try (deviation - half) * inverseScale
        let isLowest = try x.less(Tensor(half - 1))
        let isHighest = try x.greater(Tensor(1 - half))
        let logWidth = try (-(inverseScale * (-2 * half)).expm1()).log()
        return try Tensor.select(isHighest, Tensor(0), -(-upper).softplus())
            - Tensor.select(isLowest, Tensor(0), lower.softplus())
            + Tensor.select(isLowest.or(isHighest), Tensor(0), logWidth)
    }
}
