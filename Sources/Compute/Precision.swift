import Synchronization

/// How exactly products and convolutions take their factors. They are summed in Float32 in any case, and everything else
/// is computed in Float32 in any case.
///
/// What is not `full` permits and does not promise: on a device without faster arithmetic all is computed as with `full`,
/// and so are small products, and scans that are one launch, on one that has it. `DeviceInfo.tensorCores` says which do.
public enum Precision: String, Hashable, Sendable, Codable, CaseIterable {
    /// Float32 means Float32.
    case full
    /// Factors may be rounded to tf32, 11 significant bits: each is off by 2^-11 of itself at the most.
    case fast
    /// Factors may be rounded to bf16, 8 significant bits: each is off by 2^-8 of itself at the most.
    case fastest

    /// The largest relative error of a factor.
    public var unitRoundoff: Double {
        switch self {
        case .full: 0
        case .fast: 0x1p-11
        case .fastest: 0x1p-8
        }
    }
}

extension Device {
    public var precision: Precision { .full }

    public var base: any Device { self }

    /// The same device, on which products and convolutions have another precision. Its memory is the device's: tensors and
    /// variables of one can be used on the other.
    ///
    /// - Returns: the same object for each precision every time.
    public func with(precision: Precision) -> any Device {
        precision == self.precision ? self : PreciseDevice.of(base, precision)
    }
}

/// A device seen with a precision: it says so in the steps that it hands on.
private final class PreciseDevice: Device {
    let base: any Device
    let precision: Precision

    private struct Key: Hashable {
        let device: ObjectIdentifier
        let precision: Precision
    }

    private static let known = Mutex<[Key: PreciseDevice]>([:])

    private init(_ base: any Device, _ precision: Precision) {
        self.base = base
        self.precision = precision
    }

    static func of(_ base: any Device, _ precision: Precision) -> any Device {
        if precision == base.precision { return base }
        let key = Key(device: ObjectIdentifier(base), precision: precision)
        return known.withLock { known in
            if let device = known[key] { return device }
            let device = PreciseDevice(base, precision)
            known[key] = device
            return device
        }
    }

    func prepare(_ steps: [Step]) throws -> any PreparedSteps {
        try base.prepare(steps.map { $0.with(precision: precision) })
    }

    var info: DeviceInfo { base.info }
    var memory: MemoryUsage { base.memory }
    func allocate(bytes: Int) throws -> Buffer { try base.allocate(bytes: bytes) }
    func synchronize() throws { try base.synchronize() }

    func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws {
        try base.upload(source, to: buffer, offset: offset)
    }

    func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        try base.download(buffer, offset: offset, into: destination)
    }

    func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws { try base.run(steps, bindings: bindings) }

    func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double] {
        try base.profile(steps, bindings: bindings)
    }
}

extension Step {
    /// The same step with another precision, where it has one.
    package func with(precision: Precision) -> Step {
        switch self {
        case .contraction(var step):
            step.precision = precision
            return .contraction(step)
        case .convolution(var step):
            step.precision = precision
            return .convolution(step)
        case .rasterScan(var step):
            step.programs = step.programs.map { $0.map { $0.with(precision: precision) } }
            return .rasterScan(step)
        case .pointwise, .gather, .scatterAdd: return self
        }
    }
}
