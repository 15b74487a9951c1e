import COpenCL
import Compute

extension OpenCLDevice {
    /// Launches of a replay after which the device is told to start on them.
    private static let launchesBetweenFlushes = 256
    /// Launches of a replay after which the host waits: drivers keep all that is queued in memory.
    private static let launchesBetweenWaits = 8192

    /// Queues the launches of a raster scan position by position. The caller holds the lock.
    func enqueue(_ prepared: PreparedLaunches, _ replay: ScanReplay, _ memory: [DeviceMemory]) throws {
        for program in replay.programs {
            for index in program.launches { try bind(prepared, index, memory) }
        }
        var queued = 0
        var begins = [Int](repeating: 0, count: replay.scan.slots.count)
        for instance in 0..<replay.scan.instances {
            try replay.scan.forEachProgram { number, row, column in
                let program = replay.programs[number]
                for slot in program.slots {
                    begins[slot] = replay.scan.slots[slot].offset(instance: instance, row: row, column: column)
                }
                for index in program.launches {
                    try move(prepared, index, begins)
                    try enqueue(prepared.items[index])
                    queued += 1
                    if queued.isMultiple(of: OpenCLDevice.launchesBetweenWaits) {
                        try finish()
                    } else if queued.isMultiple(of: OpenCLDevice.launchesBetweenFlushes) {
                        try check(tessera_clFlush(queue), "clFlush")
                    }
                }
            }
        }
    }

    /// Sets those of a launch's offsets that have changed since it was last queued.
    private func move(_ prepared: PreparedLaunches, _ index: Int, _ begins: [Int]) throws(DeviceError) {
        let item = prepared.items[index]
        for (position, offset) in item.offsets.enumerated() {
            let value = begins[offset.slot] + offset.base
            if prepared.offsets[index][position] == value { continue }
            try check(set(Int64(value), item.kernel, offset.index), "clSetKernelArg")
            prepared.offsets[index][position] = value
        }
    }
}
