import Compute

extension Tensor {
    /// The matrix product over the last two axes, `[…, M, K] · […, K, N] -> […, M, N]`; leading axes broadcast.
    /// A first argument of rank one or more may meet a second of rank two: `[…, K] · [K, N] -> […, N]`.
    /// - Throws: `TensorError.shapeMismatch`, `TensorError.typeMismatch` (both Float32).
    public func matmul(_ other: Tensor) throws -> Tensor {
        guard dtype == .float32, other.dtype == .float32 else {
            throw TensorError.typeMismatch(operation: "matmul", expected: "Float32", found: [dtype, other.dtype])
        }
        guard rank >= 1, other.rank >= 2, shape[rank - 1] == other.shape[other.rank - 2] else {
            throw TensorError.shapeMismatch(
                operation: "matmul", expected: "[…, M, K] and […, K, N]", found: [shape, other.shape])
        }
        let (depth, columns) = (other.shape[other.rank - 2], other.shape[other.rank - 1])
        if other.rank == 2 {
            // One matrix for all rows: every leading axis is a row.
            let rows = try reshaped([1, shape.dropLast().reduce(1, *), depth])
            let result = Tensor(
                .contraction, [rows, try other.reshaped([1, depth, columns])],
                shape: [1, rows.shape[1], columns], dtype: .float32)
            return try result.reshaped(Array(shape.dropLast()) + [columns])
        }
        guard rank >= 2 else {
            throw TensorError.shapeMismatch(
                operation: "matmul", expected: "[…, M, K] and […, K, N]", found: [shape, other.shape])
        }
        let rows = shape[rank - 2]
        let leading = try Tensor.broadcastShape(
            [Array(shape.dropLast(2)), Array(other.shape.dropLast(2))], operation: "matmul")
        let batch = leading.reduce(1, *)
        let a = try broadcast(to: leading + [rows, depth]).reshaped([batch, rows, depth])
        let b = try other.broadcast(to: leading + [depth, columns]).reshaped([batch, depth, columns])
        return try Tensor(.contraction, [a, b], shape: [batch, rows, columns], dtype: .float32)
            .reshaped(leading + [rows, columns])
    }

    /// The rows of a table that indices name: `[rows, …] , Int32 […] -> […, …]`. An index outside the table gives zeros.
    public func gathered(_ indices: Tensor) throws -> Tensor {
        guard indices.dtype == .int32 else {
            throw TensorError.typeMismatch(operation: "gathered", expected: "Int32 indices", found: [indices.dtype])
        }
        guard rank >= 1 else {
            throw TensorError.shapeMismatch(
                operation: "gathered", expected: "a table of rank 1 or more", found: [shape])
        }
        let width = shape.dropFirst().reduce(1, *)
        let table = try reshaped([shape[0], width])
        let result = Tensor(
            .gather, [table, try indices.reshaped([indices.count])], shape: [indices.count, width], dtype: dtype)
        return try result.reshaped(indices.shape + shape.dropFirst())
    }

    /// Rows added into a table of zeros at the places that indices name: `[…, …] , Int32 […] -> [rows, …]`, where the
    /// leading axes of this tensor are those of `indices`. Deterministic; an index outside the table is left out.
    public func scatterAdded(_ indices: Tensor, rows: Int) throws -> Tensor {
        guard indices.dtype == .int32, dtype == .float32 else {
            throw TensorError.typeMismatch(
                operation: "scatterAdded", expected: "Float32 values and Int32 indices",
                found: [dtype, indices.dtype])
        }
        guard shape.starts(with: indices.shape), rows >= 0 else {
            throw TensorError.shapeMismatch(
                operation: "scatterAdded", expected: "values whose leading axes are those of the indices",
                found: [shape, indices.shape])
        }
        let rest = Array(shape.dropFirst(indices.rank))
        let width = rest.reduce(1, *)
        let source = try reshaped([indices.count, width])
        let result = Tensor(
            .scatterAdd, [source, try indices.reshaped([indices.count])], shape: [rows, width], dtype: .float32)
        return try result.reshaped([rows] + rest)
    }
}
