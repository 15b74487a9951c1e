import Compute
import Glibc
import Synchronization

/// A piece of host memory, aligned to a cache line.
struct HostBlock: @unchecked Sendable {
    /// Readable bytes behind every block: vector loops read whole vectors at the end of a run.
    static let slack = 64

    let base: UnsafeMutableRawPointer
    let size: Int

    /// - Returns: nil where the system has no such piece.
    init?(size: Int) {
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, 64, size + HostBlock.slack) == 0, let pointer else { return nil }
        base = pointer
        self.size = size
    }

    func free() { Glibc.free(base) }
}

/// Host memory in size classes, kept for reuse: fresh pages cost more than most steps do.
final class HostPool: Sendable {
    private struct State {
        var free: [Int: [HostBlock]] = [:]
        var usage = MemoryUsage()
    }

    let device: String
    /// Bytes that live buffers may hold together.
    let limit: Int
    private let state = Mutex(State())

    init(device: String, limit: Int) {
        self.device = device
        self.limit = limit
    }

    deinit { dropPooled() }

    var usage: MemoryUsage { state.withLock { $0.usage } }

    /// The size of the class that holds `bytes`: eight classes for each doubling.
    static func sizeClass(_ bytes: Int) -> Int {
        guard bytes > 512 else { return (max(bytes, 1) + 63) / 64 * 64 }
        let step = (1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)) / 8
        return (bytes + step - 1) / step * step
    }

    /// - Throws: `DeviceError.outOfMemory`, `DeviceError.badBuffer` for a negative size.
    func take(_ bytes: Int) throws(DeviceError) -> HostBlock {
        guard bytes >= 0 else {
            throw .badBuffer(device: device, what: "a buffer of \(bytes) bytes was asked for; sizes start at 0")
        }
        if bytes <= limit {
            let size = HostPool.sizeClass(bytes)
            if let block = reuse(size) ?? fresh(size) { return block }
        }
        throw .outOfMemory(device: device, requested: bytes, inUse: usage.inUse, total: limit)
    }

    func giveBack(_ block: HostBlock) {
        let kept = state.withLock { state in
            state.usage.inUse -= block.size
            guard state.usage.pooled + block.size <= limit / 4 else { return false }
            state.free[block.size, default: []].append(block)
            state.usage.pooled += block.size
            return true
        }
        if !kept { block.free() }
    }

    private func reuse(_ size: Int) -> HostBlock? {
        state.withLock { state in
            guard let block = state.free[size]?.popLast() else { return nil }
            state.usage.pooled -= size
            HostPool.count(size, in: &state)
            return block
        }
    }

    private func fresh(_ size: Int) -> HostBlock? {
        let (fits, crowded) = state.withLock { state in
            (state.usage.inUse + size <= limit, state.usage.inUse + state.usage.pooled + size > limit)
        }
        guard fits else { return nil }
        if crowded { dropPooled() }
        var block = HostBlock(size: size)
        if block == nil {
            dropPooled()
            block = HostBlock(size: size)
        }
        if block != nil { state.withLock { HostPool.count(size, in: &$0) } }
        return block
    }

    private static func count(_ size: Int, in state: inout State) {
        state.usage.inUse += size
        state.usage.peak = max(state.usage.peak, state.usage.inUse)
    }

    private func dropPooled() {
        let blocks = state.withLock { state in
            defer {
                state.free = [:]
                state.usage.pooled = 0
            }
            return state.free.values.flatMap { $0 }
        }
        for block in blocks { block.free() }
    }
}

/// A buffer of the CPU device.
final class CPUBuffer: Buffer, @unchecked Sendable {
    let block: HostBlock
    let pool: HostPool

    init(bytes: Int, pool: HostPool) throws {
        block = try pool.take(bytes)
        self.pool = pool
        super.init(bytes: bytes)
    }

    deinit { pool.giveBack(block) }
}
