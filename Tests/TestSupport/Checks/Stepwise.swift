import Compute
import Tensors

/// Evaluates a graph without fusion: every node is a plan of its own.
public enum Stepwise {
    public static func evaluate(_ tensors: [Tensor], on device: any Device) throws -> [Tensor] {
        var known: [ObjectIdentifier: Tensor] = [:]
        for node in topologicalOrder(of: tensors.map(\.node)) {
            if case .source = node.operation {
                known[ObjectIdentifier(node)] = Tensor(node)
                continue
            }
            let inputs = node.inputs.compactMap { known[ObjectIdentifier($0)] }
            let alone = Tensor(node.operation, inputs, shape: node.shape, dtype: node.dtype)
            known[ObjectIdentifier(node)] = try alone.evaluate(on: device)
        }
        return tensors.compactMap { known[ObjectIdentifier($0.node)] }
    }
}
