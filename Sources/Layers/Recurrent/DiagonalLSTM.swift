import Tensors

/// One direction of the Diagonal BiLSTM (van den Oord, Kalchbrenner & Kavukcuoglu 2016, "Pixel recurrent neural networks",
/// section 3.2): a long short-term memory whose steps are the diagonals of an image, from the top left corner to the
/// bottom right one. At row r and column x,
///
///     i, f, g, o = K_is x_{r,x} + K_ss (h_{r-1,x}, h_{r,x-1}) + b
///     c_{r,x} = σ(f) c_{r,x-1} + σ(i) tanh(g)
///     h_{r,x} = σ(o) tanh(c_{r,x})
///
/// with zeros outside the image: a position sees all that is neither below it nor to its right. In the skewed image a
/// diagonal is a column, and the state-to-state product a convolution along the column before, of two taps.
///
/// The input-to-state convolution is 1x1 with mask B, for the whole image before the recurrence. The state-to-state
/// convolution is not masked, and neither are its channels: the pixels above and to the left come earlier with all of
/// their channels.
///
/// Shapes: `x [N, rows, W, inputs]`, `stateWeight [2, hidden, 4 hidden]` (the tap above, then the one to the left), output
/// `[N, rows, W, hidden]`. The gates come in the order i, f, g, o.
public struct DiagonalLSTM: Module {
    public let inputToState: MaskedConv2d
    public let stateWeight: Parameter
    private let hidden: Int

    /// - Parameter groups: of channels in order, as of `MaskedConv2d`.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(_ inputs: Int, hidden: Int, groups: Int = 1) throws {
        try Settings(of: "DiagonalLSTM").requirePositive("hidden", hidden)
        let gates = LSTMGates.count * hidden
        inputToState = try MaskedConv2d(
            inputs, gates, kernel: (1, 1), mask: .b, groups: groups, parts: LSTMGates.count)
        stateWeight = Parameter([2, hidden, gates], .fanInUniform(fanIn: 2 * hidden))
        self.hidden = hidden
    }

    /// - Parameter above: the output of the row above, `[N, W, hidden]`; nil at the top of an image, where it is zero.
    /// - Throws: `TensorError` where shapes do not fit.
    public func callAsFunction(_ x: Tensor, above: Tensor?, _ context: Context) throws -> Tensor {
        // The bias is inside the image only: to the left of it gates are zero, and so the states stay zero there.
        let gates = try inputToState(x, context).skewed().permuted([2, 0, 1, 3])
        let (count, rows) = (gates.shape[1], gates.shape[2])
        var sequences = [gates]
        if let above {
            // Above the first row of step t is column t.
            sequences.append(
                try above.permuted([1, 0, 2]).padded(before: [0, 0, 0], after: [rows - 1, 0, 0]).expandedDimensions(2))
        }
        // As a matrix product of both taps side by side, the convolution can be part of one launch for all diagonals.
        let weight = try stateWeight.tensor.reshaped([2 * hidden, LSTMGates.count * hidden])
        let zero = try Tensor.zeros([count, rows, hidden])
        let scan = try Tensor.scan(sequences, from: [zero, zero]) { inputs, state in
            let lowered =
                try inputs.count == 1
                ? state[0].padded(before: [0, 1, 0], after: [0, 0, 0])
                : Tensor.concatenate([inputs[1], state[0]], axis: 1)
            let before = try Tensor.concatenate([lowered.sliced(0..<rows, axis: 1), state[0]], axis: -1).matmul(weight)
            let next = try LSTMGates.applied(inputs[0] + before, cell: state[1])
            return ([next.hidden, next.cell], [next.hidden])
        }
        return try scan.outputs[0].permuted([1, 2, 0, 3]).unskewed()
    }
}
