import Compute

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
        for test in cases {
            guard passed() < limit else { return }
            compare(test, on: device, outputsOnly: true)
            outputs += 1
            progress(outputs, total)
        }
        for test in differentiable {
            guard passed() < limit else { return }
            compare(test, on: device, outputsOnly: false)
            derivatives += 1
            progress(outputs + derivatives, total)
        }
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
