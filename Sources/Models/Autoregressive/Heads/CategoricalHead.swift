import Layers
import Tensors

/// Each channel of a pixel takes one of its levels with probabilities softmax(logits) (van den Oord, Kalchbrenner &
/// Kavukcuoglu 2016, "Pixel recurrent neural networks", section 2.2).
///
/// Parameters: [channel][level], a logit each. Uniform numbers: one a channel.
public struct CategoricalHead: PixelHead {
    public let levels: Int
    public let channels: Int

    public init(levels: Int, channels: Int) {
        self.levels = levels
        self.channels = channels
    }

    public var parameters: Int { channels * levels }
    public var uniforms: Int { channels }
    public var drawsWholePixels: Bool { channels == 1 }

    public func logLikelihood(pixels: Tensor, parameters: Tensor) throws -> Tensor {
        let labels = try (pixels * Float(levels - 1)).round().cast(to: .int32)
        return try -Loss.crossEntropy(logits: logits(parameters), labels: labels, reduction: .none).sum([-1])
    }

    public func draw(parameters: Tensor, uniforms: Tensor, temperature: Tensor) throws -> Tensor {
        let logits = try logits(parameters)
        let weights = try ((logits - logits.maximum(over: [-1], keepingDimensions: true)) / temperature).exp()
        let level = try weights.inverseDistribution(uniforms).cast(to: .float32)
        return try level * (1 / Float(levels - 1))
    }

    private func logits(_ parameters: Tensor) throws -> Tensor {
        try parameters.reshaped(Array(parameters.shape.dropLast()) + [channels, levels])
    }
}

extension Tensor {
    /// The inverse of the distribution functions that weights have along the last axis: the number of categories whose
    /// summed weights, up to and with their own, are at most `uniforms` times the sum of all.
    ///
    /// Shapes: weights [..., categories], 0 or more and not all 0; uniforms [...] in [0, 1) -> Int32 [...].
    ///
    /// Sums are searched in two levels, groups first: about 4 n operations for n categories instead of n²/2.
    func inverseDistribution(_ uniforms: Tensor) throws -> Tensor {
        let leading = Array(shape.dropLast())
        let categories = shape[rank - 1]
        let width = Int(Double(categories).squareRoot().rounded(.up))
        let groups = (categories + width - 1) / width
        var after = [Int](repeating: 0, count: rank)
        after[rank - 1] = groups * width - categories
        let grouped = try padded(before: [Int](repeating: 0, count: rank), after: after)
            .reshaped(leading + [groups, width])

        let sums = try grouped.sum([-1])
        let threshold = try uniforms.expandedDimensions(-1) * sums.sum([-1], keepingDimensions: true)
        let group = try sums.prefixSums().countedUp(to: threshold)
        let before = try Tensor.select(
            Tensor.coordinates([groups], axis: 0).less(group.expandedDimensions(-1)), sums, Tensor(0)
        ).sum([-1], keepingDimensions: true)
        let isGroup = try Tensor.coordinates([groups, 1], axis: 0).equal(group.reshaped(leading + [1, 1]))
        let chosen = try Tensor.select(isGroup, grouped, Tensor(0)).sum([-2])
        let place = try (chosen.prefixSums() + before).countedUp(to: threshold)
        return try (group * Tensor(Int32(width)) + place).minimum(Tensor(Int32(categories - 1)))
    }

    /// Sums along the last axis up to and with each element.
    private func prefixSums() throws -> Tensor {
        let extent = shape[rank - 1]
        let square = [extent, extent]
        let isBefore = try Tensor.coordinates(square, axis: 0).lessOrEqual(Tensor.coordinates(square, axis: 1))
        return try Tensor.select(isBefore, expandedDimensions(-1), Tensor(0)).sum([-2])
    }

    /// How many elements of the last axis are at most the threshold, not counting the last: Int32 [...].
    private func countedUp(to threshold: Tensor) throws -> Tensor {
        let last = Int32(shape[rank - 1] - 1)
        return try lessOrEqual(threshold).cast(to: .int32).sum([-1]).minimum(Tensor(last))
    }
}
