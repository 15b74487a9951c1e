import Compute

/// A step compiled for the CPU device.
protocol CPUStep: Sendable {
    /// Bytes of memory that one run needs for itself, shared by all workers.
    var sharedScratch: Int { get }
    /// Bytes of memory that each worker needs for itself.
    var workerScratch: Int { get }
    /// How many pieces of work of their own one run consists of.
    var launches: Int { get }
    func run(_ launch: Launch)
}

extension CPUStep {
    var launches: Int { 1 }
}

/// What one run of a step works with. Every binding has been checked to be large enough.
struct Launch {
    let slots: UnsafePointer<UnsafeMutableRawPointer>
    let workers: Workers
    let shared: UnsafeMutableRawPointer
    let workerBase: UnsafeMutableRawPointer
    let workerStride: Int

    func pointer(_ operand: Operand) -> UnsafeMutableRawPointer {
        slots[operand.slot] + operand.offset * operand.dtype.size
    }

    func floats(_ operand: Operand) -> UnsafeMutablePointer<Float> {
        pointer(operand).assumingMemoryBound(to: Float.self)
    }

    /// The memory of one worker.
    func scratch(_ worker: Int) -> UnsafeMutableRawPointer { workerBase + worker * workerStride }
}

/// The bytes that each binding must have, gathered while steps are prepared.
///
/// For the inner steps of a raster scan it gathers instead what they reach of each slot, from wherever that begins.
struct BindingNeeds {
    let device: String
    private(set) var bytes: [Int] = []
    /// The slots of the raster scan that the steps are part of.
    private let slots: [RasterScanStep.Slot]?
    /// The elements of each of these that the steps reach, before and behind its beginning; nil for a slot not named.
    private(set) var reach: [Range<Int>?] = []

    init(device: String) {
        self.device = device
        slots = nil
    }

    /// For a program of a raster scan.
    init(device: String, slots: [RasterScanStep.Slot]) {
        self.device = device
        self.slots = slots
        reach = Array(repeating: nil, count: slots.count)
    }

    /// Whether two slots may be the same memory at some time.
    func mayShare(_ first: Int, _ second: Int) -> Bool {
        guard let slots, slots.indices.contains(first), slots.indices.contains(second) else { return first == second }
        return slots[first].operand.slot == slots[second].operand.slot
    }

    /// Notes that `elements`, counted from the operand's offset, are read or written.
    mutating func require(_ operand: Operand, elements: Range<Int>) throws(DeviceError) {
        guard operand.slot >= 0 else { throw malformed("an operand in slot \(operand.slot)") }
        if let slots { return try reach(operand, elements, of: slots) }
        while bytes.count <= operand.slot { bytes.append(0) }
        guard !elements.isEmpty else { return }
        guard operand.offset + elements.lowerBound >= 0 else {
            throw .badBuffer(
                device: device,
                what: "a step reaches element \(operand.offset + elements.lowerBound) of the buffer in slot "
                    + "\(operand.slot); elements start at 0")
        }
        let end = (operand.offset + elements.upperBound) * operand.dtype.size
        bytes[operand.slot] = max(bytes[operand.slot], end)
    }

    /// The same for an operand of a raster scan's inner step.
    private mutating func reach(
        _ operand: Operand, _ elements: Range<Int>, of slots: [RasterScanStep.Slot]
    ) throws(DeviceError) {
        guard slots.indices.contains(operand.slot) else {
            throw malformed("a raster scan of \(slots.count) slots with an operand in slot \(operand.slot)")
        }
        guard slots[operand.slot].operand.dtype == operand.dtype else {
            throw malformed(
                "a \(operand.dtype) operand in a raster scan's slot of \(slots[operand.slot].operand.dtype)")
        }
        var all = reach[operand.slot] ?? 0..<0
        if !elements.isEmpty {
            let these = operand.offset + elements.lowerBound..<operand.offset + elements.upperBound
            all =
                all.isEmpty
                ? these : min(all.lowerBound, these.lowerBound)..<max(all.upperBound, these.upperBound)
        }
        reach[operand.slot] = all
    }

    /// As above for a contiguous operand of one type.
    mutating func require(_ operand: Operand, count: Int, dtype: DType) throws(DeviceError) {
        guard operand.dtype == dtype else { throw malformed("a \(operand.dtype) operand where \(dtype) is expected") }
        try require(operand, elements: 0..<max(count, 0))
    }

    /// As above for the elements that a view reaches.
    mutating func require(_ operand: Operand, view: View) throws(DeviceError) {
        try require(operand, elements: view.addresses ?? 0..<0)
    }

    func malformed(_ what: String) -> DeviceError { .unsupported(device: device, what: what) }

    /// - Throws: `DeviceError.badBuffer` where a binding is missing or too small.
    func check(_ bindings: [CPUBuffer]) throws(DeviceError) {
        guard bindings.count >= bytes.count else {
            throw .badBuffer(
                device: device, what: "\(bytes.count) bindings are needed and \(bindings.count) were given")
        }
        for (slot, (needed, buffer)) in zip(bytes, bindings).enumerated() where needed > buffer.bytes {
            throw .badBuffer(
                device: device,
                what: "the buffer in slot \(slot) must have \(needed) bytes and has \(buffer.bytes)")
        }
    }
}

extension View {
    /// The range of addresses that the view reaches, or nil where it reaches none.
    var addresses: Range<Int>? {
        var lowest = offset
        var highest = offset
        for axis in shape.indices {
            let inside = (valid?[axis] ?? 0..<shape[axis]).clamped(to: 0..<max(shape[axis], 0))
            guard let last = inside.last else { return nil }
            let ends = (inside.lowerBound * strides[axis], last * strides[axis])
            lowest += min(ends.0, ends.1)
            highest += max(ends.0, ends.1)
        }
        return lowest..<highest + 1
    }
}
