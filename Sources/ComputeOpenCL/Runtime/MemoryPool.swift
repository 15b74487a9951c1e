import COpenCL
import Compute

/// A piece of device memory. Serial numbers are never used again, unlike the addresses of handles.
struct DeviceMemory {
    let handle: cl_mem
    let serial: Int
    let size: Int
}

/// Device memory by size classes. Freed memory is kept, up to a bound, and handed out again: fresh memory is slow to
/// touch for the first time on CPUs and slow to get on GPUs.
///
/// Handing memory on is safe while work on it is queued, since the queue runs in order.
final class MemoryPool: @unchecked Sendable {
    private let context: cl_context
    private let info: DeviceInfo
    private let lock = Lock()
    private var free: [Int: [DeviceMemory]] = [:]
    private var serial = 0
    private var counts = MemoryUsage()
    /// Memory kept for reuse at the most.
    private let bound: Int
    /// Whether pieces are as large as is asked for, and none is handed out again. Nor is any released before the device is:
    /// a simulator that looks for unwritten values mistakes memory for an older piece that had its address.
    private let isExact: Bool

    init(context: cl_context, info: DeviceInfo, isExact: Bool) {
        self.context = context
        self.info = info
        self.isExact = isExact
        bound = isExact ? .max : info.memory / 2
    }

    var usage: MemoryUsage { lock.locked { counts } }

    /// The class of a size: powers of two and three steps between each two, so that at most a quarter is wasted.
    static func sizeClass(_ bytes: Int) -> Int {
        if bytes <= 256 { return 256 }
        let power = 1 << (Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount)
        let step = power / 4
        return (bytes + step - 1) / step * step
    }

    func take(bytes: Int) throws(DeviceError) -> DeviceMemory {
        guard bytes <= info.largestAllocation else {
            throw .allocationTooLarge(device: info.name, requested: bytes, limit: info.largestAllocation)
        }
        let size = isExact ? max(bytes, 1) : max(bytes, min(MemoryPool.sizeClass(bytes), info.largestAllocation))
        return try lock.locked { () throws(DeviceError) -> DeviceMemory in
            let memory: DeviceMemory
            if !isExact, let kept = free[size]?.popLast() {
                memory = kept
                counts.pooled -= size
            } else {
                memory = try fresh(size, asked: bytes)
            }
            counts.inUse += size
            counts.peak = max(counts.peak, counts.inUse)
            return memory
        }
    }

    func give(_ memory: DeviceMemory) {
        let size = memory.size
        lock.locked {
            counts.inUse -= size
            if counts.pooled > bound - size {
                _ = tessera_clReleaseMemObject(memory.handle)
            } else {
                free[size, default: []].append(memory)
                counts.pooled += size
            }
        }
    }

    func releaseAll() {
        lock.locked { drain() }
    }

    private func drain() {
        for memory in free.values.joined() { _ = tessera_clReleaseMemObject(memory.handle) }
        free = [:]
        counts.pooled = 0
    }

    private func fresh(_ size: Int, asked: Int) throws(DeviceError) -> DeviceMemory {
        // Drivers that allocate at the first use would only fail later, in the middle of a run.
        if counts.inUse + counts.pooled + size > info.memory { drain() }
        if counts.inUse + size <= info.memory {
            for attempt in 0...1 {
                var code: cl_int = 0
                let flags = cl_mem_flags(CL_MEM_READ_WRITE)
                if let handle = tessera_clCreateBuffer(context, flags, size, nil, &code), code == CL_SUCCESS {
                    serial += 1
                    return DeviceMemory(handle: handle, serial: serial, size: size)
                }
                guard OpenCLCode.isMemory(code) else {
                    let name = OpenCLCode.name(code)
                    throw .callFailed(device: info.name, call: "clCreateBuffer", code: name)
                }
                if attempt == 0 { drain() }
            }
        }
        throw .outOfMemory(
            device: info.name, requested: asked, inUse: counts.inUse, total: info.memory)
    }
}

/// Memory of one OpenCL device.
final class OpenCLBuffer: Buffer, @unchecked Sendable {
    let memory: DeviceMemory
    let device: OpenCLDevice

    init(bytes: Int, on device: OpenCLDevice) throws(DeviceError) {
        do {
            memory = try device.pool.take(bytes: bytes)
        } catch .outOfMemory {
            // What the pool has let go is free only once queued work is done with it.
            try device.synchronize()
            memory = try device.pool.take(bytes: bytes)
        }
        self.device = device
        super.init(bytes: bytes)
    }

    deinit { device.pool.give(memory) }
}
