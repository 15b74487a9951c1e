import Glibc

/// Files of the cache folder: each appears whole or not at all, and says by a checksum whether it still is whole.
///
/// A file is eight letters that tell what it is, the length of its contents, their SHA-256, and they themselves. It is
/// written under another name, brought to the disk and renamed, so that processes may share the folder.
enum CacheFile {
    private static let headerBytes = 8 + 8 + 32
    /// Larger files are not believed.
    private static let largestFile = 1 << 30

    /// A name that is another one for every other list of texts.
    static func name(of parts: [String]) -> String {
        // The lengths keep the parts apart.
        let all = parts.map { "\($0.utf8.count):\($0)" }.joined()
        return SHA256.hexadecimal(SHA256.hash(all.utf8))
    }

    /// The contents of a file, if it is there, undamaged, and this user's alone to write. Any other is removed.
    static func read(_ path: String, magic: String) -> [UInt8]? {
        // Without O_NONBLOCK, a pipe of that name would wait for a writer.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard let bytes = contents(of: file), let payload = payload(of: bytes, magic) else {
            unlink(path)
            return nil
        }
        return payload
    }

    /// Writes a file, in a folder that is created for this user alone where it is missing.
    /// - Returns: whether it could.
    static func write(_ payload: [UInt8], magic: String, to path: String, in folder: String) -> Bool {
        guard create(folder) else { return false }
        var name = Array((path + ".XXXXXX").utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else { return false }
        let length = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(payload.count) >> (8 * UInt64($0))) }
        let bytes = Array(magic.utf8) + length + SHA256.hash(payload) + payload
        let written = write(bytes, to: file) && fsync(file) == 0
        close(file)
        if written && rename(name, path) == 0 { return true }
        unlink(name)
        return false
    }

    /// The contents inside a file's bytes; `nil` unless magic, length and checksum are right.
    private static func payload(of bytes: [UInt8], _ magic: String) -> [UInt8]? {
        guard bytes.count >= headerBytes, Array(bytes.prefix(8)) == Array(magic.utf8) else { return nil }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[8 + $1]) << (8 * UInt64($1)) }
        guard length == UInt64(bytes.count - headerBytes) else { return nil }
        let payload = Array(bytes[headerBytes...])
        return SHA256.hash(payload) == Array(bytes[16..<headerBytes]) ? payload : nil
    }

    private static func contents(of file: Int32) -> [UInt8]? {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_mode & 0o022 == 0, status.st_size >= headerBytes
        else { return nil }
        return bytes(of: file)
    }

    /// All that an open file holds.
    static func bytes(of file: Int32) -> [UInt8]? {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size <= largestFile else { return nil }
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

    static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
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
