import Glibc

/// Compiled programs on disk, so that a kernel is compiled once on a machine.
///
/// The folder is `$TESSERA_CACHE_DIR`, `$XDG_CACHE_HOME/tessera` or `~/.cache/tessera`, the first that is set. A file is
/// named after the SHA-256 of everything that decides what the driver makes: source, options, device, driver, platform.
/// Files are written under another name and renamed, so that processes may share the folder. A file that is damaged is
/// removed; where nothing can be written, nothing is cached.
package struct ProgramCache: Sendable {
    /// Changed whenever files of before must not be read any more.
    private static let format = "tessera-program-1"
    private static let magic: [UInt8] = Array("TSRAPRG1".utf8)
    private static let headerBytes = 8 + 8 + 32
    /// Larger files are not believed.
    private static let largestFile = 1 << 30

    let folder: String?
    private let identity: [String]

    /// - Parameters:
    ///   - folder: where programs are kept; `nil` for nowhere.
    ///   - identity: what a compiled program depends on besides its source.
    init(folder: String?, identity: [String]) {
        self.folder = folder
        self.identity = identity
    }

    package static var standardFolder: String? {
        func variable(_ name: String) -> String? {
            guard let value = getenv(name), value.pointee != 0 else { return nil }
            return String(cString: value)
        }
        if let own = variable("TESSERA_CACHE_DIR") { return own }
        if let caches = variable("XDG_CACHE_HOME") { return caches + "/tessera" }
        return variable("HOME").map { $0 + "/.cache/tessera" }
    }

    func path(source: String, options: String) -> String? {
        guard let folder else { return nil }
        // The lengths keep the parts apart.
        let parts = [ProgramCache.format, source, options] + identity
        let all = parts.map { "\($0.utf8.count):\($0)" }.joined()
        return folder + "/" + SHA256.hexadecimal(SHA256.hash(all.utf8)) + ".program"
    }

    /// The program of a path, if it is there and undamaged.
    func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard let bytes = ProgramCache.contents(of: file), let payload = ProgramCache.payload(of: bytes) else {
            remove(path)
            return nil
        }
        return payload
    }

    /// Removes a program that the driver refused.
    func remove(_ path: String) { unlink(path) }

    /// Writes a program; does nothing where it cannot.
    func write(_ program: [UInt8], to path: String) {
        guard let folder, ProgramCache.create(folder) else { return }
        var name = Array((path + ".XXXXXX").utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else { return }
        let length = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(program.count) >> (8 * UInt64($0))) }
        let bytes = ProgramCache.magic + length + SHA256.hash(program) + program
        let written = ProgramCache.write(bytes, to: file) && fsync(file) == 0
        close(file)
        if !written || rename(name, path) != 0 { unlink(name) }
    }

    /// The program inside a file's bytes; `nil` unless magic, length and checksum are right.
    private static func payload(of bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count > headerBytes, Array(bytes.prefix(8)) == magic else { return nil }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[8 + $1]) << (8 * UInt64($1)) }
        guard length == UInt64(bytes.count - headerBytes) else { return nil }
        let payload = Array(bytes[headerBytes...])
        return SHA256.hash(payload) == Array(bytes[16..<headerBytes]) ? payload : nil
    }

    private static func contents(of file: Int32) -> [UInt8]? {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size >= headerBytes, status.st_size <= largestFile else {
            return nil
        }
        let size = Int(status.st_size)
        var filled = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while filled < size {
                let got = Glibc.read(file, buffer.baseAddress.map { $0 + filled }, size - filled)
                if got < 0 && errno == EINTR { continue }
                if got <= 0 { break }
                filled += got
            }
            count = filled
        }
        return bytes.count == size ? bytes : nil
    }

    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let put = Glibc.write(file, buffer.baseAddress.map { $0 + written }, buffer.count - written)
                if put < 0 && errno == EINTR { continue }
                if put <= 0 { return false }
                written += put
            }
            return true
        }
    }

    /// Creates a folder and those above it, for this user alone.
    private static func create(_ folder: String) -> Bool {
        if access(folder, W_OK | X_OK) == 0 { return true }
        var path = folder.hasPrefix("/") ? "" : "."
        for part in folder.split(separator: "/") {
            path += "/" + part
            if mkdir(path, 0o700) != 0 && errno != EEXIST { return false }
        }
        return access(folder, W_OK | X_OK) == 0
    }
}
