import Compute

/// The gradients of a scalar with respect to tensors of its graph, themselves tensors: a gradient of a gradient is
/// another call. A tensor that the scalar does not depend on has a gradient of zeros.
///
/// - Parameter seed: the gradient of what follows; one by default, and then `output` must be a scalar.
/// - Throws: `TensorError.noGradient` where the output is not Float32 or not a scalar.
public func gradients(
    of output: Tensor, withRespectTo targets: [Tensor], seed: Tensor? = nil
) throws -> [Tensor] {
    guard output.dtype == .float32, targets.allSatisfy({ $0.dtype == .float32 }) else {
        throw TensorError.noGradient("only Float32 tensors have one; got \(output), \(targets)")
    }
    guard seed != nil || output.count == 1 else {
        throw TensorError.noGradient("the output must be a scalar or come with a seed; its shape is \(output.shape)")
    }
    let seed = try seed ?? Tensor.ones(output.shape)
    guard seed.shape == output.shape, seed.dtype == .float32 else {
        throw TensorError.shapeMismatch(operation: "gradients", expected: "a seed like the output", found: [seed.shape])
    }

    return try zip(targets, gradients(of: [(output, seed)], withRespectTo: targets)).map { target, gradient in
        try gradient ?? Tensor.zeros(target.shape)
    }
}

/// The gradients of several tensors together, each with a seed; nil for a target that none of them depends on.
func gradients(of outputs: [(value: Tensor, seed: Tensor)], withRespectTo targets: [Tensor]) throws -> [Tensor?] {
    let order = topologicalOrder(of: outputs.map(\.value.node))
    var reaches = Set(targets.map(\.node.identity))
    for node in order where node.inputs.contains(where: { reaches.contains($0.identity) }) {
        reaches.insert(node.identity)
    }

    var sums: [ObjectIdentifier: GradientSum] = [:]
    for (value, seed) in outputs { try sums[value.node.identity, default: GradientSum()].add(seed) }
    for node in order.reversed() where reaches.contains(node.identity) {
        guard let gradient = try sums[node.identity]?.total(node.shape) else { continue }
        let wanted = node.inputs.map { reaches.contains($0.identity) && $0.dtype.isFloating }
        guard wanted.contains(true) else { continue }
        if let (axis, range) = node.slicedAxis {
            try sums[node.inputs[0].identity, default: GradientSum()].add(gradient, axis: axis, range: range)
            continue
        }
        let shares = try inputGradients(of: Tensor(node), gradient: gradient, wanted: wanted)
        for (input, share) in zip(node.inputs, shares) {
            if let share { try sums[input.identity, default: GradientSum()].add(share) }
        }
    }
    return try targets.map { try sums[$0.node.identity]?.total($0.shape) }
}

extension Node {
    /// What two nodes of the same value have in common: a leaf may be written down more than once.
    var identity: ObjectIdentifier {
        if case .source(let source) = operation { ObjectIdentifier(source) } else { ObjectIdentifier(self) }
    }
}

/// Every node that the outputs need, inputs before their users. Iterative: graphs may be deep.
/// - Parameter isLeaf: nodes whose inputs are left out.
package func topologicalOrder(of outputs: [Node], isLeaf: (Node) -> Bool = { _ in false }) -> [Node] {
    var order: [Node] = []
    var entered: Set<ObjectIdentifier> = []
    var stack: [(node: Node, next: Int)] = []
    for output in outputs where entered.insert(ObjectIdentifier(output)).inserted {
        stack.append((output, 0))
        while let (node, next) = stack.last {
            if next == node.inputs.count || (next == 0 && isLeaf(node)) {
                order.append(node)
                stack.removeLast()
            } else {
                stack[stack.count - 1].next += 1
                let input = node.inputs[next]
                if entered.insert(ObjectIdentifier(input)).inserted { stack.append((input, 0)) }
            }
        }
    }
    return order
}
