import Compute

/// Brings a body into the form that runs fastest step by step:
/// - a convolution with few pixels becomes the product of the taps side by side and the weights, which a device can run
///   inside one launch;
/// - the gradient of parts split from one tensor, a sum of padded parts, becomes their concatenation, so that each part is
///   computed for its own elements only.
struct ScanRewriting {
    let isLeaf: (Node) -> Bool
    /// What depends on the step: it grows as nodes are seen.
    private var depends: Set<ObjectIdentifier>
    private var known: [ObjectIdentifier: Tensor] = [:]

    init(isLeaf: @escaping (Node) -> Bool, stepLeaves: Set<ObjectIdentifier>) {
        self.isLeaf = isLeaf
        depends = stepLeaves
    }

    mutating func rewritten(_ tensor: Tensor) throws -> Tensor {
        for node in topologicalOrder(of: [tensor.node], isLeaf: isLeaf) where known[ObjectIdentifier(node)] == nil {
            known[ObjectIdentifier(node)] = try rewritten(node)
        }
        return known[ObjectIdentifier(tensor.node)] ?? tensor
    }

    private mutating func rewritten(_ node: Node) throws -> Tensor {
        guard !isLeaf(node), node.inputs.contains(where: { depends.contains(ObjectIdentifier($0)) }) else {
            return Tensor(node)
        }
        depends.insert(ObjectIdentifier(node))
        if node.operation == .binary(.add), let joined = try joined(node) { return joined }
        let inputs = node.inputs.map { known[ObjectIdentifier($0)] ?? Tensor($0) }
        if case .convolution(.forward, let geometry) = node.operation {
            return try ScanRewriting.product(geometry, inputs[0], inputs[1])
        }
        if zip(inputs, node.inputs).allSatisfy({ $0.node === $1 }) { return Tensor(node) }
        return Tensor(node.operation, inputs, shape: node.shape, dtype: node.dtype)
    }

    /// A convolution as one product: the taps' pixels side by side `[N, H', W', taps * C]`, times the weights.
    private static func product(_ geometry: ConvolutionGeometry, _ x: Tensor, _ weights: Tensor) throws -> Tensor {
        let (rows, columns) = (geometry.taps.map(\.dy), geometry.taps.map(\.dx))
        let (top, left) = (max(0, -(rows.min() ?? 0)), max(0, -(columns.min() ?? 0)))
        let (lastRow, lastColumn) = (
            (geometry.outputHeight - 1) * geometry.strideY, (geometry.outputWidth - 1) * geometry.strideX
        )
        let bottom = max(0, (rows.max() ?? 0) + lastRow - geometry.height + 1)
        let right = max(0, (columns.max() ?? 0) + lastColumn - geometry.width + 1)
        let padded = try x.padded(before: [0, top, left, 0], after: [0, bottom, right, 0])
        let taps = try geometry.taps.map { tap in
            let (y, x) = (tap.dy + top, tap.dx + left)
            return try padded.sliced(y..<y + lastRow + 1, axis: 1, step: geometry.strideY)
                .sliced(x..<x + lastColumn + 1, axis: 2, step: geometry.strideX)
        }
        let depth = geometry.taps.count * geometry.inputChannels
        return try Tensor.concatenate(taps, axis: 3).reshaped([-1, depth])
            .matmul(weights.reshaped([depth, geometry.outputChannels])).reshaped(geometry.outputShape)
    }

    /// A sum of which several terms are padded along one axis, and lie side by side.
    private func joined(_ sum: Node) throws -> Tensor? {
        var terms: [Node] = []
        var open = [sum]
        while let node = open.popLast() {
            if node.operation == .binary(.add), !isLeaf(node) {
                open += node.inputs.reversed()
            } else {
                terms.append(node)
            }
        }
        let parts = terms.compactMap { ScanPart($0, isLeaf) }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        guard let axis = parts.first?.axis, parts.count > 1, parts.allSatisfy({ $0.axis == axis }),
            zip(parts, parts.dropFirst()).allSatisfy({ $0.range.upperBound <= $1.range.lowerBound })
        else { return nil }
        var pieces: [Tensor] = []
        var end = 0
        func fill(to start: Int) throws {
            var gap = sum.shape
            gap[axis] = start - end
            if start > end { pieces.append(try Tensor.zeros(gap)) }
        }
        for part in parts {
            try fill(to: part.range.lowerBound)
            pieces.append(known[ObjectIdentifier(part.content)] ?? Tensor(part.content))
            end = part.range.upperBound
        }
        try fill(to: sum.shape[axis])
        let joined = try Tensor.concatenate(pieces, axis: axis)
        return try terms.filter { ScanPart($0, isLeaf) == nil }.reduce(joined) {
            try $0 + (known[ObjectIdentifier($1)] ?? Tensor($1))
        }
    }
}

/// A node that is another one with zeros before and after it along one axis.
private struct ScanPart {
    let axis: Int
    let range: Range<Int>
    let content: Node

    init?(_ node: Node, _ isLeaf: (Node) -> Bool) {
        guard case .pad(let before) = node.operation, !isLeaf(node) else { return nil }
        let content = node.inputs[0]
        let axes = node.shape.indices.filter { content.shape[$0] != node.shape[$0] }
        guard axes.count == 1 else { return nil }
        axis = axes[0]
        range = before[axis]..<before[axis] + content.shape[axis]
        self.content = content
    }
}
