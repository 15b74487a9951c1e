import Layers
import Tensors

/// The network of a PixelRNN (van den Oord, Kalchbrenner & Kavukcuoglu 2016, "Pixel recurrent neural networks", table 1):
/// a masked convolution with mask A, recurrent layers with residual connections, and two 1x1 convolutions with ReLUs.
///
/// The channels of a pixel come one after the other, too, as in `PixelCNN`: all features are in as many groups as there
/// are channels, and at one position a group sees those before it. Between positions the recurrence mixes all features:
/// they belong to pixels that come earlier as a whole.
struct PixelRNN: Module {
    private let first: MaskedConv2d
    private let blocks: [RecurrentBlock]
    private let last: [MaskedConv2d]
    /// Rows above that the first convolution sees.
    private let reach: Int

    /// - Parameter recurrence: a layer from so many features to so many, with so many groups.
    init(
        _ images: ImageSpace, _ configuration: PixelRNNConfiguration, parameters: Int,
        recurrence: (_ inputs: Int, _ hidden: Int, _ groups: Int) throws -> any RowRecurrence
    ) throws {
        let (hidden, groups) = (configuration.hidden, images.channels)
        try images.requireFeatures(hidden)
        first = try MaskedConv2d(groups, 2 * hidden, kernel: configuration.kernel, mask: .a, groups: groups)
        blocks = try (0..<configuration.layers).map { _ in
            RecurrentBlock(
                recurrence: try recurrence(2 * hidden, hidden, groups),
                widening: try MaskedConv2d(hidden, 2 * hidden, kernel: 1, mask: .b, groups: groups))
        }
        last = try [2 * hidden, parameters].map {
            try MaskedConv2d(2 * hidden, $0, kernel: 1, mask: .b, groups: groups)
        }
        reach = configuration.kernel / 2
    }

    /// `RowRecurrentModel.rowParameters`. The state is the rows of pixels that the first convolution sees, [N, reach, W, C]
    /// in -1...1 (zeros above the image), then the states of the layers in turn.
    func callAsFunction(
        _ rows: Tensor, above: [Tensor]?, _ context: Context
    ) throws -> (parameters: Tensor, state: [Tensor]) {
        let pixels = try rows * 2 - 1
        var state = [try lastRows(pixels, above: above?[0])]
        var x = try features(pixels, above: above?[0], context)
        for block in blocks {
            let own = above.map { Array($0[state.count..<state.count + block.stateCount]) }
            let result = try block(x, above: own, context)
            x = result.output
            state += result.state
        }
        for layer in last { x = try layer(Activation.relu(x), context) }
        return (x, state)
    }

    /// The first convolution at `pixels`, given the rows above them.
    private func features(_ pixels: Tensor, above: Tensor?, _ context: Context) throws -> Tensor {
        guard let above else { return try first(pixels, context) }
        let all = try first(Tensor.concatenate([above, pixels], axis: 1), context)
        return try all.sliced(reach..<all.shape[1], axis: 1)
    }

    /// The last `reach` rows that there are.
    private func lastRows(_ pixels: Tensor, above: Tensor?) throws -> Tensor {
        let all =
            try above.map { try Tensor.concatenate([$0, pixels], axis: 1) }
            ?? pixels.padded(before: [0, reach, 0, 0], after: [0, 0, 0, 0])
        return try all.sliced(all.shape[1] - reach..<all.shape[1], axis: 1)
    }
}

/// A recurrent layer whose output is widened again and added to its input (section 3.3 of the paper, figure 5):
/// [N, rows, W, 2 hidden] -> the same.
private struct RecurrentBlock: Module {
    let recurrence: any RowRecurrence
    let widening: MaskedConv2d

    var stateCount: Int { type(of: recurrence).stateCount }

    func callAsFunction(
        _ x: Tensor, above: [Tensor]?, _ context: Context
    ) throws -> (output: Tensor, state: [Tensor]) {
        let result = try recurrence(x, above: above, context)
        return (try x + widening(result.output, context), result.state)
    }
}
