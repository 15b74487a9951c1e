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

    let order = topologicalOrder(of: [output.node])
    var reaches = Set(targets.map(\.node.identity))
    for node in order where node.inputs.contains(where: { reaches.contains($0.identity) }) {
        reaches.insert(node.identity)
    }

    var accumulated: [ObjectIdentifier: Tensor] = [output.node.identity: seed]
    for node in order.reversed() where reaches.contains(node.identity) {
        guard let gradient = accumulated[node.identity] else { continue }
        let wanted = node.inputs.map { reaches.contains($0.identity) && $0.dtype.isFloating }
        guard wanted.contains(true) else { continue }
        let shares = try inputGradients(of: Tensor(node), gradient: gradient, wanted: wanted)
        for (input, share) in zip(node.inputs, shares) {
            guard let share else { continue }
            if let sum = accumulated[input.identity] {
                accumulated[input.identity] = try sum + share
            } else {
                accumulated[input.identity] = share
            }
        }
    }
    return try targets.map { try accumulated[$0.node.identity] ?? Tensor.zeros($0.shape) }
}

extension Node {
    /// What two nodes of the same value have in common: a leaf may be written down more than once.
    fileprivate var identity: ObjectIdentifier {
        if case .source(let source) = operation { ObjectIdentifier(source) } else { ObjectIdentifier(self) }
    }
}

/// Every node that the outputs need, inputs before their users. Iterative: graphs may be deep.
package func topologicalOrder(of outputs: [Node]) -> [Node] {
    var order: [Node] = []
    var entered: Set<ObjectIdentifier> = []
    var stack: [(node: Node, next: Int)] = []
    for output in outputs where entered.insert(ObjectIdentifier(output)).inserted {
        stack.append((output, 0))
        while let (node, next) = stack.last {
            if next == node.inputs.count {
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
