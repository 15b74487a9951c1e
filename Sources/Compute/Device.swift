/// A device that holds memory and runs steps. OpenCL devices and the built-in CPU device are the two implementations.
///
/// Work is queued in order: an upload, a run and a download each see everything queued before them. Every member may be
/// called from any thread; calls on one device are serialised by it.
public protocol Device: AnyObject, Sendable {
    var info: DeviceInfo { get }

    /// Memory for `bytes` bytes, from the device's pool where it can be. Its contents are undefined.
    /// - Throws: `DeviceError.outOfMemory`, `DeviceError.allocationTooLarge`.
    func allocate(bytes: Int) throws -> Buffer

    /// Copies host memory into a buffer, from byte `offset` on. The source may be reused when the call returns.
    func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws

    /// Copies from byte `offset` of a buffer into host memory, after all queued work.
    func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws

    /// Compiles steps, to be run together in this order. Equal kernels are compiled once.
    func prepare(_ steps: [Step]) throws -> any PreparedSteps

    /// Queues prepared steps. `bindings[slot]` is the buffer that operands of that slot mean.
    func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws

    /// Waits until everything queued has finished.
    func synchronize() throws

    /// Bytes handed out and pooled.
    var memory: MemoryUsage { get }

    /// Runs the steps one by one, waiting after each. What one launch does for several steps is told for the first of them.
    /// - Returns: seconds for each step.
    func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double]

    /// The precision of what is prepared here; `full` unless the device comes from `with(precision:)`.
    var precision: Precision { get }

    /// The device whose memory this one has: itself, or the one that `with(precision:)` was called on.
    var base: any Device { get }
}

/// Steps compiled for one device. Holds what they need there: kernels, scratch memory.
public protocol PreparedSteps: AnyObject, Sendable {
    /// Launches that one run takes; a step may take more than one.
    var launches: Int { get }
}

/// Device memory. It returns to the device's pool when the last reference goes away.
open class Buffer: @unchecked Sendable {
    /// The usable size in bytes.
    public let bytes: Int
    public init(bytes: Int) { self.bytes = bytes }
}

/// What a device says of itself.
public struct DeviceInfo: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
        case gpu, accelerator
        /// A CPU driven through OpenCL (PoCL among others).
        case openCLCPU = "opencl-cpu"
        /// The built-in CPU device.
        case cpu
    }
    public var kind: Kind
    public var name: String
    /// The OpenCL platform, or "built-in".
    public var platform: String
    public var vendor: String
    public var driver: String
    public var computeUnits: Int
    /// Bytes of device memory in all.
    public var memory: Int
    /// Bytes one allocation may have at the most.
    public var largestAllocation: Int
    /// Whether products and convolutions have faster arithmetic at a precision below `full`: tf32 and bf16.
    public var tensorCores: Bool

    public init(
        kind: Kind, name: String, platform: String, vendor: String, driver: String, computeUnits: Int, memory: Int,
        largestAllocation: Int, tensorCores: Bool = false
    ) {
        self.kind = kind
        self.name = name
        self.platform = platform
        self.vendor = vendor
        self.driver = driver
        self.computeUnits = computeUnits
        self.memory = memory
        self.largestAllocation = largestAllocation
        self.tensorCores = tensorCores
    }

    /// Whether the device is a CPU driven by PoCL.
    public var isPoCL: Bool { platform.contains("Portable Computing Language") }
}

/// Bytes of device memory, as the device's pool counts them.
public struct MemoryUsage: Sendable, Hashable, Codable {
    /// Held by live buffers.
    public var inUse: Int
    /// The most that `inUse` has been.
    public var peak: Int
    /// Kept for reuse, held by no buffer.
    public var pooled: Int

    public init(inUse: Int = 0, peak: Int = 0, pooled: Int = 0) {
        self.inUse = inUse
        self.peak = peak
        self.pooled = pooled
    }
}
