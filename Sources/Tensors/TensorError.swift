import Compute

/// A mistake in how tensors are put together, found when the operation is written down.
public enum TensorError: Error, Hashable, Sendable {
    /// Shapes that do not go together.
    case shapeMismatch(operation: String, expected: String, found: [[Int]])
    /// An element type that the operation does not take.
    case typeMismatch(operation: String, expected: String, found: [DType])
    /// An axis, index or range outside the tensor.
    case outOfRange(operation: String, expected: String, found: String)
    /// The number of values given is not the number the shape needs.
    case countMismatch(shape: [Int], expected: Int, found: Int)
    /// A gradient asked of or for something that has none.
    case noGradient(String)
    /// A variable used on a device where it does not live.
    case wrongDevice(variable: String, expected: String, found: String)
    /// Something that an operation cannot be combined with.
    case unsupported(operation: String, what: String, instead: String)
}

extension TensorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .shapeMismatch(let operation, let expected, let found):
            "\(operation): expected \(expected), got \(found.map(\.description).joined(separator: " and "))"
        case .typeMismatch(let operation, let expected, let found):
            "\(operation): expected \(expected), got \(found.map(\.description).joined(separator: " and ")); "
                + "convert with cast(to:)"
        case .outOfRange(let operation, let expected, let found):
            "\(operation): expected \(expected), got \(found)"
        case .countMismatch(let shape, let expected, let found):
            "a tensor of shape \(shape) needs \(expected) values, got \(found)"
        case .noGradient(let what):
            "no gradient: \(what)"
        case .wrongDevice(let variable, let expected, let found):
            "\(variable) lives on \(expected) and was used on \(found); place the model on the device first"
        case .unsupported(let operation, let what, let instead):
            "\(operation) does not take \(what); \(instead)"
        }
    }
}
