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
        guard let device = device as? OpenCLDevice else { return }
        let steps = cases.compactMap { test -> [Step]? in
            guard let assembled = try? test.assembled() else { return nil }
            let wanted = hasDerivatives ? assembled.everything : assembled.outputs
            let graph = Graph.canonical(results: wanted, assignments: []).graph
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
