import COpenCL
import Compute
import Glibc

extension OpenCLDevice {
    public func run(_ steps: any PreparedSteps, bindings: [Buffer]) throws {
        let (prepared, memory) = try resolve(steps, bindings: bindings)
        if prepared.items.isEmpty { return }
        try lock.locked {
            for step in prepared.steps { try enqueue(prepared, step, memory) }
            try check(tessera_clFlush(queue), "clFlush")
        }
    }

    public func profile(_ steps: any PreparedSteps, bindings: [Buffer]) throws -> [Double] {
        let (prepared, memory) = try resolve(steps, bindings: bindings)
        return try lock.locked {
            try finish()
            return try prepared.steps.map { step in
                let start = OpenCLDevice.seconds()
                try enqueue(prepared, step, memory)
                try finish()
                return OpenCLDevice.seconds() - start
            }
        }
    }

    /// Checks what a caller passes: steps and buffers of this device, and buffers as large as the steps need.
    private func resolve(_ steps: any PreparedSteps, bindings: [Buffer]) throws(DeviceError) -> (
        PreparedLaunches, [DeviceMemory]
    ) {
        guard let prepared = steps as? PreparedLaunches, prepared.device === self else {
            throw .badBuffer(device: info.name, what: "the steps were prepared for another device; prepare them here")
        }
        var memory: [DeviceMemory] = []
        memory.reserveCapacity(bindings.count)
        for (slot, buffer) in bindings.enumerated() {
            guard let own = buffer as? OpenCLBuffer, own.device === self else {
                throw .badBuffer(
                    device: info.name, what: "slot \(slot) is bound to a buffer of another device; move the tensor here"
                )
            }
            memory.append(own.memory)
        }
        for (slot, bytes) in prepared.requiredBytes {
            guard slot < bindings.count else {
                throw .badBuffer(
                    device: info.name, what: "slot \(slot) is used and \(bindings.count) buffers are bound")
            }
            guard bytes <= bindings[slot].bytes else {
                throw .badBuffer(
                    device: info.name,
                    what: "slot \(slot) needs \(bytes) bytes and its buffer has \(bindings[slot].bytes)")
            }
        }
        return (prepared, memory)
    }

    /// Queues one step. The caller holds the lock.
    private func enqueue(_ prepared: PreparedLaunches, _ step: PlannedStep, _ memory: [DeviceMemory]) throws {
        switch step {
        case .launches(let range):
            for index in range {
                try bind(prepared, index, memory)
                try enqueue(prepared.items[index])
            }
        case .replay(let replay): try enqueue(prepared, replay, memory)
        }
    }

    /// Sets those of a launch's buffers that are not the ones of the run before.
    func bind(_ prepared: PreparedLaunches, _ index: Int, _ memory: [DeviceMemory]) throws(DeviceError) {
        let item = prepared.items[index]
        for (position, (argument, slot)) in item.slots.enumerated() {
            if prepared.bound[index][position] == memory[slot].serial { continue }
            var value: cl_mem? = memory[slot].handle
            try check(
                tessera_clSetKernelArg(item.kernel, argument, MemoryLayout<cl_mem?>.size, &value), "clSetKernelArg")
            prepared.bound[index][position] = memory[slot].serial
        }
    }

    /// Queues one launch, whose arguments are set.
    func enqueue(_ item: PreparedLaunches.Item) throws(DeviceError) {
        isBusy = true
        let dimensions = cl_uint(item.global.count)
        try check(
            tessera_clEnqueueNDRangeKernel(
                queue, item.kernel, dimensions, nil, item.global, item.local, 0, nil, nil),
            "clEnqueueNDRangeKernel")
    }

    private static func seconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
    }
}
