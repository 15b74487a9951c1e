import Compute

/// Turns a graph into a plan: fusion, schedule, memory, steps.
package struct Lowering {
    let graph: Graph
    let fusion: Fusion
    let scans: ScanPlans
    /// Whether the plan is the body of a scan. What follows a product stays a step of its own there: a device that runs the
    /// scan as one launch brings them together by itself, and finds what a product's operand is copied from among them.
    let isBody: Bool

    /// - Parameter device: what the plan is for: a slab of intermediates is no larger than its largest allocation, and
    ///   recurrences are divided among its units.
    /// - Parameter isBody: whether it will be a program of a raster scan.
    /// - Throws: `DeviceError.allocationTooLarge` where one intermediate alone is larger.
    package static func plan(_ graph: Graph, on device: DeviceInfo, isBody: Bool = false) throws -> Plan {
        let graph = graph.withUsedScanResults()
        let scans = ScanPlans(on: device)
        var forced: Set<Int> = []
        var separate: Set<Int> = []
        while true {
            let fusion = Fusion(graph, forced: forced, separate: separate)
            do {
                let lowering = Lowering(graph: graph, fusion: fusion, scans: scans, isBody: isBody)
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
