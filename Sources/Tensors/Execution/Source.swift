import Compute
import Synchronization

/// A leaf of the graph whose contents are not in the graph: host data, a variable, or an argument. Compared by identity.
public class Source: @unchecked Sendable, Hashable {
    public let shape: [Int]
    public let dtype: DType

    init(shape: [Int], dtype: DType) {
        self.shape = shape
        self.dtype = dtype
    }

    /// The size of the contents in bytes.
    public var bytes: Int { shape.reduce(1, *) * dtype.size }

    /// The contents as a tensor.
    public var tensor: Tensor { Tensor(source: self) }

    /// The contents, where the host holds them.
    package var hostContents: [UInt8]? { nil }

    /// The device memory that holds the contents when a plan runs.
    func buffer(on device: any Device) throws -> Buffer {
        throw DeviceError.unsupported(device: device.info.name, what: "a source of no kind")
    }

    public static func == (a: Source, b: Source) -> Bool { a === b }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Values from the host, uploaded to each device that uses them, once.
final class HostData: Source, @unchecked Sendable {
    private let contents: [UInt8]
    private let uploads = Mutex<[ObjectIdentifier: Buffer]>([:])

    init(bytes: [UInt8], shape: [Int], dtype: DType) {
        contents = bytes
        super.init(shape: shape, dtype: dtype)
    }

    override var hostContents: [UInt8]? { contents }

    override func buffer(on device: any Device) throws -> Buffer {
        try uploads.withLock { uploads in
            if let known = uploads[ObjectIdentifier(device.base)] { return known }
            let buffer = try device.allocate(bytes: bytes)
            try contents.withUnsafeBytes { try device.upload($0, to: buffer, offset: 0) }
            uploads[ObjectIdentifier(device.base)] = buffer
            return buffer
        }
    }
}

/// A result that stays on its device.
final class DeviceData: Source, @unchecked Sendable {
    let device: any Device
    let memory: Buffer

    init(_ memory: Buffer, device: any Device, shape: [Int], dtype: DType) {
        self.memory = memory
        self.device = device
        super.init(shape: shape, dtype: dtype)
    }

    override func buffer(on device: any Device) throws -> Buffer {
        guard device.base === self.device.base else {
            throw TensorError.wrongDevice(
                variable: "an evaluated tensor of shape \(shape)", expected: self.device.info.name,
                found: device.info.name)
        }
        return memory
    }
}

/// A value that changes from call to call of a compiled function: a batch, a seed, a learning rate.
public final class Argument: Source, @unchecked Sendable {
    private let buffers = Mutex<[ObjectIdentifier: Buffer]>([:])

    public init(_ shape: [Int], dtype: DType = .float32) { super.init(shape: shape, dtype: dtype) }

    override func buffer(on device: any Device) throws -> Buffer {
        try buffers.withLock { buffers in
            if let known = buffers[ObjectIdentifier(device.base)] { return known }
            let buffer = try device.allocate(bytes: bytes)
            buffers[ObjectIdentifier(device.base)] = buffer
            return buffer
        }
    }

    /// Queues the upload of new contents, behind the work that still reads the old ones.
    /// - Throws: `TensorError.countMismatch`, or what the device throws.
    public func set<Element: BitwiseCopyable>(_ values: [Element], on device: any Device) throws {
        try values.withUnsafeBytes { try set(bytes: $0, on: device) }
    }

    /// The same from raw memory, in this argument's element type.
    public func set(bytes source: UnsafeRawBufferPointer, on device: any Device) throws {
        guard source.count == bytes else {
            throw TensorError.countMismatch(
                shape: shape, expected: bytes / dtype.size, found: source.count / dtype.size)
        }
        try device.upload(source, to: buffer(on: device), offset: 0)
    }
}
