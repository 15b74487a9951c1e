import Compute

/// Turns a graph into a plan: fusion, schedule, memory, steps.
package struct Lowering {
    let graph: Graph
    let fusion: Fusion
    let scans: ScanPlans

    /// - Parameter device: what the plan is for: a slab of intermediates is no larger than its largest allocation, and
    ///   recurrences are divided among its units.
    /// - Throws: `DeviceError.allocationTooLarge` where one intermediate alone is larger.
    package static func plan(_ graph: Graph, on device: DeviceInfo) throws -> Plan {
        let graph = graph.withUsedScanResults()
        let scans = ScanPlans(on: device)
        var forced: Set<Int> = []
        var separate: Set<Int> = []
        while true {
            let fusion = Fusion(graph, forced: forced, separate: separate)
            do {
                let lowering = Lowering(graph: graph, fusion: fusion, scans: scans)
                let kernels = try lowering.schedule()
                var builder = try PlanBuilder(lowering, kernels)
                return try builder.build(largestAllocation: device.largestAllocation, deviceName: device.name)
            } catch LoweringRetry.store(let vertex) where !forced.contains(vertex) {
                forced.insert(vertex)
            } catch LoweringRetry.separate(let vertex) where !separate.contains(vertex) {
                separate.insert(vertex)
            } catch let retry as LoweringRetry {
                throw DeviceError.unsupported(device: device.name, what: "a graph that does not lower (\(retry))")
            }
        }
    }
}
