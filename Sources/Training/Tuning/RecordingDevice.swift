import Compute
import Synchronization

/// A device that computes nothing and notes what it is asked to compute: for what a program would run on another device,
/// whose description it has. All that is read from it is zeros.
final class RecordingDevice: Device {
    let info: DeviceInfo
    private let noted = Mutex<[[Step]]>([])

    init(describedBy info: DeviceInfo) { self.info = info }

    /// The steps of each plan, in the order in which they were prepared.
    var plans: [[Step]] { noted.withLock { $0 } }
    var memory: MemoryUsage { MemoryUsage() }

    private final class Nothing: PreparedSteps {
        let launches = 0
    }

    func allocate(bytes: Int) throws -> Buffer { Buffer(bytes: bytes) }
    func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws {}

    func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        destination.initializeMemory(as: UInt8.self, repeating: 0)
    }

    func prepare(_ steps: [Step]) throws -> any PreparedSteps {
        noted.withLock { $0.append(steps) }
        return Nothing()
    }

    func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws {}
    func synchronize() throws {}
    func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double] { [] }
}
