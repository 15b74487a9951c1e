import Compute

/// A step compiled for the CPU device.
protocol CPUStep: Sendable {
    /// Bytes of memory that one run needs for itself, shared by all workers.
    var sharedScratch: Int { get }
    /// Bytes of memory that each worker needs for itself.
    var workerScratch: Int { get }
    func run(_ launch: Launch)
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
struct BindingNeeds {
    let device: String
    private(set) var bytes: [Int] = []

    init(device: String) { self.device = device }

    /// Notes that `elements`, counted from the operand's offset, are read or written.
    mutating func require(_ operand: Operand, elements: Range<Int>) throws(DeviceError) {
        guard operand.slot >= 0 else { throw malformed("an operand in slot \(operand.slot)") }
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
