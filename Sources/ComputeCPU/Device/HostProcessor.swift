import COpenBLAS
import Glibc

/// What the machine says of its processor and memory.
struct HostProcessor {
    /// "AMD EPYC", or "CPU" where the system does not tell.
    let model: String
    /// "AuthenticAMD", or "" where the system does not tell.
    let vendor: String
    /// Processors that are on line.
    let processors: Int
    /// Bytes of physical memory.
    let memory: Int

    init() {
        let fields = HostProcessor.cpuFields()
        model = fields["model name"] ?? "CPU"
        vendor = fields["vendor_id"] ?? ""
        processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        memory = max(0, sysconf(Int32(_SC_PHYS_PAGES))) * max(0, sysconf(Int32(_SC_PAGESIZE)))
    }

    /// "OpenBLAS 0.3.21", or what to do where it is not installed.
    static var productLibrary: String {
        guard tessera_blas_available() else { return "without OpenBLAS: install libopenblas0 for speed" }
        return String(cString: tessera_blas_config()).split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// The first processor's lines of /proc/cpuinfo, "name : value" each.
    private static func cpuFields() -> [String: String] {
        guard let file = fopen("/proc/cpuinfo", "r") else { return [:] }
        defer { fclose(file) }
        var fields: [String: String] = [:]
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let parts = text.split(separator: ":", maxSplits: 1).map(trimmed)
            guard let name = parts.first, !name.isEmpty else { break }
            fields[name] = parts.count > 1 ? parts[1] : ""
        }
        return fields
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}
