import COpenBLAS
import Compute
import Glibc
import Synchronization

/// The built-in device: runs every step on the processor, with products from OpenBLAS where it is installed.
///
/// Runs are synchronous and serialised: a call returns when its work is done. Results do not depend on the number of
/// threads.
public final class CPUDevice: Device {
    public let info: DeviceInfo
    private let workers: Workers
    private let pool: HostPool
    /// The memory that steps use while they run; its lock also serialises the device's work.
    private let scratch = Mutex<HostBlock?>(nil)
    private let scratchBytes = Atomic<Int>(0)

    /// - Parameter threads: how many threads steps may use; by default one for each processor.
    public init(threads: Int? = nil) {
        let processor = HostProcessor()
        let count = max(1, threads ?? processor.processors)
        workers = Workers(count: count)
        info = DeviceInfo(
            kind: .cpu,
            name: "\(processor.model), \(count) thread\(count == 1 ? "" : "s"), \(HostProcessor.productLibrary)",
            platform: "built-in",
            vendor: processor.vendor,
            driver: String(cString: tessera_blas_config()),
            computeUnits: count,
            memory: processor.memory,
            largestAllocation: processor.memory)
        pool = HostPool(device: info.name, limit: processor.memory)
    }

    deinit { scratch.withLock { $0?.free() } }

    public var memory: MemoryUsage {
        var usage = pool.usage
        usage.pooled += scratchBytes.load(ordering: .relaxed)
        return usage
    }

    public func allocate(bytes: Int) throws -> Buffer { try CPUBuffer(bytes: bytes, pool: pool) }

    public func upload(_ source: UnsafeRawBufferPointer, to buffer: Buffer, offset: Int) throws {
        let target = try range(of: buffer, offset: offset, count: source.count)
        guard let start = source.baseAddress else { return }
        scratch.withLock { _ in _ = memcpy(target.block.base + offset, start, source.count) }
    }

    public func download(_ buffer: Buffer, offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
        let source = try range(of: buffer, offset: offset, count: destination.count)
        guard let start = destination.baseAddress else { return }
        scratch.withLock { _ in _ = memcpy(start, source.block.base + offset, destination.count) }
    }

    public func prepare(_ steps: [Step]) throws -> any PreparedSteps {
        var needs = BindingNeeds(device: info.name)
        let compiled = try steps.map { step in try CPUDevice.compile(step, needs: &needs) }
        return CPUPreparedSteps(steps: compiled, needs: needs)
    }

    public func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws {
        try launch(steps, bindings: bindings) { step, launch in step.run(launch) }
    }

    public func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double] {
        let clock = ContinuousClock()
        var seconds: [Double] = []
        try launch(steps, bindings: bindings) { step, launch in
            seconds.append(clock.measure { step.run(launch) } / .seconds(1))
        }
        return seconds
    }

    public func synchronize() throws {}

    static func compile(_ step: Step, needs: inout BindingNeeds) throws -> any CPUStep {
        switch step {
        case .pointwise(let step):
            if let reduction = step.reduction {
                try CPUReduction(step, reduction, needs: &needs)
            } else {
                try CPUPointwise(step, needs: &needs)
            }
        case .contraction(let step): try CPUContraction(step, needs: &needs)
        case .convolution(let step): try CPUConvolution.compile(step, needs: &needs)
        case .gather(let step): try CPUGather(step, needs: &needs)
        case .scatterAdd(let step): try CPUScatterAdd(step, needs: &needs)
        case .rasterScan(let step): try CPURasterScan(step, needs: &needs)
        }
    }

    private func launch(
        _ steps: any PreparedSteps, bindings: [Buffer], _ body: (any CPUStep, Launch) -> Void
    ) throws {
        guard let prepared = steps as? CPUPreparedSteps else {
            throw DeviceError.unsupported(device: info.name, what: "steps prepared by another device")
        }
        let buffers = try bindings.map(owned)
        try prepared.needs.check(buffers)
        let workerStride = (prepared.workerScratch + 127) / 64 * 64
        let shared = (prepared.sharedScratch + 127) / 64 * 64
        try scratch.withLock { scratch in
            let base = try grow(&scratch, to: shared + workerStride * workers.count)
            // One more than there are buffers: a plan may bind none, and an array must have a first element.
            let slots = buffers.map(\.block.base) + [base]
            slots.withUnsafeBufferPointer { slots in
                guard let first = slots.baseAddress else { return }
                let launch = Launch(
                    slots: first, workers: workers, shared: base, workerBase: base + shared,
                    workerStride: workerStride)
                for step in prepared.steps { body(step, launch) }
            }
        }
        // The buffers must outlive the work on their memory.
        withExtendedLifetime(buffers) {}
    }

    private func grow(_ scratch: inout HostBlock?, to bytes: Int) throws -> UnsafeMutableRawPointer {
        if let block = scratch, block.size >= bytes { return block.base }
        scratch?.free()
        scratch = HostBlock(size: bytes)
        scratchBytes.store(scratch?.size ?? 0, ordering: .relaxed)
        guard let block = scratch else {
            throw DeviceError.outOfMemory(
                device: info.name, requested: bytes, inUse: memory.inUse, total: info.memory)
        }
        return block.base
    }

    private func owned(_ buffer: Buffer) throws -> CPUBuffer {
        guard let buffer = buffer as? CPUBuffer, buffer.pool === pool else {
            throw DeviceError.badBuffer(device: info.name, what: "a buffer of another device was given")
        }
        return buffer
    }

    private func range(of buffer: Buffer, offset: Int, count: Int) throws -> CPUBuffer {
        guard offset >= 0, count <= buffer.bytes - offset else {
            throw DeviceError.badBuffer(
                device: info.name,
                what: "\(count) bytes from byte \(offset) on lie outside a buffer of \(buffer.bytes) bytes")
        }
        return try owned(buffer)
    }
}

/// Steps compiled for the CPU device.
final class CPUPreparedSteps: PreparedSteps {
    let steps: [any CPUStep]
    let needs: BindingNeeds
    let sharedScratch: Int
    let workerScratch: Int

    init(steps: [any CPUStep], needs: BindingNeeds) {
        self.steps = steps
        self.needs = needs
        sharedScratch = steps.map(\.sharedScratch).max() ?? 0
        workerScratch = steps.map(\.workerScratch).max() ?? 0
    }

    var launches: Int { steps.reduce(0) { $0 + $1.launches } }
}
