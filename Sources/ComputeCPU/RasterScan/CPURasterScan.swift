import Compute

/// A raster scan, in either form: the programs' steps are compiled once, and run place by place with moving slots.
///
/// Instances are shared out over the workers, each instance on one thread; a single instance leaves the workers to its
/// steps, of which only those that are large enough wake any.
struct CPURasterScan: CPUStep {
    private struct Program {
        let steps: [any CPUStep]
        /// The slots that move along a row.
        let moving: [Moving]
    }

    private struct Moving {
        let slot: Int
        let divisor: Int
        let bytes: Int
    }

    /// Without its programs, which are compiled.
    private let scan: RasterScanStep
    private let programs: [Program]
    /// The slots that any program uses, which a new row moves.
    private let used: [Int]
    private let innerShared: Int
    private let innerWorker: Int
    let launches: Int

    /// - Throws: `DeviceError.unsupported`, `DeviceError.badBuffer`.
    init(_ scan: RasterScanStep, needs: inout BindingNeeds) throws {
        if let problem = scan.problem { throw needs.malformed(problem) }
        let bases = scan.bases
        var programs: [Program] = []
        var used: Set<Int> = []
        for (steps, bases) in zip(scan.programs, bases) {
            var inner = BindingNeeds(device: needs.device, slots: scan.slots)
            let compiled = try steps.map { step in try CPUDevice.compile(step, needs: &inner) }
            var moving: [Moving] = []
            for (number, slot) in scan.slots.enumerated() {
                guard let reach = inner.reach[number] else { continue }
                used.insert(number)
                let size = slot.operand.dtype.size
                if slot.columnStride != 0 {
                    moving.append(Moving(slot: number, divisor: slot.divisor, bytes: slot.columnStride * size))
                }
                guard let base = bases?[number] else { continue }
                let start = Operand(slot: slot.operand.slot, dtype: slot.operand.dtype)
                let elements =
                    reach.isEmpty ? reach : base.lowerBound + reach.lowerBound..<base.upperBound + reach.upperBound
                try needs.require(start, elements: elements)
            }
            programs.append(Program(steps: compiled, moving: moving))
        }
        var launches = 0
        if scan.isReplayed {
            scan.forEachProgram { program, _, _ in launches += programs[program].steps.count }
        }
        self.launches = scan.isReplayed ? launches * scan.instances : 1
        self.scan = scan.withoutPrograms
        self.programs = programs
        self.used = used.sorted()
        let steps = programs.flatMap(\.steps)
        innerShared = CPURasterScan.rounded(steps.map(\.sharedScratch).max() ?? 0)
        innerWorker = CPURasterScan.rounded(steps.map(\.workerScratch).max() ?? 0)
    }

    var sharedScratch: Int { spreadsInstances ? 0 : tableBytes + innerShared }
    var workerScratch: Int { spreadsInstances ? tableBytes + innerShared + innerWorker : innerWorker }
    private var spreadsInstances: Bool { scan.instances > 1 }
    /// The slots' memory at the present place, and at the beginning of the present row.
    private var tableBytes: Int { CPURasterScan.rounded(2 * scan.slots.count * MemoryLayout<Int>.size) }

    private static func rounded(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

    func run(_ launch: Launch) {
        guard spreadsInstances else {
            if scan.instances == 1 {
                run(
                    instance: 0, launch, memory: launch.shared, workers: launch.workers, workerBase: launch.workerBase,
                    workerStride: launch.workerStride)
            }
            return
        }
        launch.workers.perform(scan.instances) { worker, instance in
            let memory = launch.scratch(worker)
            run(
                instance: instance, launch, memory: memory, workers: Workers(count: 1),
                workerBase: memory + tableBytes + innerShared, workerStride: 0)
        }
    }

    /// - Parameter memory: the tables, and behind them what the steps share.
    private func run(
        instance: Int, _ launch: Launch, memory: UnsafeMutableRawPointer, workers: Workers,
        workerBase: UnsafeMutableRawPointer, workerStride: Int
    ) {
        let places = memory.assumingMemoryBound(to: UnsafeMutableRawPointer.self)
        let rowStarts = places + scan.slots.count
        let inner = Launch(
            slots: places, workers: workers, shared: memory + tableBytes, workerBase: workerBase,
            workerStride: workerStride)
        var row = -1
        scan.forEachProgram { number, y, x in
            if y != row {
                row = y
                for slot in used {
                    let start = launch.start(scan.slots[slot], instance: instance, row: y)
                    places[slot] = start
                    rowStarts[slot] = start
                }
            }
            let program = programs[number]
            for moving in program.moving {
                places[moving.slot] = rowStarts[moving.slot] + x / moving.divisor * moving.bytes
            }
            for step in program.steps { step.run(inner) }
        }
    }
}

extension Launch {
    /// Where a slot's memory begins at the first column of a row.
    fileprivate func start(_ slot: RasterScanStep.Slot, instance: Int, row: Int) -> UnsafeMutableRawPointer {
        slots[slot.operand.slot] + slot.offset(instance: instance, row: row, column: 0) * slot.operand.dtype.size
    }
}

extension RasterScanStep {
    /// The positions and slots alone.
    fileprivate var withoutPrograms: RasterScanStep {
        var scan = self
        scan.programs = []
        return scan
    }
}
