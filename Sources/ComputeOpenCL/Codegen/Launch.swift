import Compute

/// What a kernel argument is at run time.
enum KernelArgument: Hashable, Sendable {
    /// The buffer bound to a slot.
    case slot(Int)
    /// Memory of the prepared steps' own, by its number.
    case scratch(Int)
    /// Memory of the prepared steps' own that begins with zeros.
    case zeros
    case long(Int64)
    case float(Float)
    /// Elements from the beginning of a buffer, in a raster scan: `base` and where the scan's slot begins at the time. A
    /// long, or else an unsigned int.
    case offset(slot: Int, base: Int, isWide: Bool)

    /// The memory of an operand; scratch memory has negative slots.
    init(_ operand: Operand) {
        self = operand.slot >= 0 ? .slot(operand.slot) : .scratch(-1 - operand.slot)
    }

    /// An element offset into some memory; one that follows its slot, for a buffer inside a raster scan.
    static func offset(_ offset: Int, of memory: KernelArgument, isWide: Bool, _ traits: KernelTraits) -> KernelArgument
    {
        if case .slot(let slot) = memory, traits.slotSteps != nil {
            return .offset(slot: slot, base: offset, isWide: isWide)
        }
        return .long(Int64(offset))
    }

    /// Whether the value is the same at every launch.
    var isFixed: Bool {
        if case .offset = self { false } else { true }
    }

    var parameter: KernelParameter {
        switch self {
        case .slot, .scratch, .zeros: .memory
        case .long, .offset: .number
        case .float: .real
        }
    }
}

/// One kernel over one grid.
struct Launch: Sendable {
    var source: KernelSource
    /// What follows `KERNEL_NAME` in the function's name.
    var entry = ""
    var arguments: [KernelArgument]
    /// Work-groups in up to three dimensions.
    var groups: [Int]
    /// Items of a group, all in the first dimension.
    var groupSize: Int
    /// Whether groups of any size do, if there are as many items along the first dimension.
    var isAnySize = false
    /// What it may touch; `nil` for anything.
    var reaches: [MemoryReach]?
    /// Others in the same launch, by groups of their own behind its own.
    var beside: [Launch] = []

    /// It and those beside it.
    var all: [Launch] { [self] + beside }
    var itemCount: Int { groups.reduce(groupSize, *) }
    /// Work-groups of the whole launch.
    var grid: [Int] { beside.isEmpty ? groups : [all.reduce(0) { $0 + $1.itemCount } / groupSize] }

    var kernel: LaunchKernel {
        func part(_ launch: Launch) -> LaunchKernel.Part {
            let entry = KernelEntry(
                source: launch.source, name: launch.entry, parameters: launch.arguments.map(\.parameter))
            return LaunchKernel.Part(entry: entry, groups: beside.isEmpty ? [] : launch.groups)
        }
        return LaunchKernel(own: part(self), beside: beside.map(part), groupSize: groupSize)
    }
}

/// What one step turns into.
enum PlannedStep: Sendable {
    /// These of the plan's launches, one after the other.
    case launches(Range<Int>)
    case replay(ScanReplay)

    /// The launches of one run.
    var launches: Int {
        switch self {
        case .launches(let range): range.count
        case .replay(let replay): replay.launches
        }
    }
}

/// What steps turn into: launches in order, and the memory that they pass partial results through.
struct LaunchPlan: Sendable {
    var traits: KernelTraits
    var launches: [Launch] = []
    var steps: [PlannedStep] = []
    /// Bytes of each piece of scratch memory. Where steps run one after the other, they use the same pieces.
    var scratch: [Int] = []
    /// Pieces that the step being added does not find free.
    private var scratchInUse = 0
    /// What the step being added may touch.
    var reaches: [MemoryReach] = []
    /// The number of zeros that convolutions read for pixels outside the image.
    var zeros = 0
    /// The least size of each slot's buffer, in bytes.
    var requiredBytes: [Int: Int] = [:]
    /// The variants of kernels that were chosen.
    var variants: Set<String> = []
    /// Where the slots of a raster scan are noted while its inner steps are added.
    var reach: ScanReach?

    /// What the step after the one being added wants; nil once the one being added does it.
    var wantedSums: ColumnSums?

    /// The plan of some steps.
    init(_ steps: [Step], traits: KernelTraits) throws(DeviceError) {
        self.traits = traits
        try add(steps)
        if mayPutSideBySide {
            try putSideBySide()
            packScratch()
        }
    }

    /// Adds steps that run one after the other. Some that follow may be done by an earlier one's launches.
    private mutating func add(_ steps: [Step]) throws(DeviceError) {
        var rest = steps[...]
        while let step = rest.popFirst() {
            let others = try addRowRun(from: step, rest)
            if others > 0 {
                rest = rest.dropFirst(others)
                continue
            }
            let sums = rest.first.flatMap(ColumnSums.init)
            wantedSums = sums
            try add(step)
            if sums != nil && wantedSums == nil {
                rest.removeFirst()
                self.steps.append(.launches(launches.count..<launches.count))
            }
            wantedSums = nil
        }
    }

    mutating func add(_ step: Step) throws(DeviceError) {
        let first = launches.count
        if case .rasterScan(var scan) = step {
            if let problem = scan.problem { throw .unsupported(device: "OpenCL", what: problem) }
            if try isReplayed(scan) { return steps.append(.replay(try addReplay(scan))) }
            if try !addRasterScan(scan) {
                // With full precision, as one launch has: all samplers draw the same images.
                scan.programs = scan.programs.map { $0.map { $0.with(precision: .full) } }
                return steps.append(.replay(try addReplay(scan)))
            }
        } else {
            try addLaunches(of: step)
        }
        steps.append(.launches(first..<launches.count))
    }

    /// Whether the steps of a scan become launches of their own: where that is asked for, and where the one launch gives
    /// wrong results.
    private mutating func isReplayed(_ scan: RasterScanStep) throws(DeviceError) -> Bool {
        let (whole, replayed) = ("raster_scan in one launch", "raster_scan replayed")
        let candidates = scan.isReplayed ? [replayed] : [whole]
        let spares = scan.isReplayed ? [] : [replayed]
        return try choose(among: candidates, spares: spares, what: "a raster scan") == replayed
    }

    /// Adds a step that is run launch after launch.
    mutating func addLaunches(of step: Step) throws(DeviceError) {
        let first = launches.count
        beginStep()
        switch step {
        case .pointwise(let step): try add(step)
        case .contraction(let step): try add(step)
        case .convolution(let step): try add(step)
        case .gather(let step): try add(step)
        case .scatterAdd(let step): try add(step)
        case .rasterScan: throw .unsupported(device: "OpenCL", what: "a raster scan inside another")
        }
        if reach == nil { for index in launches.indices[first...] { launches[index].reaches = reaches } }
    }

    /// Nothing is noted of the next step's memory.
    mutating func beginStep() {
        reaches = []
        scratchInUse = mayPutSideBySide ? scratch.count : 0
    }

    /// Scratch memory for the step being added, as an operand with a negative slot.
    mutating func newScratch(count: Int, _ dtype: DType) -> Operand {
        let bytes = max(4, count * dtype.size)
        if scratchInUse < scratch.count {
            scratch[scratchInUse] = max(scratch[scratchInUse], bytes)
        } else {
            scratch.append(bytes)
        }
        scratchInUse += 1
        let operand = Operand(slot: -scratchInUse, dtype: dtype)
        reaches.append(MemoryReach(slot: operand.slot, bytes: 0...bytes, isWritten: true))
        return operand
    }

    /// Records that a step reads or writes elements `first ... last` of an operand.
    mutating func require(
        _ operand: Operand, first: Int, last: Int, isWritten: Bool, what: String
    ) throws(DeviceError) {
        if reach != nil {
            try reach?.require(operand, first: first, last: last)
            return
        }
        guard operand.slot >= 0, operand.offset + first >= 0 else {
            throw .badBuffer(
                device: "OpenCL", what: "\(what) reaches element \(operand.offset + first) of slot \(operand.slot)")
        }
        let size = operand.dtype.size
        let end = (operand.offset + last + 1) * size
        requiredBytes[operand.slot] = max(requiredBytes[operand.slot] ?? 0, end)
        reaches.append(
            MemoryReach(
                slot: operand.slot, bytes: (operand.offset + first) * size...end - 1, isWritten: isWritten))
    }

    /// The same for a contiguous run from the operand's first element.
    mutating func require(_ operand: Operand, count: Int, isWritten: Bool, what: String) throws(DeviceError) {
        if count > 0 { try require(operand, first: 0, last: count - 1, isWritten: isWritten, what: what) }
    }
}
