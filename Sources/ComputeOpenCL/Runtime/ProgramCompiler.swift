import COpenCL
import Compute

/// Makes programs in a context of a device: from source, and from what the driver made of it before.
struct ProgramCompiler: @unchecked Sendable {
    let device: cl_device_id
    /// For errors.
    let deviceName: String
    let context: cl_context

    func build(_ text: String, kernels: Int) throws(DeviceError) -> cl_program {
        var code: cl_int = 0
        let created = text.withCString { pointer in
            var pointers: [UnsafePointer<CChar>?] = [pointer]
            return tessera_clCreateProgramWithSource(context, 1, &pointers, nil, &code)
        }
        guard let program = created, code == CL_SUCCESS else {
            throw .callFailed(device: deviceName, call: "clCreateProgramWithSource", code: OpenCLCode.name(code))
        }
        code = build(program)
        if code != CL_SUCCESS {
            let log = OpenCLQuery.text {
                tessera_clGetProgramBuildInfo(program, device, cl_program_build_info(CL_PROGRAM_BUILD_LOG), $0, $1, $2)
            }
            _ = tessera_clReleaseProgram(program)
            throw .buildFailed(
                device: deviceName, kernel: "\(kernels) kernels", log: "\(OpenCLCode.name(code)): \(log.prefix(2000))")
        }
        return program
    }

    private func build(_ program: cl_program) -> cl_int {
        var devices: [cl_device_id?] = [device]
        return tessera_clBuildProgram(program, 1, &devices, ProgramText.options, nil, nil)
    }

    /// A program from its binary.
    /// - Throws: `DeviceError.callFailed` where the driver does not take it.
    func load(_ binary: [UInt8]) throws(DeviceError) -> cl_program {
        var code: cl_int = 0
        var status: cl_int = 0
        var devices: [cl_device_id?] = [device]
        var length = binary.count
        let created = binary.withUnsafeBufferPointer { bytes in
            var pointers: [UnsafePointer<UInt8>?] = [bytes.baseAddress]
            return tessera_clCreateProgramWithBinary(context, 1, &devices, &length, &pointers, &status, &code)
        }
        if code == CL_SUCCESS { code = status }
        if let created, code == CL_SUCCESS { code = build(created) }
        guard let created, code == CL_SUCCESS else {
            if let created { _ = tessera_clReleaseProgram(created) }
            throw .callFailed(device: deviceName, call: "clCreateProgramWithBinary", code: OpenCLCode.name(code))
        }
        return created
    }

    /// What `load` takes; nil where the driver gives nothing.
    func binary(of program: cl_program) -> [UInt8]? {
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

    /// The binary of a program that is built beside others.
    func binaryInContextOfItsOwn(_ text: String, kernels: Int) throws(DeviceError) -> [UInt8] {
        var code: cl_int = 0
        var devices: [cl_device_id?] = [device]
        guard let own = tessera_clCreateContext(nil, 1, &devices, nil, nil, &code), code == CL_SUCCESS else {
            throw .callFailed(device: deviceName, call: "clCreateContext", code: OpenCLCode.name(code))
        }
        defer { _ = tessera_clReleaseContext(own) }
        let compiler = ProgramCompiler(device: device, deviceName: deviceName, context: own)
        let program = try compiler.build(text, kernels: kernels)
        defer { _ = tessera_clReleaseProgram(program) }
        guard let binary = compiler.binary(of: program) else {
            throw .callFailed(device: deviceName, call: "clGetProgramInfo", code: "no binary")
        }
        return binary
    }
}
