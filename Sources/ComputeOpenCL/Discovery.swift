import COpenCL
import Compute

/// The OpenCL devices of this machine, and what could not be used.
public struct OpenCLDiscovery: Sendable {
    /// In the order of the platforms, and of each platform's devices.
    public var devices: [OpenCLDevice]
    /// Platforms and devices that were skipped, and why; one entry if there is no OpenCL at all.
    public var problems: [DeviceError]
}

/// How devices are opened. Everything but the defaults is for tests.
package struct OpeningOptions: Sendable {
    /// The class of device whose kernels are forced upon all: those of GPUs run on a CPU, too.
    package var shape: KernelShape?
    /// How many compute units kernels are chosen for, in place of the device's own.
    package var computeUnits: Int?
    /// Where compiled programs, tables of winners and lists of failing variants are kept; nil for nowhere.
    package var cacheFolder = ProgramCache.standardFolder
    /// Whether memory is pooled; otherwise it is exactly as large as is asked for and never used again, so that a
    /// simulator sees what reaches behind it, and what nobody has written.
    package var poolsMemory = true
    /// Whether devices have tensor cores in plain OpenCL C.
    package var emulatesTensorCores = false
    /// Decides among variants in place of the tables and lists on disk.
    package var policy: VariantPolicy?
    /// Makes a variant of a kernel wrong.
    package var fault: KernelFault?
}

extension OpenCLDevice {
    /// Opens every device of every platform. A platform or device that fails is skipped and its reason kept.
    public static func all() -> OpenCLDiscovery { discover(OpeningOptions()) }

    /// The same, opened in another way.
    package static func discover(
        shape: KernelShape?, computeUnits: Int? = nil, cacheFolder: String? = ProgramCache.standardFolder,
        poolsMemory: Bool = true, emulatingTensorCores: Bool = false, fault: KernelFault? = nil
    ) -> OpenCLDiscovery {
        discover(
            OpeningOptions(
                shape: shape, computeUnits: computeUnits, cacheFolder: cacheFolder, poolsMemory: poolsMemory,
                emulatesTensorCores: emulatingTensorCores, fault: fault))
    }

    private static func discover(_ options: OpeningOptions) -> OpenCLDiscovery {
        var found = OpenCLDiscovery(devices: [], problems: [])
        guard tessera_opencl_load() else {
            let reason = String(cString: tessera_opencl_problem())
            found.problems.append(.unavailable(what: "OpenCL", reason: reason))
            return found
        }
        var count: cl_uint = 0
        let code = tessera_clGetPlatformIDs(0, nil, &count)
        guard code == CL_SUCCESS, count > 0 else {
            let reason = "the loader finds no platform; install a driver (Debian, for the CPU: pocl-opencl-icd)"
            found.problems.append(.unavailable(what: "OpenCL", reason: reason))
            return found
        }
        var platforms = [cl_platform_id?](repeating: nil, count: Int(count))
        _ = tessera_clGetPlatformIDs(count, &platforms, nil)
        for platform in platforms.compactMap({ $0 }) {
            open(platform, options, into: &found)
        }
        return found
    }

    private static func open(
        _ platform: cl_platform_id, _ options: OpeningOptions, into found: inout OpenCLDiscovery
    ) {
        let name = OpenCLQuery.text(ofPlatform: platform, CL_PLATFORM_NAME)
        var count: cl_uint = 0
        let all = cl_device_type(CL_DEVICE_TYPE_ALL)
        let code = tessera_clGetDeviceIDs(platform, all, 0, nil, &count)
        guard code == CL_SUCCESS, count > 0 else {
            let reason = code == CL_SUCCESS ? "it has no device" : "clGetDeviceIDs gave \(OpenCLCode.name(code))"
            found.problems.append(.unavailable(what: "platform \(name)", reason: reason))
            return
        }
        var devices = [cl_device_id?](repeating: nil, count: Int(count))
        _ = tessera_clGetDeviceIDs(platform, all, count, &devices, nil)
        for device in devices.compactMap({ $0 }) {
            do {
                let opened = try OpenCLDevice(device, of: platform, options)
                // It compiles for the platform's first device. Without optimizations it would not be worth it.
                if count == 1, opened.info.isPoCL, opened.traits.shape == .cpu { opened.compiler = PoCLCompiler() }
                found.devices.append(opened)
            } catch {
                found.problems.append(error)
            }
        }
    }
}
