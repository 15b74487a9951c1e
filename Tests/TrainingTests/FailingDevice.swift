import Compute
import Synchronization

/// A device whose runs fail from some moment on, as those of a driver that has lost its hardware.
final class FailingDevice: Device {
    static let error = DeviceError.callFailed(device: "a device", call: "clFinish", code: "CL_OUT_OF_RESOURCES")

    private let device: any Device
    private let limit: Int
    private let count = Atomic(0)

    /// - Parameter limit: how many runs succeed.
    init(_ device: any Device, limit: Int) {
        self.device = device
        self.limit = limit
    }

    /// Runs so far.
    var runs: Int { count.load(ordering: .relaxed) }

    var info: DeviceInfo { device.info }
    var memory: MemoryUsage { device.memory }
    func allocate(bytes: Int) throws -> Buffer { try device.allocate(bytes: bytes) }
    func prepare(_ steps: [Step]) throws -> any PreparedSteps { try device.prepare(steps) }

    func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws {
        try device.upload(source, to: buffer, offset: offset)
    }

    func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        try check()
        try device.download(buffer, offset: offset, into: destination)
    }

    func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws {
        count.add(1, ordering: .relaxed)
        try check()
        try device.run(steps, bindings: bindings)
    }

    func synchronize() throws {
        try check()
        try device.synchronize()
    }

    func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double] {
        try device.profile(steps, bindings: bindings)
    }

    private func check() throws {
        if runs > limit { throw Self.error }
    }
}
