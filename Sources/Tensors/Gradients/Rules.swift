import Compute

/// The vector-Jacobian product of one operation: for each input, what it receives from `gradient`, the gradient of the
/// operation's result `y`. One rule an operation, each written in ordinary operations.
/// Entries are `nil` where no gradient flows (or none is `wanted`).
func inputGradients(of y: Tensor, gradient g: Tensor, wanted: [Bool]) throws -> [Tensor?] {
    let inputs = y.node.inputs.map { Tensor($0) }
    func each(_ rules: () throws -> Tensor?...) throws -> [Tensor?] {
        try zip(wanted, rules).map { wanted, rule in wanted ? try rule() : nil }
    }
    switch y.node.operation {
    case .constant, .source, .coordinate, .random:
        return []
    case .cast:
        // Between types no gradient flows; a cast to the same type is `stoppedGradient`.
        return [nil]
    case .unary(let operation):
        return [try unaryGradient(operation, inputs[0], y, g)]
    case .binary(let operation):
        return try binaryGradients(operation, inputs[0], inputs[1], y, g, wanted)
    case .select:
        return try each(
            { nil },
            { try Tensor.select(inputs[0], g, Tensor(0)) },
            { try Tensor.select(inputs[0], Tensor(0), g) })

    case .reshape:
        return [try g.reshaped(inputs[0].shape)]
    case .permute(let axes):
        return [try g.permuted(axes.indices.sorted { axes[$0] < axes[$1] })]
    case .expand:
        let repeated = y.shape.indices.filter { inputs[0].shape[$0] != y.shape[$0] }
        return [try g.sum(repeated, keepingDimensions: true)]
    case .slice(let starts, let steps):
        return [try g.placed(in: inputs[0].shape, starts: starts, steps: steps)]
    case .pad(let before):
        var part = g
        for axis in g.shape.indices {
            part = try part.sliced(before[axis]..<(before[axis] + inputs[0].shape[axis]), axis: axis)
        }
        return [part]
    case .flip(let axes):
        return [try g.flipped(axes)]
    case .concatenate(let axis):
        let parts = try g.split(inputs.map { $0.shape[axis] }, axis: axis)
        return zip(parts, wanted).map { $1 ? $0 : nil }

    case .reduce(.sum, let axes):
        return [try g.restored(axes, to: inputs[0].shape)]
    case .reduce(.maximum, let axes):
        let isPeak = try inputs[0].equal(y.restored(axes, to: inputs[0].shape))
        let ties = try isPeak.cast(to: .float32).sum(axes)
        return [try Tensor.select(isPeak, (g / ties).restored(axes, to: inputs[0].shape), Tensor(0))]

    case .contraction:
        return try each(
            { try g.matmul(inputs[1].transposed()) },
            { try inputs[0].transposed().matmul(g) })
    case .convolution(.forward, let geometry):
        return try each(
            { try Tensor.convolution(.inputGradient, geometry, g, inputs[1]) },
            { try Tensor.convolution(.weightGradient, geometry, inputs[0], g) })
    case .convolution(.inputGradient, let geometry):
        return try each(
            { try Tensor.convolution(.forward, geometry, g, inputs[1]) },
            { try Tensor.convolution(.weightGradient, geometry, g, inputs[0]) })
    case .convolution(.weightGradient, let geometry):
        return try each(
            { try Tensor.convolution(.inputGradient, geometry, inputs[1], g) },
            { try Tensor.convolution(.forward, geometry, inputs[0], g) })
    case .gather:
        return try each({ try g.scatterAdded(inputs[1], rows: inputs[0].shape[0]) }, { nil })
    case .scatterAdd:
        return try each({ try g.gathered(inputs[1]) }, { nil })
    case .scan(let operation):
        return try ScanGradient(of: y, operation).shares(of: g, wanted: wanted)
    }
}

private func unaryGradient(_ operation: UnaryOperation, _ x: Tensor, _ y: Tensor, _ g: Tensor) throws -> Tensor? {
    switch operation {
    case .negate: try -g
    case .absolute: try g * x.sign()
    case .exp: try g * y
    case .log: try g / x
    case .log1p: try g / (x + 1)
    case .expm1: try g * (y + 1)
    case .sqrt: try g * 0.5 / y
    case .rsqrt: try g * -0.5 * y * y * y
    case .reciprocal: try -g * y * y
    case .sin: try g * x.cos()
    case .cos: try -g * x.sin()
    case .tanh: try g * (1 - y * y)
    case .sigmoid: try g * y * (1 - y)
    case .softplus: try g * x.sigmoid()
    case .erf: try g * (Float(2 / Double.pi.squareRoot()) * (-(x * x)).exp())
    case .sign, .floor, .round, .not: nil
    }
}

private func binaryGradients(
    _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, _ y: Tensor, _ g: Tensor, _ wanted: [Bool]
) throws -> [Tensor?] {
    func pair(_ first: () throws -> Tensor?, _ second: () throws -> Tensor?) throws -> [Tensor?] {
        [wanted[0] ? try first() : nil, wanted[1] ? try second() : nil]
    }
    let zero = Tensor(0)
    switch operation {
    case .add: return [g, g]
    case .subtract: return try pair({ g }, { try -g })
    case .multiply: return try pair({ try g * b }, { try g * a })
    case .divide: return try pair({ try g / b }, { try -g * y / b })
    // Away from its jumps, a - b * trunc(a / b) has the slopes 1 and -trunc(a / b).
    case .remainder: return try pair({ g }, { try g * (y - a) / b })
    // The gradient goes to the larger argument, to the second where they are equal. Written with `y` and `b`, so that
    // `maximum(x, 0)` needs only its own result for the way back.
    case .maximum:
        return try pair(
            { try Tensor.select(b.less(y), g, zero) }, { try Tensor.select(b.less(y), zero, g) })
    case .minimum:
        return try pair(
            { try Tensor.select(y.less(b), g, zero) }, { try Tensor.select(y.less(b), zero, g) })
    case .power:
        // At a = 0 the slope along b is taken as zero, and so is 0 * a^(b-1) where b = 0.
        return try pair(
            { try Tensor.select(b.equal(zero), zero, g * b * a.power(b - 1)) },
            { try Tensor.select(a.equal(zero), zero, g * y * Tensor.select(a.equal(zero), Tensor(1), a).log()) })
    case .equal, .notEqual, .less, .lessOrEqual, .and, .or: return [nil, nil]
    }
}

extension Tensor {
    /// Reduced axes put back, and repeated to `shape`.
    fileprivate func restored(_ axes: [Int], to shape: [Int]) throws -> Tensor {
        try reshaped(shape.indices.map { axes.contains($0) ? 1 : shape[$0] }).broadcast(to: shape)
    }

    /// The inverse of a slice: this tensor at every `steps`-th place from `starts` on, zeros elsewhere.
    func placed(in shape: [Int], starts: [Int], steps: [Int]) throws -> Tensor {
        var result = self
        for axis in shape.indices where steps[axis] > 1 {
            // Zeros between neighbours: a new inner axis of `step`, of which the tensor is the first.
            var inner = result.shape
            inner.insert(1, at: axis + 1)
            var after = [Int](repeating: 0, count: inner.count)
            after[axis + 1] = steps[axis] - 1
            var merged = result.shape
            merged[axis] *= steps[axis]
            result = try result.reshaped(inner).padded(before: after.map { _ in 0 }, after: after).reshaped(merged)
            // What the last element's zeros add beyond the slice's end is cut off.
            let extent = min(merged[axis], shape[axis] - starts[axis])
            result = try result.sliced(0..<extent, axis: axis)
        }
        let after = shape.indices.map { shape[$0] - starts[$0] - result.shape[$0] }
        return try result.padded(before: starts, after: after)
    }
}
