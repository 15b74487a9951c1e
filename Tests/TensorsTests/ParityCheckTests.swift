import Compute
import ComputeCPU
import TestSupport
import Testing

/// What `tessera doctor` runs: it has to see a device that is wrong.
@Suite struct ParityCheckTests {
    private static let few = CaseRegistry.all.filter { $0.name.hasPrefix("matmul 3x4x5") || $0.name.hasPrefix("exp") }

    @Test func aSoundDevice() {
        var check = ParityCheck(Self.few)
        let comparisons = Self.few.count + check.differentiable.count
        var told: [Int] = []
        check.run(on: TestDevices.cpu.device, limit: 1000) { done, total in
            told.append(done)
            #expect(total == comparisons)
        }
        #expect(check.failures.isEmpty && check.isComplete)
        #expect(check.differentiable.count >= 3 && told == Array(1...comparisons))
    }

    @Test("numbers that are wrong by a little, and errors, are told with the case's name")
    func brokenDevices() {
        for (fails, word) in [(false, "times the tolerance"), (true, "CL_OUT_OF_RESOURCES")] {
            var check = ParityCheck(Self.few)
            check.run(on: BrokenDevice(fails: fails), limit: 1000)
            #expect(Set(check.failures.map(\.name)) == Set(Self.few.map(\.name)))
            #expect(check.failures.allSatisfy { $0.problem.contains(word) })
        }
    }

    @Test func noTime() {
        var check = ParityCheck(Self.few)
        check.run(on: TestDevices.cpu.device, limit: 0)
        #expect(!check.isComplete && check.outputs == 0 && check.failures.isEmpty)
    }
}

/// A device that spoils the first number of what is read from it, or fails.
private final class BrokenDevice: Device {
    private let device = CPUDevice()
    private let fails: Bool

    init(fails: Bool) { self.fails = fails }

    var info: DeviceInfo { device.info }
    var memory: MemoryUsage { device.memory }
    func allocate(bytes: Int) throws -> Buffer { try device.allocate(bytes: bytes) }
    func prepare(_ steps: [Step]) throws -> any PreparedSteps { try device.prepare(steps) }
    func synchronize() throws { try device.synchronize() }

    func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws {
        try device.upload(source, to: buffer, offset: offset)
    }

    func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        if fails { throw DeviceError.callFailed(device: "a device", call: "clFinish", code: "CL_OUT_OF_RESOURCES") }
        try device.download(buffer, offset: offset, into: destination)
        guard destination.count >= 4 else { return }
        destination.storeBytes(of: destination.load(as: Float.self) * 1.001 + 1e-3, as: Float.self)
    }

    func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws { try device.run(steps, bindings: bindings) }

    func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double] {
        try device.profile(steps, bindings: bindings)
    }
}
