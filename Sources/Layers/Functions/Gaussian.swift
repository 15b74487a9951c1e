import Foundation
import Tensors

/// Normal distributions with independent elements, given by means and logarithms of variances.
public enum Gaussian {
    /// `-log N(x; mean, exp(logVariance)) = (log 2π + logVariance + (x - mean)² exp(-logVariance)) / 2`.
    ///
    /// Shapes: `x [N, ...]`; the others broadcast to it.
    public static func negativeLogLikelihood(
        _ x: Tensor, mean: Tensor, logVariance: Tensor, reduction: LossReduction = .perExample
    ) throws -> Tensor {
        let distance = try (x - mean).square() * (-logVariance).exp()
        return try reduction((distance + logVariance + Float(log(2 * Double.pi))) * 0.5)
    }

    /// The divergence from the standard normal distribution, `KL(N(mean, exp(logVariance)) ‖ N(0, 1)) =
    /// (exp(logVariance) + mean² - 1 - logVariance) / 2` (Kingma and Welling 2013, appendix B).
    ///
    /// Shapes: both `[N, ...]`.
    public static func divergence(
        mean: Tensor, logVariance: Tensor, reduction: LossReduction = .perExample
    ) throws -> Tensor {
        try Loss.checkEqual(mean, logVariance, "Gaussian.divergence")
        // exp(v) - 1 - v loses all digits near v = 0 unless it is written so.
        return try reduction((logVariance.expm1() - logVariance + mean.square()) * 0.5)
    }

    /// The divergence between two, `KL(N(mean, exp(logVariance)) ‖ N(priorMean, exp(priorLogVariance)))`.
    ///
    /// Shapes: `[N, ...]` and what broadcasts to it.
    public static func divergence(
        mean: Tensor, logVariance: Tensor, priorMean: Tensor, priorLogVariance: Tensor,
        reduction: LossReduction = .perExample
    ) throws -> Tensor {
        let ratio = try logVariance - priorLogVariance
        let distance = try (mean - priorMean).square() * (-priorLogVariance).exp()
        return try reduction((ratio.expm1() - ratio + distance) * 0.5)
    }

    /// `mean + exp(logVariance / 2) · noise`, a draw whose gradient reaches both (Kingma and Welling 2013).
    public static func sample(mean: Tensor, logVariance: Tensor, random: inout RandomSource) throws -> Tensor {
        try Loss.checkEqual(mean, logVariance, "Gaussian.sample")
        return try mean + (logVariance * 0.5).exp() * random.normal(mean.shape)
    }
}
