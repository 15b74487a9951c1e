/// What can go wrong on a device. Each case says what was asked, what came, and what to do.
public enum DeviceError: Error, Hashable, Sendable {
    /// No device answers to the selector.
    case noSuchDevice(selector: String, available: [String])
    /// The OpenCL loader is not installed, or a platform or device does not answer.
    case unavailable(what: String, reason: String)
    /// More memory was asked for than the device has free.
    case outOfMemory(device: String, requested: Int, inUse: Int, total: Int)
    /// One allocation larger than the device allows.
    case allocationTooLarge(device: String, requested: Int, limit: Int)
    /// A kernel that the driver would not compile, with its log.
    case buildFailed(device: String, kernel: String, log: String)
    /// An OpenCL call that failed, by its name and its code's name.
    case callFailed(device: String, call: String, code: String)
    /// A step that the device cannot run as given: a defect of the library rather than of the caller.
    case unsupported(device: String, what: String)
    /// A range of bytes outside a buffer, or a buffer of another device.
    case badBuffer(device: String, what: String)
}

extension DeviceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noSuchDevice(let selector, let available):
            "no device answers to '\(selector)'; there are: \(available.joined(separator: "; ")). "
                + "Choose one by index, by part of its name, or with auto, gpu, cpu or pocl"
        case .unavailable(let what, let reason):
            "\(what) cannot be used: \(reason)"
        case .outOfMemory(let device, let requested, let inUse, let total):
            "\(device) is out of memory: \(bytesText(requested)) asked for, \(bytesText(inUse)) of "
                + "\(bytesText(total)) in use; use a smaller batch or model, or another device"
        case .allocationTooLarge(let device, let requested, let limit):
            "\(device) allows \(bytesText(limit)) in one allocation and \(bytesText(requested)) was asked for; "
                + "use a smaller batch or model, or another device"
        case .buildFailed(let device, let kernel, let log):
            "\(device) could not compile \(kernel): \(log)"
        case .callFailed(let device, let call, let code):
            "\(device): \(call) failed with \(code); try another device (tessera devices lists them)"
        case .unsupported(let device, let what):
            "\(device) cannot run \(what); please report this"
        case .badBuffer(let device, let what):
            "\(device): \(what)"
        }
    }
}

/// A number of bytes for people: "3.5 GiB".
public func bytesText(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024 || unit == "GiB" {
            return unit == "B" ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(unit)"
        }
        value /= 1024
    }
    return "\(bytes) B"
}
