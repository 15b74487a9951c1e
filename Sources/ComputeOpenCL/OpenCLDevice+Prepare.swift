import COpenCL
import Compute

extension OpenCLDevice {
    public func prepare(_ steps: [Step]) throws -> any PreparedSteps { try prepare(steps, traits(for: steps)) }

    func prepare(_ steps: [Step], _ traits: KernelTraits) throws -> any PreparedSteps {
        try prepare(plan(steps, traits))
    }

    /// The same steps with several choices of variants, compiled together and not kept on disk.
    package func prepare(_ steps: [Step], choosing policies: [VariantPolicy]) throws -> [any PreparedSteps] {
        let plans = try policies.map { policy in
            var traits = traits
            traits.variants = policy
            return try plan(steps, traits)
        }
        try lock.locked { try compile(plans.flatMap { $0.launches.map(\.kernel) }, isKept: false) }
        return try plans.map { try prepare($0) }
    }

    /// Compiles what will be prepared later, in few programs: each costs time of its own.
    package func compile(ahead parts: [[Step]]) throws {
        let plans = try parts.map { try plan($0, traits(for: $0)) }
        try lock.locked { try compile(plans.flatMap { $0.launches.map(\.kernel) }) }
    }

    private func plan(_ steps: [Step], _ traits: KernelTraits) throws -> LaunchPlan {
        do {
            return try LaunchPlan(steps, traits: traits)
        } catch {
            throw error.naming(device: info.name)
        }
    }

    private func prepare(_ plan: LaunchPlan) throws -> PreparedLaunches {
        // Behind the scratch memory come the zeros.
        let scratch = try plan.scratch.map { try OpenCLBuffer(bytes: $0, on: self) } + [zeros(plan.zeros)]
        return try lock.locked {
            note(plan.variants)
            try compile(plan.launches.map(\.kernel))
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
        guard let (program, place) = kernels.place(of: launch.kernel) else {
            throw .unsupported(device: info.name, what: "a kernel that was not compiled")
        }
        var code: cl_int = 0
        guard let kernel = tessera_clCreateKernel(program, place.kernel, &code), code == CL_SUCCESS else {
            throw .callFailed(device: info.name, call: "clCreateKernel", code: OpenCLCode.name(code))
        }
        var slots: [(index: cl_uint, slot: Int)] = []
        var offsets: [PreparedLaunches.Offset] = []
        if let function = place.function { code = begin(kernel, function) }
        let arguments = launch.all.flatMap(\.arguments)
        for (index, argument) in zip(place.indices(of: arguments), arguments) where code == CL_SUCCESS {
            switch argument {
            case .slot(let slot):
                slots.append((index, slot))
            case .offset(let slot, let base, _):
                offsets.append(PreparedLaunches.Offset(index: index, slot: slot, base: base))
            case .scratch, .zeros:
                var number = scratch.count - 1
                if case .scratch(let chosen) = argument { number = chosen }
                var memory: cl_mem? = scratch[number].memory.handle
                code = tessera_clSetKernelArg(kernel, index, MemoryLayout<cl_mem?>.size, &memory)
            case .float(let value):
                code = set(Int64(value.bitPattern), kernel, index)
            case .long(let value):
                code = set(value, kernel, index)
            }
        }
        if code != CL_SUCCESS {
            _ = tessera_clReleaseKernel(kernel)
            try check(code, "clSetKernelArg")
        }
        return PreparedLaunches.Item(
            kernel: kernel,
            global: launch.grid.enumerated().map { $0 == 0 ? $1 * launch.groupSize : $1 },
            local: launch.grid.indices.map { $0 == 0 ? launch.groupSize : 1 }, slots: slots, offsets: offsets)
    }

    /// Sets an argument that is a number.
    func set(_ value: Int64, _ kernel: cl_kernel, _ index: cl_uint) -> cl_int {
        var value = value
        return tessera_clSetKernelArg(kernel, index, MemoryLayout<Int64>.size, &value)
    }

    /// Sets the number of a `DispatchKernel`'s function, and the parameters that other functions need.
    private func begin(_ kernel: cl_kernel, _ function: (number: Int, memories: Int, numbers: Int)) -> cl_int {
        var number = cl_int(function.number)
        var code = tessera_clSetKernelArg(kernel, 0, 4, &number)
        for index in 1..<cl_uint(1 + function.memories) where code == CL_SUCCESS {
            code = tessera_clSetKernelArg(kernel, index, MemoryLayout<cl_mem?>.size, nil)
        }
        for index in 0..<cl_uint(function.numbers) where code == CL_SUCCESS {
            code = set(0, kernel, cl_uint(1 + function.memories) + index)
        }
        return code
    }

    /// A program that no cache holds.
    private struct MissingProgram {
        var text: String
        var places: [LaunchKernel: KernelPlace]
        /// Where it will be kept.
        var path: String?
    }

    /// How many programs are compiled at once. A process of the compiler takes a quarter of a gigabyte.
    private var programsAtOnce: Int { compiler == nil ? 1 : min(traits.computeUnits, 16) }

    /// Compiles those kernels that are new, or finds their programs in the cache on disk.
    private func compile(_ wanted: [LaunchKernel], isKept: Bool = true) throws(DeviceError) {
        var seen: Set<LaunchKernel> = []
        let fresh = wanted.filter { kernels.place(of: $0) == nil && seen.insert($0).inserted }
        var missing: [MissingProgram] = []
        for part in ProgramText.parts(of: fresh, atOnce: programsAtOnce) {
            let (text, places) = try ProgramText.program(of: part, traits: traits)
            let path = isKept ? cache.path(source: text, options: compilerOptions) : nil
            if let path, let binary = cache.read(path) {
                if let program = load(binary) {
                    kernels.add(program, of: places)
                    continue
                }
                cache.remove(path)
            }
            missing.append(MissingProgram(text: text, places: places, path: path))
        }
        if missing.isEmpty { return }
        lockedCompileHook?(missing.reduce(0) { $0 + $1.places.count })
        try compile(missing)
    }

    /// Compiles programs: the first of each round here, the others meanwhile in processes of their own.
    private func compile(_ missing: [MissingProgram]) throws(DeviceError) {
        // No fewer in later rounds, should the compiler fail.
        let width = programsAtOnce
        for start in stride(from: 0, to: missing.count, by: width) {
            let round = missing[start..<min(start + width, missing.count)]
            let started = round.dropFirst().map { compiler?.start($0.text, options: compilerOptions) }
            defer { for compilation in started { _ = compilation?.finish() } }
            for (program, compilation) in zip(round, [nil] + started) {
                if let made = compilation?.finish().flatMap(load) {
                    add(program, made)
                } else {
                    // The compiler is another version's, or finds another device.
                    if compilation != nil { compiler = nil }
                    try add(program, build(program.text, kernels: program.places.count))
                }
            }
        }
    }

    private func add(_ missing: MissingProgram, _ program: cl_program) {
        kernels.add(program, of: missing.places)
        if let path = missing.path, let binary = binary(of: program) { cache.write(binary, to: path) }
    }

    /// On a CPU kernels for GPUs are there to be tested: they need not be fast.
    private var compilerOptions: String {
        info.kind == .openCLCPU && traits.shape == .gpu ? ProgramText.hastyOptions : ProgramText.options
    }

    private func build(_ text: String, kernels: Int) throws(DeviceError) -> cl_program {
        var code: cl_int = 0
        let created = text.withCString { pointer in
            var pointers: [UnsafePointer<CChar>?] = [pointer]
            return tessera_clCreateProgramWithSource(context, 1, &pointers, nil, &code)
        }
        guard let program = created, code == CL_SUCCESS else {
            throw .callFailed(device: info.name, call: "clCreateProgramWithSource", code: OpenCLCode.name(code))
        }
        var devices: [cl_device_id?] = [id]
        code = tessera_clBuildProgram(program, 1, &devices, compilerOptions, nil, nil)
        if code != CL_SUCCESS {
            let log = OpenCLQuery.text {
                tessera_clGetProgramBuildInfo(program, id, cl_program_build_info(CL_PROGRAM_BUILD_LOG), $0, $1, $2)
            }
            _ = tessera_clReleaseProgram(program)
            throw .buildFailed(
                device: info.name, kernel: "\(kernels) kernels", log: "\(OpenCLCode.name(code)): \(log.prefix(2000))")
        }
        return program
    }

    /// A program from a cached binary; `nil` where the driver does not take it.
    private func load(_ binary: [UInt8]) -> cl_program? {
        var code: cl_int = 0
        var status: cl_int = 0
        var devices: [cl_device_id?] = [id]
        var length = binary.count
        let created = binary.withUnsafeBufferPointer { bytes in
            var pointers: [UnsafePointer<UInt8>?] = [bytes.baseAddress]
            return tessera_clCreateProgramWithBinary(context, 1, &devices, &length, &pointers, &status, &code)
        }
        guard let program = created else { return nil }
        guard code == CL_SUCCESS, status == CL_SUCCESS,
            tessera_clBuildProgram(program, 1, &devices, compilerOptions, nil, nil) == CL_SUCCESS
        else {
            _ = tessera_clReleaseProgram(program)
            return nil
        }
        return program
    }

    private func binary(of program: cl_program) -> [UInt8]? {
        var size = 0
        let wordBytes = MemoryLayout<Int>.size
        let sizes = cl_program_info(CL_PROGRAM_BINARY_SIZES)
        guard tessera_clGetProgramInfo(program, sizes, wordBytes, &size, nil) == CL_SUCCESS, size > 0 else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: size)
        let code = bytes.withUnsafeMutableBufferPointer { buffer in
            var pointers: [UnsafeMutablePointer<UInt8>?] = [buffer.baseAddress]
            return tessera_clGetProgramInfo(
                program, cl_program_info(CL_PROGRAM_BINARIES), MemoryLayout<UnsafeMutablePointer<UInt8>?>.size,
                &pointers, nil)
        }
        return code == CL_SUCCESS ? bytes : nil
    }
}

extension DeviceError {
    /// The same error with the device's name, for one thrown where the name is not known.
    fileprivate func naming(device: String) -> DeviceError {
        switch self {
        case .badBuffer(_, let what): .badBuffer(device: device, what: what)
        case .unsupported(_, let what): .unsupported(device: device, what: what)
        case .unavailable(let what, let reason): .unavailable(what: "\(what) on \(device)", reason: reason)
        default: self
        }
    }
}
