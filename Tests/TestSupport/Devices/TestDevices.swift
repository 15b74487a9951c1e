import Compute
import ComputeCPU
import ComputeOpenCL

/// A device to test, by a name for people.
public struct TestDevice: Sendable, CustomStringConvertible {
    public var description: String
    public var device: any Device
    /// Whether compiling for it takes long enough to try fewer things.
    public var compiles: Bool
}

/// Every device that this machine can test.
public enum TestDevices {
    /// The built-in CPU device, every OpenCL device, and every OpenCL CPU with the kernels of a GPU.
    public static let all: [TestDevice] = [cpu] + openCL

    public static let cpu = TestDevice(description: "CPU", device: CPUDevice(), compiles: false)

    /// Executes plans as they are described; for tests of plans rather than of devices.
    public static let reference = TestDevice(description: "reference", device: ReferenceDevice(), compiles: false)

    public static let openCL: [TestDevice] = {
        let native = OpenCLDevice.all().devices
        let shaped = OpenCLDevice.discover(shape: .gpu).devices.filter { $0.info.kind == .openCLCPU }
        return native.map { TestDevice(description: $0.info.name, device: $0, compiles: true) }
            + shaped.map { TestDevice(description: "\($0.info.name) with GPU kernels", device: $0, compiles: true) }
    }()
}
