import Tensors

/// The Diagonal BiLSTM of van den Oord, Kalchbrenner & Kavukcuoglu 2016, "Pixel recurrent neural networks", section 3.2:
/// a `DiagonalLSTM` and one of mirrored images, which goes from the top right corner to the bottom left one. The output
/// of the second is shifted down by one row before it is added to that of the first, so that no position sees what is
/// to its right.
///
/// Shapes: `x [N, rows, W, inputs]`, output `[N, rows, W, hidden]`; the state is the output of both directions in a row,
/// each `[N, W, hidden]`, the second one mirrored.
public struct DiagonalBiLSTM: RowRecurrence {
    public static let stateCount = 2

    public let rightward: DiagonalLSTM
    public let leftward: DiagonalLSTM

    /// - Parameter groups: of channels in order, as of `MaskedConv2d`.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(_ inputs: Int, hidden: Int, groups: Int = 1) throws {
        rightward = try DiagonalLSTM(inputs, hidden: hidden, groups: groups)
        leftward = try DiagonalLSTM(inputs, hidden: hidden, groups: groups)
    }

    public func callAsFunction(
        _ x: Tensor, above: [Tensor]?, _ context: Context
    ) throws -> (output: Tensor, state: [Tensor]) {
        let first = try rightward(x, above: above?[0], context)
        let second = try leftward(x.flipped([2]), above: above?[1], context)
        let rows = second.shape[1]
        let lowered =
            try above.map { try Tensor.concatenate([$0[1].expandedDimensions(1), second], axis: 1) }
            ?? second.padded(before: [0, 1, 0, 0], after: [0, 0, 0, 0])
        let shifted = try lowered.sliced(0..<rows, axis: 1).flipped([2])
        let state = try [first, second].map {
            try $0.sliced(rows - 1..<rows, axis: 1).reshaped([$0.shape[0], $0.shape[2], $0.shape[3]])
        }
        return (try first + shifted, state)
    }
}
