/// The gradient of a node, as far as its users have given their shares.
///
/// The shares of slices that make up a whole axis are joined: padded with zeros and added up, each would be computed where
/// it is zero, too.
struct GradientSum {
    private var sum: Tensor?
    /// The shares of slices, by the axis that they cut and by the place in it.
    private var slices: [Int: [Range<Int>: Tensor]] = [:]

    mutating func add(_ share: Tensor) throws { sum = try sum.map { try $0 + share } ?? share }

    /// Adds the gradient of a slice that takes `range` of one axis.
    mutating func add(_ share: Tensor, axis: Int, range: Range<Int>) throws {
        slices[axis, default: [:]][range] = try slices[axis]?[range].map { try $0 + share } ?? share
    }

    /// All shares together; nil where there is none.
    /// - Parameter shape: the node's.
    mutating func total(_ shape: [Int]) throws -> Tensor? {
        for (axis, parts) in slices.sorted(by: { $0.key < $1.key }) {
            let parts = parts.sorted { ($0.key.lowerBound, $0.key.upperBound) < ($1.key.lowerBound, $1.key.upperBound) }
            let ends = [0] + parts.map(\.key.upperBound)
            if parts.map(\.key.lowerBound) + [shape[axis]] == ends {
                try add(Tensor.concatenate(parts.map(\.value), axis: axis))
                continue
            }
            for (range, part) in parts {
                let starts = shape.indices.map { $0 == axis ? range.lowerBound : 0 }
                try add(part.placed(in: shape, starts: starts, steps: shape.map { _ in 1 }))
            }
        }
        slices = [:]
        return sum
    }
}

extension Node {
    /// The axis and the range that a slice takes, where it cuts one axis and leaves nothing out within it.
    var slicedAxis: (axis: Int, range: Range<Int>)? {
        guard case .slice(let starts, let steps) = operation, steps.allSatisfy({ $0 == 1 }) else { return nil }
        let cut = shape.indices.filter { shape[$0] != inputs[0].shape[$0] }
        guard cut.count == 1, let axis = cut.first else { return nil }
        return (axis, starts[axis]..<starts[axis] + shape[axis])
    }
}
