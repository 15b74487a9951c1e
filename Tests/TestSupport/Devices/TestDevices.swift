import Compute
import ComputeCPU
import ComputeOpenCL

/// A device to test, by a name for people.
public struct TestDevice: Sendable, CustomStringConvertible {
    public var description: String
    public var device: any Device
    /// The same hardware opened once more, for tests that must not share it.
    public var another: @Sendable () -> (any Device)?
}

/// Every device that this machine can test.
public enum TestDevices {
    /// The built-in CPU device, every OpenCL device, and every OpenCL CPU with the kernels of a GPU.
    public static let all: [TestDevice] = [cpu] + openCL

    public static let cpu = TestDevice(description: "CPU", device: CPUDevice()) { CPUDevice() }

    /// Executes plans as they are described; for tests of plans rather than of devices.
    public static let reference = TestDevice(description: "reference", device: ReferenceDevice()) { ReferenceDevice() }

    public static let openCL: [TestDevice] = {
        let native = opened { OpenCLDevice.all().devices }
        let shaped = opened { OpenCLDevice.discover(shape: .gpu, computeUnits: units).devices }
            .filter { $0.device.info.kind == .openCLCPU }
            .map { TestDevice(description: "\($0) with GPU kernels", device: $0.device, another: $0.another) }
        return native + shaped
    }()

    /// Kernels of a GPU are chosen as for a large one: products are divided, and many launches are small.
    private static let units = 132

    /// The first OpenCL CPU with the kernels of a GPU that has tensor cores, which are emulated.
    public static let tensorCores: TestDevice? =
        opened { OpenCLDevice.discover(shape: .gpu, computeUnits: units, emulatingTensorCores: true).devices }
        .first { $0.device.info.kind == .openCLCPU }

    private static func opened(_ discover: @escaping @Sendable () -> [OpenCLDevice]) -> [TestDevice] {
        discover().enumerated().map { index, device in
            TestDevice(description: device.info.name, device: device) {
                discover().dropFirst(index).first
            }
        }
    }
}
