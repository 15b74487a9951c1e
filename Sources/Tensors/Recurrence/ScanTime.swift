import Compute

/// Writes for all steps at once, after a scan, what a body's tensors say of one step: stacked along time, or summed over
/// it.
///
/// Movement, and products that the scan itself does not need, move out of the scan. What remains has to be stacked by
/// it: `needs` finds out what that is, `values` then computes with it.
struct ScanTime {
    private let trace: ScanTrace
    private let stacked: (Node) throws -> Tensor
    /// Nodes that depend on the step, and those that the next state is computed from.
    private let depends: Set<ObjectIdentifier>
    private let inside: Set<ObjectIdentifier>

    private init(_ trace: ScanTrace, stacked: @escaping (Node) throws -> Tensor, of nodes: [Node]) {
        self.trace = trace
        self.stacked = stacked
        let next = trace.states.map(\.next.node)
        let leaves = Set((trace.sequences.map(\.leaf) + trace.states.map(\.leaf)).map { ObjectIdentifier($0) })
        let isLeaf: (Node) -> Bool = { leaves.contains(ObjectIdentifier($0)) || $0.serial < trace.start }
        inside = Set(topologicalOrder(of: next, isLeaf: isLeaf).map { ObjectIdentifier($0) })
        var depends = leaves
        for node in topologicalOrder(of: next + nodes, isLeaf: isLeaf) where !isLeaf(node) {
            if node.inputs.contains(where: { depends.contains(ObjectIdentifier($0)) }) {
                depends.insert(ObjectIdentifier(node))
            }
        }
        self.depends = depends
    }

    typealias Body = (ScanTime) throws -> [Tensor?]

    /// The tensors of one step that the scan has to stack for `body`.
    static func needs(of trace: ScanTrace, for roots: [Node], _ body: Body) throws -> [Tensor] {
        var needed: [Tensor] = []
        let time = ScanTime(
            trace,
            stacked: { node in
                if !needed.contains(where: { $0.node === node }) { needed.append(Tensor(node)) }
                return Tensor(source: ScanLeaf(shape: [trace.steps] + node.shape, dtype: node.dtype))
            }, of: roots)
        _ = try body(time)
        return needed
    }

    /// What `body` makes of those, stacked.
    static func values(
        of trace: ScanTrace, for roots: [Node], _ needed: [Tensor], _ stacked: [Tensor], _ body: Body
    ) throws -> [Tensor?] {
        let found = Dictionary(
            zip(needed, stacked).map { (ObjectIdentifier($0.node), $1) }, uniquingKeysWith: { first, _ in first })
        let time = ScanTime(
            trace,
            stacked: { node in
                guard let tensor = found[ObjectIdentifier(node)] else {
                    throw TensorError.noGradient("a value of a scan's step that was not stacked")
                }
                return tensor
            }, of: roots)
        return try body(time)
    }

    private func isInvariant(_ node: Node) -> Bool { !depends.contains(ObjectIdentifier(node)) }

    /// A node's values at all steps, `[steps, …]`.
    func lifted(_ node: Node) throws -> Tensor {
        let steps = trace.steps
        if let sequence = trace.sequences.first(where: { $0.leaf === node }) { return sequence.value }
        if isInvariant(node) {
            return try trace.outside(node).reshaped([1] + node.shape).broadcast(to: [steps] + node.shape)
        }
        if trace.states.contains(where: { $0.leaf === node }) { return try stacked(node) }
        switch node.operation {
        case .reshape, .permute, .expand, .slice, .pad, .flip:
            return try moved(lifted(node.inputs[0]), by: node.operation.underTime, to: [steps] + node.shape)
        case .concatenate(let axis) where !inside.contains(ObjectIdentifier(node)):
            return try Tensor.concatenate(node.inputs.map { try lifted($0) }, axis: axis + 1)
        case .contraction
        where !inside.contains(ObjectIdentifier(node)) && node.shape[0] == 1 && isInvariant(node.inputs[1]):
            let (rows, depth) = (node.shape[1], node.inputs[0].shape[2])
            let all = try lifted(node.inputs[0]).reshaped([steps * rows, depth])
            return try all.matmul(trace.outside(node.inputs[1]).reshaped([depth, node.shape[2]]))
                .reshaped([steps] + node.shape)
        default:
            return try stacked(node)
        }
    }

    /// The sum of a node's values over all steps.
    func summed(_ node: Node) throws -> Tensor {
        if isInvariant(node) { return try trace.outside(node) * Float(trace.steps) }
        if trace.sequences.contains(where: { $0.leaf === node }) { return try lifted(node).sum([0]) }
        let inputs = node.inputs
        switch node.operation {
        case .binary(.add): return try summed(inputs[0]) + summed(inputs[1])
        case .binary(.subtract): return try summed(inputs[0]) - summed(inputs[1])
        case .unary(.negate): return try -summed(inputs[0])
        case .binary(.multiply) where isInvariant(inputs[1]):
            return try summed(inputs[0]) * trace.outside(inputs[1])
        case .binary(.multiply) where isInvariant(inputs[0]):
            return try trace.outside(inputs[0]) * summed(inputs[1])
        case .reshape, .permute, .expand, .slice, .pad, .flip:
            return try moved(summed(inputs[0]), by: node.operation, to: node.shape)
        case .concatenate(let axis):
            return try Tensor.concatenate(inputs.map { try summed($0) }, axis: axis)
        case .reduce(.sum, let axes):
            return try lifted(inputs[0]).sum([0] + axes.map { $0 + 1 })
        case .contraction: return try summedProduct(node)
        case .convolution(.weightGradient, var geometry)
        where !isInvariant(inputs[0]) && !isInvariant(inputs[1]):
            // The images of all steps.
            geometry.batch *= trace.steps
            return try Tensor.convolution(
                .weightGradient, geometry, lifted(inputs[0]).reshaped(geometry.inputShape),
                lifted(inputs[1]).reshaped(geometry.outputShape))
        case .scatterAdd:
            let count = trace.steps * inputs[1].count
            return try lifted(inputs[0]).reshaped([count, node.shape[1]])
                .scatterAdded(lifted(inputs[1]).reshaped([count]), rows: node.shape[0])
        default:
            return try lifted(node).sum([0])
        }
    }

    /// `Σ a · b` over the steps: one product whose depth is that of all steps.
    private func summedProduct(_ node: Node) throws -> Tensor {
        let (a, b) = (node.inputs[0], node.inputs[1])
        if isInvariant(a) { return try trace.outside(a).matmul(summed(b)) }
        if isInvariant(b) { return try summed(a).matmul(trace.outside(b)) }
        let (batch, rows, columns) = (node.shape[0], node.shape[1], node.shape[2])
        let depth = trace.steps * a.shape[2]
        let left = try lifted(a).permuted([1, 2, 0, 3]).reshaped([batch, rows, depth])
        let right = try lifted(b).permuted([1, 0, 2, 3]).reshaped([batch, depth, columns])
        return try left.matmul(right)
    }

    private func moved(_ tensor: Tensor, by operation: Operation, to shape: [Int]) throws -> Tensor {
        if case .reshape = operation { return try tensor.reshaped(shape) }
        return Tensor(operation, [tensor], shape: shape, dtype: tensor.dtype)
    }
}

extension Node {
    fileprivate var count: Int { shape.reduce(1, *) }
}

extension Operation {
    /// The same movement where there is an axis of time in front.
    fileprivate var underTime: Operation {
        switch self {
        case .permute(let axes): .permute([0] + axes.map { $0 + 1 })
        case .slice(let starts, let steps): .slice(starts: [0] + starts, steps: [1] + steps)
        case .pad(let before): .pad(before: [0] + before)
        case .flip(let axes): .flip(axes: axes.map { $0 + 1 })
        default: self
        }
    }
}
