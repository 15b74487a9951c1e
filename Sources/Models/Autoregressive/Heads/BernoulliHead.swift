import Layers
import Tensors

/// Each channel of a pixel is 1 with probability sigmoid(logit), otherwise 0.
///
/// Parameters: a logit a channel. Uniform numbers: one a channel.
public struct BernoulliHead: PixelHead {
    public let channels: Int

    public init(channels: Int) { self.channels = channels }

    public var parameters: Int { channels }
    public var uniforms: Int { channels }
    public var drawsWholePixels: Bool { channels == 1 }

    public func logLikelihood(pixels: Tensor, parameters: Tensor) throws -> Tensor {
        // x log sigmoid(o) + (1 - x) log(1 - sigmoid(o))
        try (pixels * parameters - parameters.softplus()).sum([-1])
    }

    public func draw(parameters: Tensor, uniforms: Tensor, temperature: Tensor) throws -> Tensor {
        // The distribution function at 0 is the probability of 0.
        let zero = try (-parameters / temperature).sigmoid()
        return try zero.lessOrEqual(uniforms).cast(to: .float32)
    }
}
