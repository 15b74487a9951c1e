import Compute
import ComputeOpenCL
import TestSupport
import Testing

/// An OpenCL device with kernels of one class, and slots of typed memory to run steps on.
struct OpenCLFixture {
    /// The class of kernels; both run on every device.
    enum Shape: CaseIterable, CustomTestStringConvertible {
        case cpu, gpu
        var testDescription: String { self == .cpu ? "CPU kernels" : "GPU kernels" }
    }

    private static let cpu = discovered(.cpu)
    private static let gpu = discovered(.gpu)
    static var isAvailable: Bool { !cpu.devices.isEmpty }
    /// Whether the device is the simulator of `make check-kernels`.
    static var isSimulated: Bool { cpu.devices.first?.isSimulated == true }

    private static func discovered(_ shape: KernelShape) -> OpenCLDiscovery {
        let found = OpenCLDevice.discover(shape: shape)
        guard found.devices.first?.isSimulated == true else { return found }
        return simulated(shape)
    }

    private static func simulated(_ shape: KernelShape) -> OpenCLDiscovery {
        OpenCLDevice.discover(shape: shape, cacheFolder: nil, poolsMemory: false)
    }

    static func device(_ shape: Shape = .cpu) throws -> OpenCLDevice {
        try first(shape == .cpu ? cpu : gpu)
    }

    /// The simulator's device opened anew, for the thread that asks: when it looks for unwritten values, Oclgrind crashes if
    /// another thread than that which opened a device writes to its memory.
    static func simulatedDevice(_ shape: Shape) throws -> OpenCLDevice {
        try first(simulated(shape == .cpu ? .cpu : .gpu))
    }

    private static func first(_ found: OpenCLDiscovery) throws -> OpenCLDevice {
        try #require(found.devices.first, "no OpenCL device: \(found.problems)")
    }

    /// Typed contents of one slot.
    struct Slot {
        var dtype: DType
        var values: [Double]

        init(_ dtype: DType = .float32, _ values: [Double]) {
            self.dtype = dtype
            // Held to what the type can hold, so that device and reference start from the same numbers.
            self.values = dtype == .float32 ? values.map { Double(Float($0)) } : values
        }

        static func zeros(_ dtype: DType = .float32, count: Int) -> Slot {
            Slot(dtype, Array(repeating: 0, count: count))
        }

        /// Float32 numbers between -1 and 1 that do not repeat soon.
        static func noise(count: Int, seed: Int = 1) -> Slot {
            var state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1
            return Slot(
                .float32,
                (0..<count).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return Double(Int64(bitPattern: state) >> 40) / Double(1 << 23)
                })
        }

        var bytes: [UInt8] {
            switch dtype {
            case .float32: values.flatMap { withUnsafeBytes(of: Float($0)) { Array($0) } }
            case .int32: values.flatMap { withUnsafeBytes(of: Int32($0)) { Array($0) } }
            case .uint8, .bool: values.map { UInt8($0) }
            }
        }

        func reading(_ bytes: [UInt8]) -> [Double] {
            bytes.withUnsafeBytes { raw in
                values.indices.map {
                    switch dtype {
                    case .float32: Double(raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self))
                    case .int32: Double(raw.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self))
                    case .uint8, .bool: Double(raw[$0])
                    }
                }
            }
        }
    }

    /// Runs steps on a device.
    /// - Returns: the contents of every slot afterwards.
    static func run(_ steps: [Step], _ slots: [Slot], on device: any Device) throws -> [[Double]] {
        let buffers = try slots.map { slot in
            let buffer = try device.allocate(bytes: slot.bytes.count)
            try slot.bytes.withUnsafeBytes { try device.upload($0, to: buffer, offset: 0) }
            return buffer
        }
        let prepared = try device.prepare(steps)
        try device.run(prepared, bindings: buffers)
        return try zip(slots, buffers).map { slot, buffer in
            var bytes = [UInt8](repeating: 0, count: buffer.bytes)
            try bytes.withUnsafeMutableBytes { try device.download(buffer, offset: 0, into: $0) }
            return slot.reading(bytes)
        }
    }

    /// Steps and slots of their own, to be compared with the reference.
    struct Case {
        var steps: [Step]
        var slots: [Slot]
        var relative = 2e-6
        var absolute = 1e-6
        var note = ""
    }

    /// Runs cases on a device and in double precision, and compares every slot. All are prepared together, since a
    /// driver takes long to compile many programs.
    static func compare(
        _ cases: [Case], _ shape: Shape, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for problem in try mismatches(cases, on: device(shape)) {
            Issue.record("\(problem)", sourceLocation: sourceLocation)
        }
    }

    /// What is wrong with the results of cases, which are prepared together.
    static func mismatches(_ cases: [Case], on device: OpenCLDevice) throws -> [String] {
        var steps: [Step] = []
        var slots: [Slot] = []
        for one in cases {
            steps += one.steps.map { $0.shifted(by: slots.count) }
            slots += one.slots
        }
        let results = try run(steps, slots, on: device)
        var problems: [String] = []
        var first = 0
        for one in cases {
            let expected = try run(one.steps, one.slots, on: ReferenceDevice())
            for (number, slot) in one.slots.enumerated() {
                let isFloat = slot.dtype == .float32
                let worst = mismatch(
                    results[first + number], expected[number], relative: isFloat ? one.relative : 0,
                    absolute: isFloat ? one.absolute : 0)
                if let worst { problems.append("\(one.note) slot \(number): \(worst)") }
            }
            first += one.slots.count
        }
        return problems
    }

    /// The same for one case.
    static func compare(
        _ steps: [Step], _ slots: [Slot], _ shape: Shape, relative: Double = 2e-6, absolute: Double = 1e-6,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let one = Case(steps: steps, slots: slots, relative: relative, absolute: absolute)
        try compare([one], shape, sourceLocation: sourceLocation)
    }

    /// The first element that is too far off, in words.
    static func mismatch(
        _ found: [Double], _ expected: [Double], relative: Double, absolute: Double
    ) -> String? {
        for (place, (x, y)) in zip(found, expected).enumerated() {
            if x == y || (x.isNaN && y.isNaN) { continue }
            if abs(x - y) <= absolute + relative * abs(y) { continue }
            return "element \(place) is \(x) and should be \(y)"
        }
        return nil
    }
}

extension OpenCLDevice {
    fileprivate var isSimulated: Bool { info.platform.contains("Oclgrind") }
}

extension Step {
    /// The same step on slots further on.
    func shifted(by slots: Int) -> Step {
        mappingOperands { Operand(slot: $0.slot + slots, offset: $0.offset, dtype: $0.dtype) }
    }
}
