import COpenCL
import Compute

extension OpenCLDevice {
    public func prepare(_ steps: [Step]) throws -> any PreparedSteps {
        var plan = LaunchPlan(traits: traits)
        do {
            try plan.add(steps)
        } catch {
            throw error.naming(device: info.name)
        }
        // Behind the scratch memory come the zeros.
        let scratch = try plan.scratch.map { try OpenCLBuffer(bytes: $0, on: self) } + [zeros(plan.zeros)]
        return try lock.locked {
            try compile(plan.launches.map(\.source))
            var items: [PreparedLaunches.Item] = []
            do {
                for launch in plan.launches { items.append(try item(launch, scratch)) }
            } catch {
                for item in items { _ = tessera_clReleaseKernel(item.kernel) }
                throw error
            }
            return PreparedLaunches(
                device: self, items: items, steps: plan.steps, requiredBytes: plan.requiredBytes, scratch: scratch)
        }
    }

    /// Memory that begins with so many Float32 zeros.
    private func zeros(_ count: Int) throws -> OpenCLBuffer {
        let buffer = try OpenCLBuffer(bytes: max(1, count) * 4, on: self)
        let bytes = [UInt8](repeating: 0, count: buffer.bytes)
        try bytes.withUnsafeBytes { try upload($0, to: buffer, offset: 0) }
        return buffer
    }

    /// Creates a launch's kernel and sets every argument that never changes.
    private func item(_ launch: Launch, _ scratch: [OpenCLBuffer]) throws(DeviceError) -> PreparedLaunches.Item {
        guard let place = kernels.place(of: launch.source) else {
            throw .unsupported(device: info.name, what: "a kernel that was not compiled")
        }
        var code: cl_int = 0
        guard let kernel = tessera_clCreateKernel(place.program, place.name + launch.entry, &code), code == CL_SUCCESS
        else {
            throw .callFailed(device: info.name, call: "clCreateKernel", code: OpenCLCode.name(code))
        }
        var slots: [(index: cl_uint, slot: Int)] = []
        var offsets: [PreparedLaunches.Offset] = []
        for (position, argument) in launch.arguments.enumerated() {
            let index = cl_uint(position)
            switch argument {
            case .slot(let slot):
                slots.append((index, slot))
                continue
            case .offset(let slot, let base, let isWide):
                offsets.append(PreparedLaunches.Offset(index: index, slot: slot, base: base, isWide: isWide))
                continue
            case .scratch, .zeros:
                var number = scratch.count - 1
                if case .scratch(let chosen) = argument { number = chosen }
                var memory: cl_mem? = scratch[number].memory.handle
                code = tessera_clSetKernelArg(kernel, index, MemoryLayout<cl_mem?>.size, &memory)
            case .int(var value):
                code = tessera_clSetKernelArg(kernel, index, 4, &value)
            case .long(var value):
                code = tessera_clSetKernelArg(kernel, index, 8, &value)
            }
            if code != CL_SUCCESS { break }
        }
        if code != CL_SUCCESS {
            _ = tessera_clReleaseKernel(kernel)
            try check(code, "clSetKernelArg")
        }
        return PreparedLaunches.Item(
            kernel: kernel,
            global: launch.groups.enumerated().map { $0 == 0 ? $1 * launch.groupSize : $1 },
            local: launch.groups.indices.map { $0 == 0 ? launch.groupSize : 1 }, slots: slots, offsets: offsets)
    }
}

extension DeviceError {
    /// The same error with the device's name, for one thrown where the name is not known.
    fileprivate func naming(device: String) -> DeviceError {
        switch self {
        case .badBuffer(_, let what): .badBuffer(device: device, what: what)
        case .unsupported(_, let what): .unsupported(device: device, what: what)
        default: self
        }
    }
}
