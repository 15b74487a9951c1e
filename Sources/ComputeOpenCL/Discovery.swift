import COpenCL
import Compute

/// The OpenCL devices of this machine, and what could not be used.
public struct OpenCLDiscovery: Sendable {
    /// In the order of the platforms, and of each platform's devices.
    public var devices: [OpenCLDevice]
    /// Platforms and devices that were skipped, and why; one entry if there is no OpenCL at all.
    public var problems: [DeviceError]
}

extension OpenCLDevice {
    /// Opens every device of every platform. A platform or device that fails is skipped and its reason kept.
    public static func all() -> OpenCLDiscovery {
        discover(shape: nil, cacheFolder: ProgramCache.standardFolder)
    }

    /// The same, with the kernels of one class of device forced upon all, so that tests run the GPU's kernels on a CPU;
    /// and with another folder for compiled programs, or none.
    package static func discover(
        shape: KernelShape?, cacheFolder: String? = ProgramCache.standardFolder
    ) -> OpenCLDiscovery {
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
            open(platform, shape: shape, cacheFolder: cacheFolder, into: &found)
        }
        return found
    }

    private static func open(
        _ platform: cl_platform_id, shape: KernelShape?, cacheFolder: String?, into found: inout OpenCLDiscovery
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
                found.devices.append(try OpenCLDevice(device, of: platform, shape: shape, cacheFolder: cacheFolder))
            } catch {
                found.problems.append(error)
            }
        }
    }
}
