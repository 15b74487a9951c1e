import Compute
import ComputeCPU
import ComputeOpenCL
import Conformance
import Tensors

/// Evaluates a graph without fusion: every node is a plan of its own.
public enum Stepwise {
    public static func evaluate(_ tensors: [Tensor], on device: any Device) throws -> [Tensor] {
        try evaluate(tensors, on: device) { _ in }
    }

    /// Compiles together the kernels that graphs take on an OpenCL device.
    public static func compile(_ graphs: [[Tensor]], on device: any Device) throws {
        guard device is OpenCLDevice else { return }
        var plans: [[Tensor]] = []
        // Kernels do not depend on the values.
        for tensors in graphs { _ = try evaluate(tensors, on: CPUDevice()) { plans.append([$0]) } }
        CaseBatch.compile(plans, on: device)
    }

    private static func evaluate(
        _ tensors: [Tensor], on device: any Device, each: (Tensor) -> Void
    ) throws -> [Tensor] {
        var known: [ObjectIdentifier: Tensor] = [:]
        for node in topologicalOrder(of: tensors.map(\.node)) {
            if case .source = node.operation {
                known[ObjectIdentifier(node)] = Tensor(node)
                continue
            }
            let inputs = node.inputs.compactMap { known[ObjectIdentifier($0)] }
            let alone = Tensor(node.operation, inputs, shape: node.shape, dtype: node.dtype)
            each(alone)
            known[ObjectIdentifier(node)] = try alone.evaluate(on: device)
        }
        return tensors.compactMap { known[ObjectIdentifier($0.node)] }
    }
}
