import Tensors

/// What a loss does with its elements.
public enum LossReduction: Hashable, Sendable {
    /// Every element by itself.
    case none
    /// Summed over all axes but the first: `[N]`.
    case perExample
    /// The mean of the examples' sums, a scalar: what a likelihood per example is.
    case batchMean
    /// The mean over all elements, a scalar.
    case mean

    func callAsFunction(_ elements: Tensor) throws -> Tensor {
        switch self {
        case .none: return elements
        case .mean: return try elements.mean()
        case .perExample, .batchMean:
            guard elements.rank >= 1 else {
                throw TensorError.shapeMismatch(operation: "loss", expected: "[N, ...]", found: [elements.shape])
            }
            guard self == .batchMean else { return try elements.sum(Array(1..<elements.rank)) }
            return try elements.sum() * (1 / Float(max(elements.shape[0], 1)))
        }
    }
}
