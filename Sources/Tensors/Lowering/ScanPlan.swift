import Compute

/// A scan's body as steps for one block of the batch, and how the scan is to be run.
///
/// A recurrence is a raster scan of a single column: a position a step. Blocks of the batch are its instances.
struct ScanPlan {
    /// Its sources are the body's leaves, its results the body's outputs.
    let steps: Plan
    let instances: Int
    /// Which leaves hold a part of each block; the others are shared by all.
    let isDivided: [Bool]
    let isReplayed: Bool

    /// - Throws: `DeviceError` where an intermediate of one step is too large for the device.
    init(_ operation: ScanOperation, leaves: Int, on device: DeviceInfo) throws {
        var body = operation.body
        var isDivided = [Bool](repeating: false, count: leaves)
        var instances = 1
        if let blocks = BatchBlocks(operation) {
            let count = ScanPlan.instances(batch: blocks.count, on: device)
            if count > 1, let block = blocks.body(blocks: count) {
                instances = count
                body = block.body
                for (leaf, isIn) in block.isDivided.enumerated() { isDivided[leaf] = isIn }
            }
        }
        self.instances = instances
        self.isDivided = isDivided
        steps = try Lowering.plan(body, on: device, isBody: true)
        isReplayed = ScanPlan.isReplayed(steps, instances: instances, on: device)
    }

    /// As many blocks as give the device's units equal shares of the batch.
    private static func instances(batch: Int, on device: DeviceInfo) -> Int {
        let units = max(1, device.computeUnits)
        // The rows that the busiest unit has to go through.
        func rows(_ count: Int) -> Int { (count + units - 1) / units * (batch / count) }
        let counts = (1...batch).filter { batch % $0 == 0 }
        return counts.min { (rows($0), $0) < (rows($1), $1) } ?? 1
    }

    /// Floating-point operations of one step in one block from which on the whole device does better than a unit, for all
    /// the launches it takes: what a unit does while two or three launches begin, 40 us on a CPU and 15 us on a GPU.
    private static func mostOfOneUnit(_ device: DeviceInfo) -> Int { device.kind == .gpu ? 1_000_000 : 4_000_000 }

    /// Whether the steps run as launches of their own: what one launch cannot do, or too much for one unit.
    private static func isReplayed(_ steps: Plan, instances: Int, on device: DeviceInfo) -> Bool {
        if device.kind == .cpu { return false }
        for planned in steps.steps {
            switch planned.step {
            case .pointwise, .contraction: break
            case .convolution, .gather, .scatterAdd, .rasterScan: return true
            }
        }
        let flops = steps.steps.reduce(0) { $0 + $1.flops }
        return instances < device.computeUnits && flops > mostOfOneUnit(device)
    }

    /// Floats of one instance's intermediates.
    var scratchStride: Int { slabOffsets.last ?? 0 }
    /// The floats of all instances' intermediates.
    var scratchCount: Int { instances * scratchStride }

    /// Where each slab begins in an instance's intermediates, in floats; last their end.
    var slabOffsets: [Int] {
        steps.slabs.reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1 / DType.float32.size + 16) / 16 * 16) }
    }
}

/// The plans of scans' bodies while a graph is lowered, which may take several attempts.
final class ScanPlans {
    private let device: DeviceInfo
    private var known: [ScanOperation: ScanPlan] = [:]

    init(on device: DeviceInfo) { self.device = device }

    func plan(_ operation: ScanOperation, leaves: Int) throws -> ScanPlan {
        if let plan = known[operation] { return plan }
        let plan = try ScanPlan(operation, leaves: leaves, on: device)
        known[operation] = plan
        return plan
    }
}
