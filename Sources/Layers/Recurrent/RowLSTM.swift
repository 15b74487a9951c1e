import Tensors

/// The Row LSTM of van den Oord, Kalchbrenner & Kavukcuoglu 2016, "Pixel recurrent neural networks", section 3.1: a long
/// short-term memory whose steps are the rows of an image, from the top to the bottom, and whose products are
/// convolutions along the row.
///
///     i, f, g, o = K_is * x_r + K_ss * h_{r-1} + b
///     c_r = σ(f) c_{r-1} + σ(i) tanh(g)
///     h_r = σ(o) tanh(c_r)
///
/// The input-to-state convolution K_is has mask B; it is computed for the whole image before the recurrence. The
/// state-to-state convolution K_ss is not masked, and neither are its channels: all that it sees are rows above, whose
/// pixels come earlier with all of their channels. What a position sees of the rows above is a triangle, one pixel wider
/// on either side for each row.
///
/// Shapes: `x [N, rows, W, inputs]`, `stateWeight [kernel, hidden, 4 hidden]`, output `[N, rows, W, hidden]`; the state
/// is h and c of a row, each `[N, W, hidden]`. The gates come in the order i, f, g, o.
public struct RowLSTM: RowRecurrence {
    public static let stateCount = 2

    public let inputToState: MaskedConv2d
    public let stateWeight: Parameter
    private let hidden: Int
    private let kernel: Int

    /// - Parameters:
    ///   - kernel: width of both convolutions, odd.
    ///   - groups: of channels in order, as of `MaskedConv2d`.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(_ inputs: Int, hidden: Int, kernel: Int = 3, groups: Int = 1) throws {
        try Settings(of: "RowLSTM").requirePositive("hidden", hidden)
        let gates = LSTMGates.count * hidden
        inputToState = try MaskedConv2d(
            inputs, gates, kernel: (1, kernel), mask: .b, groups: groups, parts: LSTMGates.count)
        stateWeight = Parameter([kernel, hidden, gates], .fanInUniform(fanIn: kernel * hidden))
        self.hidden = hidden
        self.kernel = kernel
    }

    public func callAsFunction(
        _ x: Tensor, above: [Tensor]?, _ context: Context
    ) throws -> (output: Tensor, state: [Tensor]) {
        let gates = try inputToState(x, context)
        let (count, width) = (gates.shape[0], gates.shape[2])
        let shape = [count, width, hidden]
        let first = try above ?? (0..<Self.stateCount).map { _ in try Tensor.zeros(shape) }
        let weight = try stateWeight.tensor.reshaped([kernel * hidden, LSTMGates.count * hidden])
        let scan = try Tensor.scan([gates.permuted([1, 0, 2, 3])], from: first) { inputs, state in
            let before = try neighbours(state[0]).matmul(weight)
            let next = try LSTMGates.applied(inputs[0] + before, cell: state[1])
            return ([next.hidden, next.cell], [next.hidden])
        }
        return (try scan.outputs[0].permuted([1, 0, 2, 3]), scan.state)
    }

    /// What the taps of the state-to-state convolution see, side by side: [N, W, hidden] -> [N, W, kernel hidden]. As a
    /// matrix product the convolution can be part of one launch for all rows.
    private func neighbours(_ state: Tensor) throws -> Tensor {
        let (width, half) = (state.shape[1], kernel / 2)
        let padded = try state.padded(before: [0, half, 0], after: [0, half, 0])
        return try Tensor.concatenate((0..<kernel).map { try padded.sliced($0..<$0 + width, axis: 1) }, axis: -1)
    }
}
