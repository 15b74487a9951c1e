import Compute
import Foundation

/// A device that executes steps exactly as their descriptions say, element by element in plain loops: slow, and the
/// measure for plans. With it lowering is tested by itself, and the other devices against a plan's meaning.
///
/// It is hostile where the description leaves freedom: fresh memory is full of NaN, elements are computed in a shuffled
/// order and written at once, so that a plan which overwrites what another element still reads gives wrong numbers; and
/// a load or store outside its buffer is an error.
public final class ReferenceDevice: Device {
    public let info: DeviceInfo
    private let usage = ReferenceUsage()

    /// - Parameter largestAllocation: the limit that plans are to keep within.
    public init(largestAllocation: Int = 1 << 40) {
        info = DeviceInfo(
            kind: .cpu, name: "reference", platform: "reference", vendor: "", driver: "", computeUnits: 1,
            memory: 1 << 40, largestAllocation: largestAllocation)
    }

    public func allocate(bytes: Int) throws -> Buffer {
        guard bytes <= info.largestAllocation else {
            throw DeviceError.allocationTooLarge(device: info.name, requested: bytes, limit: info.largestAllocation)
        }
        return ReferenceBuffer(bytes: bytes, usage: usage)
    }

    public func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws {
        let memory = try owned(buffer)
        guard offset >= 0, offset + source.count <= buffer.bytes else {
            throw DeviceError.badBuffer(device: info.name, what: "an upload outside its buffer")
        }
        UnsafeMutableRawBufferPointer(rebasing: memory.contents[offset..<(offset + source.count)])
            .copyMemory(from: source)
    }

    public func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        let memory = try owned(buffer)
        guard offset >= 0, offset + destination.count <= buffer.bytes else {
            throw DeviceError.badBuffer(device: info.name, what: "a download outside its buffer")
        }
        destination.copyMemory(from: .init(rebasing: memory.contents[offset..<(offset + destination.count)]))
    }

    public func prepare(_ steps: [Step]) throws -> any PreparedSteps { Prepared(steps) }

    public func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws {
        _ = try profile(steps, bindings: bindings)
    }

    public func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double] {
        guard let prepared = steps as? Prepared else {
            throw DeviceError.unsupported(device: info.name, what: "steps prepared by another device")
        }
        let memory = ReferenceMemory(buffers: try bindings.map(owned))
        for step in prepared.steps { try ReferenceStep(memory: memory).run(step) }
        return prepared.steps.map { _ in 0 }
    }

    public func synchronize() throws {}

    public var memory: MemoryUsage { usage.value }

    private func owned(_ buffer: Buffer) throws -> ReferenceBuffer {
        guard let buffer = buffer as? ReferenceBuffer, buffer.usage === usage else {
            throw DeviceError.badBuffer(device: info.name, what: "a buffer of another device was given")
        }
        return buffer
    }

    private final class Prepared: PreparedSteps {
        let steps: [Step]
        var launches: Int { steps.count }
        init(_ steps: [Step]) { self.steps = steps }
    }
}

/// Bytes in live buffers.
final class ReferenceUsage: @unchecked Sendable {
    private let lock = NSLock()
    private var usage = MemoryUsage()

    var value: MemoryUsage { lock.withLock { usage } }

    func add(_ bytes: Int) {
        lock.withLock {
            usage.inUse += bytes
            usage.peak = max(usage.peak, usage.inUse)
        }
    }
}

final class ReferenceBuffer: Buffer, @unchecked Sendable {
    let contents: UnsafeMutableRawBufferPointer
    let usage: ReferenceUsage

    init(bytes: Int, usage: ReferenceUsage) {
        contents = .allocate(byteCount: bytes, alignment: 64)
        // Every Float32 is NaN, every integer and every byte is unlikely.
        contents.initializeMemory(as: UInt8.self, repeating: 0xFF)
        self.usage = usage
        super.init(bytes: bytes)
        usage.add(bytes)
    }

    deinit {
        contents.deallocate()
        usage.add(-bytes)
    }
}

/// The elements of a run's buffers, with bounds checked.
struct ReferenceMemory {
    let buffers: [ReferenceBuffer]
    /// Inside a raster scan: where the memory of each of its slots begins at present.
    var places: [Operand]?

    init(buffers: [ReferenceBuffer]) { self.buffers = buffers }

    func load(_ operand: Operand, _ element: Int) throws -> Double {
        let memory = try checked(operand, element)
        return switch operand.dtype {
        case .float32: Double(memory.load(as: Float.self))
        case .int32: Double(memory.load(as: Int32.self))
        case .uint8, .bool: Double(memory.load(as: UInt8.self))
        }
    }

    func store(_ value: Double, _ operand: Operand, _ element: Int) throws {
        let memory = try checked(operand, element)
        switch operand.dtype {
        case .float32: memory.storeBytes(of: Float(value), as: Float.self)
        case .int32: memory.storeBytes(of: Int32(truncatingIfNeeded: Int(value)), as: Int32.self)
        case .uint8, .bool: memory.storeBytes(of: UInt8(truncatingIfNeeded: Int(value)), as: UInt8.self)
        }
    }

    /// An operand of the buffers.
    private func resolved(_ operand: Operand) throws -> Operand {
        guard let places else { return operand }
        guard places.indices.contains(operand.slot), places[operand.slot].dtype == operand.dtype else {
            throw DeviceError.unsupported(
                device: "reference", what: "a \(operand.dtype) operand in slot \(operand.slot) of a raster scan")
        }
        var place = places[operand.slot]
        place.offset += operand.offset
        return place
    }

    private func checked(_ inner: Operand, _ element: Int) throws -> UnsafeMutableRawPointer {
        let operand = try resolved(inner)
        guard buffers.indices.contains(operand.slot) else {
            throw DeviceError.badBuffer(device: "reference", what: "no buffer is bound to slot \(operand.slot)")
        }
        let contents = buffers[operand.slot].contents
        let offset = (operand.offset + element) * operand.dtype.size
        guard offset >= 0, offset + operand.dtype.size <= contents.count, let base = contents.baseAddress else {
            throw DeviceError.badBuffer(
                device: "reference", what: "element \(operand.offset + element) lies outside slot \(operand.slot)")
        }
        return base + offset
    }
}
