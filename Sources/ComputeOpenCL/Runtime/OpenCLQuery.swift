import COpenCL

/// Reads what OpenCL says of platforms and devices.
enum OpenCLQuery {
    /// A text property, trimmed; empty where it cannot be read.
    static func text(_ read: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int) -> String {
        var size = 0
        guard read(0, nil, &size) == CL_SUCCESS, size > 0 else { return "" }
        var bytes = [UInt8](repeating: 0, count: size)
        guard bytes.withUnsafeMutableBytes({ read(size, $0.baseAddress, nil) }) == CL_SUCCESS else { return "" }
        let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    static func text(of device: cl_device_id, _ what: Int32) -> String {
        text { tessera_clGetDeviceInfo(device, cl_device_info(what), $0, $1, $2) }
    }

    static func text(ofPlatform platform: cl_platform_id, _ what: Int32) -> String {
        text { tessera_clGetPlatformInfo(platform, cl_platform_info(what), $0, $1, $2) }
    }

    /// A number property of the given type; zero where it cannot be read.
    static func number<Value: FixedWidthInteger>(of device: cl_device_id, _ what: Int32, _: Value.Type) -> Value {
        var value: Value = 0
        let code = tessera_clGetDeviceInfo(device, cl_device_info(what), MemoryLayout<Value>.size, &value, nil)
        return code == CL_SUCCESS ? value : 0
    }
}
