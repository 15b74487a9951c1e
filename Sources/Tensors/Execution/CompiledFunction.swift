import Compute
import Foundation
import Synchronization

/// A graph lowered and compiled once, to be run many times: a training step, a sampler's step.
///
/// What changes between runs is in `Argument`s and `Variable`s; results stay in memory of the function until the next
/// run, so that nothing waits for the device unless a result is read.
public final class CompiledFunction: @unchecked Sendable {
    public let device: any Device
    private let compiled: Executor.Compiled
    private let bindings: [Buffer]
    private let results: [Tensor]
    /// Runs so far, counted where one of them is to be timed.
    private let runs = Atomic(0)
    /// The run whose steps `TESSERA_DEBUG=times` times: by then kernels are compiled and memory has been touched.
    private static let timedRun = 10

    /// - Parameters:
    ///   - results: what a run computes.
    ///   - updates: variables that take new values, all computed from the old ones.
    public init(on device: any Device, results: [Tensor], updates: [Update] = []) throws {
        self.device = device
        self.results = results
        let (graph, sources) = Graph.canonical(
            results: results, assignments: updates.map { ($0.variable, $0.value) })
        compiled = try Executor.of(device).compile(graph)
        bindings =
            try sources.map { try $0.buffer(on: device) }
            + compiled.plan.results.map { try device.allocate(bytes: max($0, 1)) }
            + compiled.plan.slabs.map { try device.allocate(bytes: $0) }
    }

    /// Queues one run; returns before it has finished.
    public func run() throws {
        guard DebugOutput.printsTimes,
            runs.wrappingAdd(1, ordering: .relaxed).newValue == CompiledFunction.timedRun
        else { return try device.run(compiled.prepared, bindings: bindings) }
        DebugOutput.print(try profile())
    }

    /// Result number `index` of the last run, after waiting for it. Float32 only.
    public func floats(_ index: Int = 0) throws -> [Float] {
        let result = try checked(index, .float32)
        return try device.read(bindings[compiled.plan.sources + index], count: result.count)
    }

    /// Result number `index` of the last run. Int32 only.
    public func integers(_ index: Int = 0) throws -> [Int32] {
        let result = try checked(index, .int32)
        return try device.read(bindings[compiled.plan.sources + index], count: result.count)
    }

    /// Device launches of one run.
    public var launches: Int { compiled.prepared.launches }

    /// The plan, a line a step.
    public var planDescription: String { compiled.plan.description }

    /// Runs once, waiting after each step.
    /// - Returns: the plan with the time of each step, in microseconds, and its rates.
    public func profile() throws -> String {
        let seconds = try device.profile(compiled.prepared, bindings: bindings)
        let total = seconds.reduce(0, +)
        return compiled.plan.table(
            extra: { index in
                guard index < seconds.count else { return "" }
                let step = compiled.plan.steps[index]
                let time = max(seconds[index], 1e-9)
                return String(
                    format: "%12.1f%10.2f%10.2f", time * 1e6, Double(step.flops) / time / 1e9,
                    Double(step.bytes) / time / 1e9)
            }, header: "          us   GFLOP/s      GB/s") + String(format: "\n%.1f us in all", total * 1e6)
    }

    private func checked(_ index: Int, _ dtype: DType) throws -> Tensor {
        guard results.indices.contains(index) else {
            throw TensorError.outOfRange(
                operation: "result", expected: "one of \(results.count)", found: "\(index)")
        }
        guard results[index].dtype == dtype else {
            throw TensorError.typeMismatch(operation: "result", expected: "\(dtype)", found: [results[index].dtype])
        }
        return results[index]
    }
}
