import Compute

/// A raster scan whose inner steps are launches of their own: which run where, and how their memory moves.
struct ScanReplay: Sendable {
    struct Program: Sendable {
        /// Among the plan's launches.
        var launches: Range<Int>
        /// The slots that these launches use.
        var slots: [Int]
    }

    /// Without its programs, which are compiled.
    let scan: RasterScanStep
    let programs: [Program]

    /// The launches of one run.
    var launches: Int {
        var count = 0
        scan.forEachProgram { program, _, _ in count += programs[program].launches.count }
        return count * scan.instances
    }
}

/// What the inner steps of a program reach of their slots, from wherever those begin.
struct ScanReach {
    let slots: [RasterScanStep.Slot]
    private(set) var reach: [Int: ClosedRange<Int>] = [:]

    init(_ slots: [RasterScanStep.Slot]) { self.slots = slots }

    /// Records that elements `first ... last` of an operand are read or written.
    mutating func require(_ operand: Operand, first: Int, last: Int) throws(DeviceError) {
        guard slots.indices.contains(operand.slot), slots[operand.slot].operand.dtype == operand.dtype else {
            throw .unsupported(
                device: "OpenCL",
                what: "a raster scan of \(slots.count) slots with a \(operand.dtype) operand in slot \(operand.slot)")
        }
        let (low, high) = (operand.offset + first, operand.offset + last)
        let known = reach[operand.slot] ?? low...high
        reach[operand.slot] = min(low, known.lowerBound)...max(high, known.upperBound)
    }
}

extension LaunchPlan {
    /// Adds the launches of each program once. Their operands' slots become buffers of the plan, and their operands'
    /// offsets arguments that follow the slots.
    mutating func addReplay(_ scan: RasterScanStep) throws(DeviceError) -> ScanReplay {
        traits.slotSteps = scan.slots.map(\.offsetStep)
        defer {
            traits.slotSteps = nil
            reach = nil
        }
        var programs: [ScanReplay.Program] = []
        for (steps, bases) in zip(scan.programs, scan.bases) {
            let first = launches.count
            var slots: Set<Int> = []
            // A program that never runs needs no launches.
            if let bases {
                reach = ScanReach(scan.slots)
                for step in steps { try addLaunches(of: step) }
                if let reach { try require(reach, bases) }
                for index in first..<launches.count { slots.formUnion(try bind(index, scan, bases)) }
            }
            programs.append(ScanReplay.Program(launches: first..<launches.count, slots: slots.sorted()))
        }
        var positions = scan
        positions.programs = []
        return ScanReplay(scan: positions, programs: programs)
    }

    /// Records what the launches of a program reach of the plan's buffers, wherever it runs.
    mutating func require(_ reach: ScanReach, _ bases: [ClosedRange<Int>]) throws(DeviceError) {
        for (number, range) in reach.reach.sorted(by: { $0.key < $1.key }) {
            let operand = reach.slots[number].operand
            let (first, last) = (
                bases[number].lowerBound + range.lowerBound, bases[number].upperBound + range.upperBound
            )
            guard first >= 0 else {
                throw .badBuffer(
                    device: "OpenCL",
                    what: "a raster scan's slot \(number) reaches element \(first) of slot \(operand.slot)")
            }
            let bytes = (last + 1) * operand.dtype.size
            requiredBytes[operand.slot] = max(requiredBytes[operand.slot] ?? 0, bytes)
        }
    }

    /// Replaces the scan's slots among a launch's arguments by the plan's.
    /// - Returns: the slots that the launch uses.
    private mutating func bind(
        _ index: Int, _ scan: RasterScanStep, _ bases: [ClosedRange<Int>]
    ) throws(DeviceError) -> [Int] {
        var used: [Int] = []
        for (position, argument) in launches[index].arguments.enumerated() {
            switch argument {
            case .slot(let slot):
                guard scan.slots.indices.contains(slot) else {
                    throw .unsupported(
                        device: "OpenCL",
                        what: "a raster scan of \(scan.slots.count) slots with an operand in slot \(slot)")
                }
                let outer = scan.slots[slot].operand.slot
                launches[index].arguments[position] = .slot(outer)
                requiredBytes[outer] = requiredBytes[outer] ?? 0
                used.append(slot)
            case .offset(let slot, let base, isWide: false):
                guard bases[slot].lowerBound + base >= 0, bases[slot].upperBound + base <= Int(UInt32.max) else {
                    throw .unsupported(
                        device: "OpenCL",
                        what: "a product in a raster scan whose operand starts at elements \(bases[slot]) + \(base)")
                }
            default: break
            }
        }
        return used
    }
}

extension RasterScanStep.Slot {
    /// A number that divides every element that the slot's memory may begin at; 0 where that is always 0.
    var offsetStep: Int {
        func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? abs(a) : divisor(b, a % b) }
        return [instanceStride, rowStride, columnStride].reduce(abs(operand.offset), divisor)
    }
}
