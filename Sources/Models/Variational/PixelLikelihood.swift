import Foundation
import Layers
import Tensors

/// The distribution that a decoder puts on each pixel.
public enum PixelDistribution: String, Hashable, Sendable, CaseIterable, Codable {
    /// A pixel is 1 with probability sigmoid(output), otherwise 0.
    case bernoulli
    /// A normal density of the dequantised pixel (level + u) / levels with u uniform in [0, 1), of mean
    /// sigmoid(output) and one learned standard deviation. What is reported is minus the log-density less D ln(levels),
    /// which bounds minus the log-probability of the levels from above (Theis, van den Oord & Bethge 2016, "A note on
    /// the evaluation of generative models"), so that it can be compared with the discretised logistic.
    case gaussian
    /// The probability that a logistic distribution of mean sigmoid(output) and one learned scale gives to the
    /// interval around the pixel's level (Kingma et al. 2016, "Improved variational inference with inverse
    /// autoregressive flow"; Salimans et al. 2017, "PixelCNN++").
    case logistic
}

/// The decoder's last part: from one output a pixel value to log-likelihoods, mean images and drawn ones.
public struct PixelLikelihood: Module {
    public let distribution: PixelDistribution
    public let levels: Int
    /// The logarithm of the standard deviation or scale that all pixels share; none for Bernoulli.
    let logScale: Parameter?

    /// The scale to start from, e^-2 of the range of a pixel: about what an untrained decoder is off by.
    private static let firstLogScale: Float = -2

    public init(_ distribution: PixelDistribution, levels: Int) {
        self.distribution = distribution
        self.levels = levels
        logScale = distribution == .bernoulli ? nil : Parameter([1], .constant(Self.firstLogScale))
    }

    /// The log-likelihood of images in nats, summed over the pixels: [..., N, D], [..., N, D] -> [..., N].
    /// - Parameter images: in 0...1, of a shape that broadcasts to that of the outputs.
    public func logLikelihood(_ images: Tensor, outputs: Tensor, _ context: Context) throws -> Tensor {
        guard let logScale = try logScale?.tensor else {
            // x log sigmoid(o) + (1 - x) log(1 - sigmoid(o))
            return try (images * outputs - outputs.softplus()).sum([-1])
        }
        let mean = try outputs.sigmoid()
        if distribution == .gaussian {
            let noise = try context.random.uniform(outputs.shape)
            let dequantised = try (images * Float(levels - 1) + noise) * (1 / Float(levels))
            let deviation = try (dequantised - mean) * (-logScale).exp()
            let constant = 0.5 * log(2 * Float.pi) + log(Float(levels))
            return try -(deviation.square() * 0.5 + logScale + constant).sum([-1])
        }
        // The layer's pixels and means are in -1...1, where the scale is twice as large.
        let logLikelihood = try DiscretizedLogistic.logLikelihood(
            images * 2 - 1, mean: mean * 2 - 1, logScale: logScale + log(Float(2)), levels: levels)
        return try logLikelihood.sum([-1])
    }

    /// The mean image in 0...1: [..., D] -> [..., D].
    public func mean(_ outputs: Tensor) throws -> Tensor { try outputs.sigmoid() }

    /// Images drawn pixel by pixel, in 0...1, on the levels of the data.
    public func draw(_ outputs: Tensor, _ context: Context) throws -> Tensor {
        let mean = try outputs.sigmoid()
        guard let logScale = try logScale?.tensor else {
            return try context.random.uniform(outputs.shape).less(mean).cast(to: .float32)
        }
        let top = Float(levels - 1)
        if distribution == .gaussian {
            let value = try mean + logScale.exp() * context.random.normal(outputs.shape)
            return try (value * Float(levels)).floor().clamped(0, top) * (1 / top)
        }
        // The inverse of the logistic distribution function, away from u = 0 where it is infinite.
        let uniform = try context.random.uniform(outputs.shape).clamped(1e-7, 1 - 1e-7)
        let logistic = try uniform.log() - (1 - uniform).log()
        return try ((mean + logScale.exp() * logistic) * top).round().clamped(0, top) * (1 / top)
    }
}
