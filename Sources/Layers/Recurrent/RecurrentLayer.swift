import Tensors

/// A layer that goes along sequences, step after step, with a state.
///
/// Shapes: `x [steps, N, inputs]`, outputs `[steps, N, hidden]`, each tensor of the state `[N, hidden]`.
public protocol RecurrentLayer: Layer {
    /// Numbers that a step puts out.
    var hidden: Int { get }
    /// Tensors of the state; the first is what a step puts out.
    static var stateCount: Int { get }

    /// - Parameter state: what the first step finds; nil for zeros.
    /// - Returns: the output of every step, and the state after the last.
    func callAsFunction(_ x: Tensor, from state: [Tensor]?) throws -> (outputs: Tensor, state: [Tensor])
}

extension RecurrentLayer {
    /// The outputs of all steps, from a state of zeros.
    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor { try self(x, from: nil).outputs }

    /// The given state, or zeros, for such sequences.
    /// - Throws: `TensorError.shapeMismatch`.
    func firstState(_ state: [Tensor]?, for x: Tensor) throws -> [Tensor] {
        guard x.rank == 3 else {
            throw TensorError.shapeMismatch(
                operation: "\(Self.self)", expected: "sequences [steps, N, inputs]", found: [x.shape])
        }
        let shape = [x.shape[1], hidden]
        let state = try state ?? (0..<Self.stateCount).map { _ in try Tensor.zeros(shape) }
        guard state.count == Self.stateCount, state.allSatisfy({ $0.shape == shape }) else {
            throw TensorError.shapeMismatch(
                operation: "\(Self.self)", expected: "a state of \(Self.stateCount) x \(shape)",
                found: state.map(\.shape))
        }
        return state
    }
}
