import Tensors

/// A recurrent layer over images that goes down their rows: what the rows above tell a row is a state. A whole image is
/// the case of all rows with nothing above.
///
/// Shapes: `x [N, rows, W, inputs]`, output `[N, rows, W, hidden]`, each tensor of the state `[N, W, hidden]`.
public protocol RowRecurrence: Module {
    /// Tensors of the state that a row leaves to the next.
    static var stateCount: Int { get }

    /// - Parameter above: the state that the row above has left; nil at the top of an image, where it is zero.
    /// - Returns: the output at every position, and the state after the last row.
    /// - Throws: `TensorError` where shapes do not fit.
    func callAsFunction(
        _ x: Tensor, above: [Tensor]?, _ context: Context
    ) throws -> (output: Tensor, state: [Tensor])
}
