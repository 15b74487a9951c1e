import Layers
import Tensors

/// A mixture of logistic distributions, cut into the bins of the pixel levels (Salimans, Karpathy, Chen & Kingma 2017,
/// "PixelCNN++", sections 2.1 and 2.2). The component is common to all channels of a pixel, and within it the mean of a
/// channel depends linearly on the channels before:
///
///     mean_c(x) = mean_c + Σ over j < c of tanh(coefficient_cj) · x_j
///
/// so that one evaluation of the network is enough for a whole pixel. Pixels count as in -1...1 here.
///
/// Parameters, each for every component: logit; channels means; channels logarithms of scales (below -7 they count as
/// that); channels (channels - 1) / 2 coefficients, c = 1: j = 0; c = 2: j = 0, 1; …
/// Uniform numbers: one for the component, one a channel.
public struct LogisticMixtureHead: PixelHead {
    public let components: Int
    public let channels: Int
    public let levels: Int
    private static let minimumLogScale: Float = -7

    public init(components: Int, channels: Int, levels: Int) {
        self.components = components
        self.channels = channels
        self.levels = levels
    }

    public var parameters: Int { components * (1 + 2 * channels + channels * (channels - 1) / 2) }
    public var uniforms: Int { 1 + channels }
    public var drawsWholePixels: Bool { true }

    public func logLikelihood(pixels: Tensor, parameters: Tensor) throws -> Tensor {
        let parts = try parts(parameters)
        let x = try (pixels * 2 - 1).split([Int](repeating: 1, count: channels), axis: -1)
        var terms = try parts.logits.logSoftmax()
        for channel in 0..<channels {
            terms =
                try terms
                + DiscretizedLogistic.logLikelihood(
                    x[channel], mean: parts.mean(channel, before: x), logScale: parts.logScales[channel],
                    levels: levels, minimumLogScale: Self.minimumLogScale)
        }
        return try terms.logSumExp()
    }

    public func draw(parameters: Tensor, uniforms: Tensor, temperature: Tensor) throws -> Tensor {
        let all = try parts(parameters)
        let u = try uniforms.split([Int](repeating: 1, count: 1 + channels), axis: -1)
        let peak = try all.logits.maximum(over: [-1], keepingDimensions: true)
        let weights = try ((all.logits - peak) / temperature).exp()
        let component = try weights.inverseDistribution(u[0].reshaped(Array(uniforms.shape.dropLast())))
        let isDrawn = try Tensor.coordinates([components], axis: 0).equal(component.expandedDimensions(-1))
        let part = try all.map { try Tensor.select(isDrawn, $0, Tensor(0)).sum([-1], keepingDimensions: true) }

        let top = Float(levels - 1)
        var drawn: [Tensor] = []
        var x: [Tensor] = []
        for channel in 0..<channels {
            // The inverse of the logistic distribution function, away from u = 0 where it is infinite.
            let uniform = try u[channel + 1].maximum(1e-8)
            let logistic = try uniform.log() - (1 - uniform).log()
            let scale = try part.logScales[channel].maximum(Tensor(Self.minimumLogScale)).exp() * temperature
            let value = try part.mean(channel, before: x) + scale * logistic
            // The level whose bin holds the value: what the likelihood of the next channel starts from, too.
            let pixel = try ((value + 1) * (top / 2)).round().clamped(0, top) * (1 / top)
            drawn.append(pixel)
            x.append(try pixel * 2 - 1)
        }
        return try Tensor.concatenate(drawn, axis: -1)
    }

    /// The parameters by kind, each [..., components], or of one component [..., 1].
    private struct Parts {
        var logits: Tensor
        var means: [Tensor]
        var logScales: [Tensor]
        var coefficients: [Tensor]

        /// The mean of a channel, given the channels before it.
        func mean(_ channel: Int, before x: [Tensor]) throws -> Tensor {
            let first = channel * (channel - 1) / 2
            return try (0..<channel).reduce(means[channel]) { try $0 + coefficients[first + $1].tanh() * x[$1] }
        }

        func map(_ change: (Tensor) throws -> Tensor) rethrows -> Parts {
            Parts(
                logits: logits, means: try means.map(change), logScales: try logScales.map(change),
                coefficients: try coefficients.map(change))
        }
    }

    private func parts(_ parameters: Tensor) throws -> Parts {
        let count = self.parameters / components
        let all = try parameters.split([Int](repeating: components, count: count), axis: -1)
        return Parts(
            logits: all[0], means: Array(all[1...channels]), logScales: Array(all[(1 + channels)...(2 * channels)]),
            coefficients: Array(all[(1 + 2 * channels)...]))
    }
}
