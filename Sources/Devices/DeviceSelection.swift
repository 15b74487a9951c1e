import Compute
import ComputeCPU
import ComputeOpenCL
import Foundation

/// The devices of this machine, and how a user names one.
///
/// Devices are found once; the list is ordered best first: GPUs, accelerators, CPUs through OpenCL, the built-in CPU.
/// Among equals the one with more compute units comes first, then the one with more memory.
public enum DeviceSelection {
    /// Every device that works, best first. The built-in CPU device is always there, at the end.
    public static var all: [any Device] { found.devices }

    /// Platforms and devices that could not be used, and why.
    public static var problems: [DeviceError] { found.problems }

    /// The environment variable that names a device where the program does not.
    public static let environmentVariable = "TESSERA_DEVICE"

    /// The device that a selector names.
    ///
    /// - Parameter selector: `auto` (the best), `gpu`, `cpu` (the built-in device), `pocl`, an index into `all`, or any
    ///   part of a device's name, platform or vendor, in any case. Without one, `TESSERA_DEVICE` is read; without that,
    ///   `auto`.
    /// - Throws: `DeviceError.noSuchDevice` with the devices there are.
    public static func choose(_ selector: String? = nil) throws -> any Device {
        let named = selector ?? ProcessInfo.processInfo.environment[environmentVariable] ?? ""
        return try choose(named.isEmpty ? "auto" : named, among: all)
    }

    package static func choose(_ selector: String, among devices: [any Device]) throws -> any Device {
        let matches: (DeviceInfo) -> Bool
        switch selector.lowercased() {
        case "auto": matches = { _ in true }
        case "gpu": matches = { $0.kind == .gpu }
        case "cpu": matches = { $0.kind == .cpu }
        case "pocl": matches = { $0.isPoCL }
        case let text:
            if let index = Int(text) {
                if devices.indices.contains(index) { return devices[index] }
                matches = { _ in false }
            } else {
                matches = { info in
                    [info.name, info.platform, info.vendor].contains { $0.lowercased().contains(text) }
                }
            }
        }
        guard let device = devices.first(where: { matches($0.info) }) else {
            let available = devices.enumerated().map {
                "\($0.offset): \($0.element.info.name) (\($0.element.info.kind.rawValue))"
            }
            throw DeviceError.noSuchDevice(selector: selector, available: available)
        }
        return device
    }

    private static let found: (devices: [any Device], problems: [DeviceError]) = {
        let openCL = OpenCLDevice.all()
        let ranked = openCL.devices.enumerated().sorted { a, b in
            let (x, y) = (a.element.info.rank, b.element.info.rank)
            return x == y ? a.offset < b.offset : x.lexicographicallyPrecedes(y)
        }
        return (ranked.map(\.element) + [CPUDevice()], openCL.problems)
    }()
}

extension DeviceInfo {
    /// Smaller is better.
    fileprivate var rank: [Int] {
        let order: [Kind] = [.gpu, .accelerator, .openCLCPU, .cpu]
        return [order.firstIndex(of: kind) ?? order.count, -computeUnits, -memory]
    }
}
