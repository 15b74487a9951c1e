import Compute

extension Tensor {
    /// The sum over axes (all of them by default). Float32 or Int32.
    public func sum(_ axes: [Int]? = nil, keepingDimensions: Bool = false) throws -> Tensor {
        try reduced(.sum, axes, keepingDimensions)
    }

    /// The largest element over axes. Where several are equal, the gradient is shared among them.
    public func maximum(over axes: [Int]? = nil, keepingDimensions: Bool = false) throws -> Tensor {
        try reduced(.maximum, axes, keepingDimensions)
    }

    /// The smallest element over axes.
    public func minimum(over axes: [Int]? = nil, keepingDimensions: Bool = false) throws -> Tensor {
        try -(-self).maximum(over: axes, keepingDimensions: keepingDimensions)
    }

    /// The arithmetic mean over axes.
    public func mean(_ axes: [Int]? = nil, keepingDimensions: Bool = false) throws -> Tensor {
        let total = try sum(axes, keepingDimensions: keepingDimensions)
        return try total * (Float(total.count) / Float(max(count, 1)))
    }

    /// The mean squared deviation from the mean over axes (divided by the number of elements).
    public func variance(_ axes: [Int]? = nil, keepingDimensions: Bool = false) throws -> Tensor {
        let deviation = try self - mean(axes, keepingDimensions: true)
        return try deviation.square().mean(axes, keepingDimensions: keepingDimensions)
    }

    /// `log Σ exp(x)` over an axis, without overflow.
    public func logSumExp(axis: Int = -1, keepingDimensions: Bool = false) throws -> Tensor {
        // The shift cancels, so it carries no gradient. A row of -infinity is shifted by zero: its sum is log 0.
        let peak = try maximum(over: [axis], keepingDimensions: true).stoppedGradient()
        let finite = try Tensor.select(peak.equal(Tensor(-Float.infinity)), Tensor(0), peak)
        let result = try (self - finite).exp().sum([axis], keepingDimensions: true).log() + finite
        if keepingDimensions { return result }
        var newShape = shape
        newShape.remove(at: try Tensor.normalized(axis: axis, rank: rank, operation: "logSumExp"))
        return try result.reshaped(newShape)
    }

    /// `exp(x) / Σ exp(x)` over an axis.
    public func softmax(axis: Int = -1) throws -> Tensor {
        let shifted = try self - maximum(over: [axis], keepingDimensions: true).stoppedGradient()
        let weights = try shifted.exp()
        return try weights / weights.sum([axis], keepingDimensions: true)
    }

    /// The logarithm of `softmax`.
    public func logSoftmax(axis: Int = -1) throws -> Tensor {
        try self - logSumExp(axis: axis, keepingDimensions: true)
    }

    /// The index of the first largest element along an axis, Int32.
    public func argmax(axis: Int = -1) throws -> Tensor {
        let axis = try Tensor.normalized(axis: axis, rank: rank, operation: "argmax")
        let peak = try maximum(over: [axis], keepingDimensions: true)
        let behind = try -Tensor.coordinates(shape, axis: axis)
        let absent = Tensor(Int32.min + 1)
        return try -Tensor.select(equal(peak), behind, absent).maximum(over: [axis])
    }

    private func reduced(
        _ operation: Reduction.Operation, _ axes: [Int]?, _ keepingDimensions: Bool
    ) throws -> Tensor {
        guard dtype == .float32 || dtype == .int32 else {
            throw TensorError.typeMismatch(operation: "\(operation)", expected: "Float32 or Int32", found: [dtype])
        }
        let axes =
            try axes.map { try Set($0.map { try Tensor.normalized(axis: $0, rank: rank, operation: "\(operation)") }) }
            ?? Set(0..<rank)
        let kept = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
        // An axis of extent one has nothing to reduce.
        let reducing = axes.filter { shape[$0] != 1 }.sorted()
        var result = self
        if !reducing.isEmpty {
            result = Tensor(
                .reduce(operation, axes: reducing), [self],
                shape: shape.indices.filter { !reducing.contains($0) }.map { shape[$0] }, dtype: dtype)
        }
        return try result.reshaped(
            keepingDimensions ? kept : shape.indices.filter { !axes.contains($0) }.map { shape[$0] })
    }

    /// The same value, taken as a constant by gradients.
    public func stoppedGradient() -> Tensor {
        Tensor(.cast, [self], shape: shape, dtype: dtype)
    }
}
