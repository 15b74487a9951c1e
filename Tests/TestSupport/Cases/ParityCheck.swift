import Compute
import ComputeOpenCL
import Tensors

/// The registry on one device: every case's outputs against the reference, then the derivatives.
public struct ParityCheck: Sendable {
    /// A case that does not agree.
    public struct Failure: Hashable, Sendable {
        public let name: String
        public let problem: String
    }

    public let cases: [OperationCase]
    /// Cases whose outputs have been compared, and those whose derivatives have been compared too.
    public private(set) var outputs = 0
    public private(set) var derivatives = 0
    public private(set) var failures: [Failure] = []
    public private(set) var seconds = 0.0

    public init(_ cases: [OperationCase] = CaseRegistry.all) { self.cases = cases }

    /// Cases that have derivatives.
    public var differentiable: [OperationCase] { cases.filter { $0.derivatives > .none } }

    public var isComplete: Bool { outputs == cases.count && derivatives == differentiable.count }

    /// Compares the outputs of all cases, then first and second derivatives for as long as there is time.
    ///
    /// - Parameters:
    ///   - limit: seconds after which no other case is begun.
    ///   - progress: told how many comparisons are done, and how many there are.
    public mutating func run(on device: any Device, limit: Double, progress: (Int, Int) -> Void = { _, _ in }) {
        let start = ContinuousClock.now
        func passed() -> Double { start.duration(to: .now) / Duration.seconds(1) }
        let total = cases.count + differentiable.count
        defer { seconds = passed() }
        // A program of OpenCL takes long to compile however little is in it; derivatives have many kernels.
        for (part, outputsOnly, together) in [(cases, true, 16), (differentiable, false, 4)] {
            for (number, test) in part.enumerated() {
                guard passed() < limit else { return }
                if number.isMultiple(of: together) {
                    ParityCheck.compile(part[number...].prefix(together), on: device, outputsOnly)
                }
                compare(test, on: device, outputsOnly: outputsOnly)
                if outputsOnly { outputs += 1 } else { derivatives += 1 }
                progress(outputs + derivatives, total)
            }
        }
    }

    /// Compiles the kernels of some cases. What fails here fails again in the case that needs it.
    private static func compile(_ cases: ArraySlice<OperationCase>, on device: any Device, _ outputsOnly: Bool) {
        guard let device = device as? OpenCLDevice else { return }
        let steps = cases.compactMap { test -> [Step]? in
            guard let assembled = try? test.assembled() else { return nil }
            let wanted = outputsOnly ? assembled.outputs : assembled.everything
            let graph = Graph.canonical(results: wanted, assignments: []).graph
            return try? Lowering.plan(graph, on: device.info).steps.map(\.step)
        }
        try? device.compile(ahead: steps)
    }

    private mutating func compare(_ test: OperationCase, on device: any Device, outputsOnly: Bool) {
        do {
            let problems = try test.disagreements(on: device, outputsOnly: outputsOnly)
            failures += problems.map { Failure(name: test.name, problem: $0) }
        } catch {
            failures.append(Failure(name: test.name, problem: "\(error)"))
        }
    }
}
