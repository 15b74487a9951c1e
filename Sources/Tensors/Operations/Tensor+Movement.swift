import Compute

// Movement operations copy nothing by themselves: they change how the next operation reads.
extension Tensor {
    /// The same elements, in row-major order, under another shape. One extent may be -1: it is worked out.
    public func reshaped(_ newShape: [Int]) throws -> Tensor {
        var newShape = newShape
        let known = newShape.filter { $0 != -1 }.reduce(1, *)
        if let axis = newShape.firstIndex(of: -1), known > 0, count % known == 0 { newShape[axis] = count / known }
        guard newShape.allSatisfy({ $0 >= 0 }), newShape.reduce(1, *) == count else {
            throw TensorError.shapeMismatch(
                operation: "reshaped", expected: "a shape of \(count) elements", found: [shape, newShape])
        }
        if newShape == shape { return self }
        return Tensor(.reshape, [self], shape: newShape, dtype: dtype)
    }

    /// Axes in another order: axis `i` of the result is axis `axes[i]` of this tensor.
    public func permuted(_ axes: [Int]) throws -> Tensor {
        let axes = try axes.map { try Tensor.normalized(axis: $0, rank: rank, operation: "permuted") }
        guard axes.sorted() == Array(0..<rank) else {
            throw TensorError.outOfRange(
                operation: "permuted", expected: "each of the \(rank) axes once", found: "\(axes)")
        }
        if axes == Array(0..<rank) { return self }
        return Tensor(.permute(axes), [self], shape: axes.map { shape[$0] }, dtype: dtype)
    }

    /// Two axes exchanged; by default the last two.
    public func transposed(_ first: Int = -2, _ second: Int = -1) throws -> Tensor {
        let a = try Tensor.normalized(axis: first, rank: rank, operation: "transposed")
        let b = try Tensor.normalized(axis: second, rank: rank, operation: "transposed")
        var axes = Array(0..<rank)
        axes.swapAt(a, b)
        return try permuted(axes)
    }

    /// Repeats axes of extent one, and adds leading axes, to reach `newShape`.
    public func broadcast(to newShape: [Int]) throws -> Tensor {
        if newShape == shape { return self }
        try Tensor.check(newShape, operation: "broadcast")
        let missing = newShape.count - rank
        guard missing >= 0, zip(shape, newShape.dropFirst(missing)).allSatisfy({ $0 == $1 || $0 == 1 }) else {
            throw TensorError.shapeMismatch(
                operation: "broadcast", expected: "a shape that repeats to \(newShape)", found: [shape])
        }
        let aligned = try reshaped([Int](repeating: 1, count: missing) + shape)
        if newShape == aligned.shape { return aligned }
        return Tensor(.expand, [aligned], shape: newShape, dtype: dtype)
    }

    /// A new axis of extent one before `axis` (`rank` adds it at the end; negative axes count from the back).
    public func expandedDimensions(_ axis: Int) throws -> Tensor {
        let axis = try Tensor.normalized(axis: axis, rank: rank + 1, operation: "expandedDimensions")
        var newShape = shape
        newShape.insert(1, at: axis)
        return try reshaped(newShape)
    }

    /// Every axis from `axis` on folded into one.
    public func flattened(from axis: Int = 0) throws -> Tensor {
        guard rank > 0 else { return try reshaped([1]) }
        let axis = try Tensor.normalized(axis: axis, rank: rank, operation: "flattened")
        return try reshaped(Array(shape[..<axis]) + [shape[axis...].reduce(1, *)])
    }

    /// The elements `range` of an axis, every `step`-th of them.
    public func sliced(_ range: Range<Int>, axis: Int, step: Int = 1) throws -> Tensor {
        let axis = try Tensor.normalized(axis: axis, rank: rank, operation: "sliced")
        guard range.lowerBound >= 0, range.upperBound <= shape[axis], step >= 1 else {
            throw TensorError.outOfRange(
                operation: "sliced", expected: "a range inside 0 ..< \(shape[axis]) and a step of 1 or more",
                found: "\(range) by \(step)")
        }
        if range == 0..<shape[axis], step == 1 { return self }
        var (newShape, starts, steps) = (shape, [Int](repeating: 0, count: rank), [Int](repeating: 1, count: rank))
        newShape[axis] = (range.count + step - 1) / step
        starts[axis] = range.lowerBound
        steps[axis] = step
        return Tensor(.slice(starts: starts, steps: steps), [self], shape: newShape, dtype: dtype)
    }

    /// Zeros (or false) added before and after each axis.
    public func padded(before: [Int], after: [Int]) throws -> Tensor {
        guard before.count == rank, after.count == rank, (before + after).allSatisfy({ $0 >= 0 }) else {
            throw TensorError.outOfRange(
                operation: "padded", expected: "\(rank) amounts of 0 or more on each side", found: "\(before), \(after)"
            )
        }
        if (before + after).allSatisfy({ $0 == 0 }) { return self }
        let newShape = shape.indices.map { before[$0] + shape[$0] + after[$0] }
        try Tensor.check(newShape, operation: "padded")
        return Tensor(.pad(before: before), [self], shape: newShape, dtype: dtype)
    }

    /// The order of the elements reversed along axes.
    public func flipped(_ axes: [Int]) throws -> Tensor {
        let axes = try Set(axes.map { try Tensor.normalized(axis: $0, rank: rank, operation: "flipped") }).sorted()
        return axes.isEmpty ? self : Tensor(.flip(axes: axes), [self], shape: shape, dtype: dtype)
    }

    /// Tensors joined along an axis; their other extents are equal.
    public static func concatenate(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
        guard let first = tensors.first else {
            throw TensorError.outOfRange(operation: "concatenate", expected: "at least one tensor", found: "none")
        }
        if tensors.count == 1 { return first }
        let axis = try normalized(axis: axis, rank: first.rank, operation: "concatenate")
        guard tensors.allSatisfy({ $0.dtype == first.dtype }) else {
            throw TensorError.typeMismatch(
                operation: "concatenate", expected: "one type", found: tensors.map(\.dtype))
        }
        var newShape = first.shape
        newShape[axis] = 0
        for tensor in tensors {
            var expected = tensor.shape
            if tensor.rank == first.rank { expected[axis] = first.shape[axis] }
            guard expected == first.shape else {
                throw TensorError.shapeMismatch(
                    operation: "concatenate", expected: "shapes equal but for axis \(axis)",
                    found: tensors.map(\.shape))
            }
            newShape[axis] += tensor.shape[axis]
        }
        try check(newShape, operation: "concatenate")
        return Tensor(.concatenate(axis: axis), tensors, shape: newShape, dtype: first.dtype)
    }

    /// Tensors of one shape joined along a new axis.
    public static func stack(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
        try concatenate(tensors.map { try $0.expandedDimensions(axis) }, axis: axis)
    }

    /// Parts of the given extents along an axis.
    public func split(_ extents: [Int], axis: Int) throws -> [Tensor] {
        let axis = try Tensor.normalized(axis: axis, rank: rank, operation: "split")
        guard extents.allSatisfy({ $0 >= 0 }), extents.reduce(0, +) == shape[axis] else {
            throw TensorError.outOfRange(
                operation: "split", expected: "extents that add up to \(shape[axis])", found: "\(extents)")
        }
        var start = 0
        return try extents.map { extent in
            defer { start += extent }
            return try sliced(start..<(start + extent), axis: axis)
        }
    }
}
