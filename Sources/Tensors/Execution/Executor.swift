import Compute
import Synchronization

/// Lowers, compiles and runs graphs on one device, and remembers the plans by the graphs' structure.
package final class Executor: Sendable {
    /// A plan and what the device made of it.
    package struct Compiled: Sendable {
        package let plan: Plan
        package let prepared: any PreparedSteps
    }

    package let device: any Device
    private let plans = Mutex<[Graph: Compiled]>([:])

    /// Plans remembered; a program that makes ever new structures starts over here instead of growing.
    private static let mostPlans = 1024

    private static let executors = Mutex<[ObjectIdentifier: Executor]>([:])

    private init(_ device: any Device) { self.device = device }

    /// The device's executor.
    package static func of(_ device: any Device) -> Executor {
        executors.withLock { executors in
            if let known = executors[ObjectIdentifier(device)] { return known }
            let executor = Executor(device)
            executors[ObjectIdentifier(device)] = executor
            return executor
        }
    }

    package func compile(_ graph: Graph) throws -> Compiled {
        if let known = plans.withLock({ $0[graph] }) { return known }
        let plan = try Lowering.plan(graph, on: device.info)
        let compiled = Compiled(plan: plan, prepared: try device.prepare(plan.steps.map(\.step)))
        if DebugOutput.printsPlans {
            DebugOutput.print("\(plan)\n\(compiled.prepared.launches) launches on \(device.info.name)")
        }
        plans.withLock { plans in
            if plans.count >= Executor.mostPlans { plans.removeAll() }
            plans[graph] = compiled
        }
        return compiled
    }

    /// Runs a graph once.
    /// - Returns: the memory of each result.
    package func run(_ results: [Tensor], assignments: [Update] = []) throws -> [Buffer] {
        let (graph, sources) = Graph.canonical(
            results: results, assignments: assignments.map { ($0.variable, $0.value) })
        let compiled = try compile(graph)
        let outputs = try compiled.plan.results.map { try device.allocate(bytes: max($0, 1)) }
        let bindings =
            try sources.map { try $0.buffer(on: device) } + outputs
            + compiled.plan.slabs.map { try device.allocate(bytes: $0) }
        try device.run(compiled.prepared, bindings: bindings)
        return outputs
    }
}
