import Tensors

/// The part of a long short-term memory that is the same for every kind of it: what the gates do to a cell.
enum LSTMGates {
    /// Gates of a cell: input, forget, candidate, output, in this order.
    static let count = 4

    /// With `i, f, g, o` the parts of the last axis, `c' = σ(f) c + σ(i) tanh(g)` and `h' = σ(o) tanh(c')`.
    ///
    /// - Parameters:
    ///   - gates: before their functions, [..., 4 hidden].
    ///   - cell: [..., hidden].
    /// - Returns: what the cells put out, h', and what they keep, c'.
    static func applied(_ gates: Tensor, cell: Tensor) throws -> (hidden: Tensor, cell: Tensor) {
        let hidden = gates.shape[gates.rank - 1] / count
        let parts = try gates.split([Int](repeating: hidden, count: count), axis: -1)
        let next = try parts[1].sigmoid() * cell + parts[0].sigmoid() * parts[2].tanh()
        return (try parts[3].sigmoid() * next.tanh(), next)
    }
}
