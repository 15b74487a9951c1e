import Compute

/// The registry on one device: every case's outputs against the reference, then the derivatives.
public struct ParityCheck: Sendable {
    /// A case that does not agree.
    public struct Failure: Hashable, Sendable {
        public let name: String
        public let problem: String

        public init(name: String, problem: String) {
            self.name = name
            self.problem = problem
        }
    }

    /// One case compared: its outputs, or those with its derivatives.
    public struct Comparison: Codable, Sendable {
        public let name: String
        public let hasDerivatives: Bool
        public let problems: [String]
    }

    public let cases: [OperationCase]
    /// Cases whose outputs have been compared, and those whose derivatives have been compared too.
    public private(set) var outputs = 0
    public private(set) var derivatives = 0
    public private(set) var failures: [Failure] = []
    public var seconds = 0.0

    public init(_ cases: [OperationCase] = CaseRegistry.all) { self.cases = cases }

    /// Cases that have derivatives.
    public var differentiable: [OperationCase] { cases.filter { $0.derivatives > .none } }

    public var isComplete: Bool { outputs == cases.count && derivatives == differentiable.count }

    /// The comparisons there are: the outputs of all cases, then first and second derivatives.
    public var count: Int { cases.count + differentiable.count }

    /// Takes the result of a comparison.
    public mutating func add(_ comparison: Comparison) {
        if comparison.hasDerivatives { derivatives += 1 } else { outputs += 1 }
        for problem in comparison.problems { add(Failure(name: comparison.name, problem: problem)) }
    }

    public mutating func add(_ failure: Failure) { failures.append(failure) }

    /// Compares the outputs of all cases, then derivatives for as long as there is time.
    ///
    /// - Parameters:
    ///   - limit: seconds after which no other case is begun.
    ///   - progress: told how many comparisons are done, and how many there are.
    public mutating func run(on device: any Device, limit: Double, progress: (Int, Int) -> Void = { _, _ in }) {
        let start = ContinuousClock.now
        ParityCheck.compare(parts(1)[0], on: device, limit: limit) {
            add($0)
            progress(outputs + derivatives, count)
        }
        seconds = start.duration(to: .now) / Duration.seconds(1)
    }

    /// The comparisons in at most so many parts, each about as long: the first batch to the first, the second to the second.
    public func parts(_ count: Int) -> [[CaseBatch]] {
        var parts: [[CaseBatch]] = Array(repeating: [], count: max(1, count))
        var number = 0
        // A program of OpenCL takes long to compile however little is in it; derivatives have many kernels.
        for (part, hasDerivatives, together) in [(cases, false, 16), (differentiable, true, 8)] {
            for first in stride(from: 0, to: part.count, by: together) {
                let batch = CaseBatch(cases: part[first...].prefix(together), hasDerivatives: hasDerivatives)
                parts[number % parts.count].append(batch)
                number += 1
            }
        }
        return Array(parts.prefix(max(1, number)))
    }

    /// Compares some batches' cases.
    public static func compare(
        _ batches: [CaseBatch], on device: any Device, limit: Double, told: (Comparison) throws -> Void
    ) rethrows {
        let start = ContinuousClock.now
        var isTimeUp: Bool { start.duration(to: .now) / Duration.seconds(1) >= limit }
        for batch in batches {
            if isTimeUp { return }
            batch.compile(on: device)
            for test in batch.cases {
                if isTimeUp { return }
                try told(compare(test, on: device, hasDerivatives: batch.hasDerivatives))
            }
        }
    }

    private static func compare(_ test: OperationCase, on device: any Device, hasDerivatives: Bool) -> Comparison {
        var problems: [String]
        do {
            problems = try test.disagreements(on: device, outputsOnly: !hasDerivatives)
        } catch {
            problems = ["\(error)"]
        }
        return Comparison(name: test.name, hasDerivatives: hasDerivatives, problems: problems)
    }
}
