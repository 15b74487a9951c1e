import Tensors

/// Folds every axis but the first into one: `[N, ...] -> [N, product of the others]`.
public struct Flatten: Layer {
    public init() {}

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        guard x.rank >= 1 else {
            throw TensorError.shapeMismatch(operation: "Flatten", expected: "[N, ...]", found: [x.shape])
        }
        return x.rank == 1 ? try x.reshaped([x.count, 1]) : try x.flattened(from: 1)
    }
}

/// Gives every example another shape: `[N, ...] -> [N] + shape`.
public struct Reshape: Layer {
    public let shape: [Int]

    public init(_ shape: [Int]) { self.shape = shape }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        guard x.rank >= 1 else {
            throw TensorError.shapeMismatch(operation: "Reshape", expected: "[N, ...]", found: [x.shape])
        }
        return try x.reshaped([x.shape[0]] + shape)
    }
}
