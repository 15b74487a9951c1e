import Compute
import ComputeOpenCL
import Synchronization
import Tensors

/// Cases whose kernels are compiled together: a program of OpenCL takes long to compile however little is in it.
public struct CaseBatch: Sendable {
    public let cases: ArraySlice<OperationCase>
    public let hasDerivatives: Bool

    /// Compiles the kernels of the cases. What fails here fails again in the case that needs it.
    public func compile(on device: any Device) {
        let plans = cases.compactMap { test in
            (try? test.assembled()).map { hasDerivatives ? $0.everything : $0.outputs }
        }
        CaseBatch.compile(plans, on: device)
    }

    /// The same for any plans: the tensors of each.
    public static func compile(_ plans: [[Tensor]], on device: any Device) {
        guard let device = device as? OpenCLDevice else { return }
        let steps = plans.compactMap { tensors in
            let graph = Graph.canonical(results: tensors, assignments: []).graph
            return try? Lowering.plan(graph, on: device.info).steps.map(\.step)
        }
        try? device.compile(ahead: steps)
    }
}

extension CaseRegistry {
    private static let compiled = Mutex<[ObjectIdentifier: Set<Int>]>([:])

    /// Compiles a case's kernels and those of its neighbours, with their derivatives, if that has not been done before.
    public static func compileBatch(of test: OperationCase, on device: any Device) {
        let size = 8
        guard let number = all.firstIndex(where: { $0.name == test.name }) else { return }
        compiled.withLock { compiled in
            guard compiled[ObjectIdentifier(device), default: []].insert(number / size).inserted else { return }
            let first = number / size * size
            CaseBatch(cases: all[first...].prefix(size), hasDerivatives: true).compile(on: device)
        }
    }
}
