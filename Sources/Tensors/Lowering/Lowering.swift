import Compute

/// Turns a graph into a plan: fusion, schedule, memory, steps.
package struct Lowering {
    let graph: Graph
    let fusion: Fusion

    /// - Parameter largestAllocation: bytes that one slab of intermediates may have.
    /// - Throws: `DeviceError.allocationTooLarge` where one intermediate alone is larger.
    package static func plan(_ graph: Graph, largestAllocation: Int, deviceName: String) throws -> Plan {
        var forced: Set<Int> = []
        var separate: Set<Int> = []
        while true {
            let fusion = Fusion(graph, forced: forced, separate: separate)
            do {
                let lowering = Lowering(graph: graph, fusion: fusion)
                let kernels = try lowering.schedule()
                var builder = try PlanBuilder(lowering, kernels)
                return try builder.build(largestAllocation: largestAllocation, deviceName: deviceName)
            } catch LoweringRetry.store(let vertex) where !forced.contains(vertex) {
                forced.insert(vertex)
            } catch LoweringRetry.separate(let vertex) where !separate.contains(vertex) {
                separate.insert(vertex)
            } catch let retry as LoweringRetry {
                throw DeviceError.unsupported(device: deviceName, what: "a graph that does not lower (\(retry))")
            }
        }
    }
}
