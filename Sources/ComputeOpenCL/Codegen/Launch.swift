import Compute

/// What a kernel argument is at run time.
enum KernelArgument: Hashable, Sendable {
    /// The buffer bound to a slot.
    case slot(Int)
    /// Memory of the prepared steps' own, by its number.
    case scratch(Int)
    /// Memory of the prepared steps' own that begins with zeros.
    case zeros
    case int(Int32)
    case long(Int64)

    /// The memory of an operand; scratch memory has negative slots.
    init(_ operand: Operand) {
        self = operand.slot >= 0 ? .slot(operand.slot) : .scratch(-1 - operand.slot)
    }

    var bytes: Int {
        switch self {
        case .int: 4
        case .slot, .scratch, .zeros, .long: 8
        }
    }
}

/// One kernel over one grid.
struct Launch: Sendable {
    var source: KernelSource
    /// What follows `KERNEL_NAME` in the kernel's name.
    var entry = ""
    var arguments: [KernelArgument]
    /// Work-groups in up to three dimensions.
    var groups: [Int]
    /// Items of a group, all in the first dimension.
    var groupSize: Int
}

/// What steps turn into: launches in order, and the memory that they pass partial results through.
struct LaunchPlan: Sendable {
    let traits: KernelTraits
    var launches: [Launch] = []
    /// The number of launches of each step.
    var launchesOfStep: [Int] = []
    /// Bytes of each piece of scratch memory. Steps run one after the other and use the same pieces.
    var scratch: [Int] = []
    /// Pieces used by the step being added.
    private var scratchInUse = 0
    /// The number of zeros that convolutions read for pixels outside the image.
    var zeros = 0
    /// The least size of each slot's buffer, in bytes.
    var requiredBytes: [Int: Int] = [:]

    init(traits: KernelTraits) { self.traits = traits }

    mutating func add(_ step: Step) throws(DeviceError) {
        let before = launches.count
        scratchInUse = 0
        switch step {
        case .pointwise(let step): try add(step)
        case .contraction(let step): try add(step)
        case .convolution(let step): try add(step)
        case .gather(let step): try add(step)
        case .scatterAdd(let step): try add(step)
        case .rasterScan: throw .unsupported(device: "OpenCL", what: "a raster scan")
        }
        launchesOfStep.append(launches.count - before)
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
        return Operand(slot: -scratchInUse, dtype: dtype)
    }

    /// Records that a step reaches elements `first ... last` of an operand.
    mutating func require(_ operand: Operand, first: Int, last: Int, what: String) throws(DeviceError) {
        guard operand.slot >= 0, operand.offset + first >= 0 else {
            throw .badBuffer(
                device: "OpenCL", what: "\(what) reaches element \(operand.offset + first) of slot \(operand.slot)")
        }
        let bytes = (operand.offset + last + 1) * operand.dtype.size
        requiredBytes[operand.slot] = max(requiredBytes[operand.slot] ?? 0, bytes)
    }

    /// The same for a contiguous run from the operand's first element.
    mutating func require(_ operand: Operand, count: Int, what: String) throws(DeviceError) {
        if count > 0 { try require(operand, first: 0, last: count - 1, what: what) }
    }
}
