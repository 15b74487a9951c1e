import Glibc

/// Compiled programs on disk, so that a kernel is compiled once on a machine.
///
/// The folder is `$TESSERA_CACHE_DIR`, `$XDG_CACHE_HOME/tessera` or `~/.cache/tessera`, the first that is set. A file is
/// named after the SHA-256 of everything that decides what the driver makes: source, options, device, driver, platform.
/// Files are written under another name and renamed, so that processes may share the folder. A file that is damaged, or
/// that another user owns or may write to, is not read but removed: a program is code. Where nothing can be written,
/// nothing is cached.
package struct ProgramCache: Sendable {
    /// Changed whenever files of before must not be read any more.
    private static let format = "tessera-program-1"
    private static let magic = "TSRAPRG1"

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
        return folder + "/" + CacheFile.name(of: [ProgramCache.format, source, options] + identity) + ".program"
    }

    /// The program of a path, if it is there and undamaged.
    func read(_ path: String) -> [UInt8]? { CacheFile.read(path, magic: ProgramCache.magic) }

    /// Removes a program that the driver refused.
    func remove(_ path: String) { unlink(path) }

    /// Writes a program; does nothing where it cannot.
    func write(_ program: [UInt8], to path: String) {
        guard let folder else { return }
        _ = CacheFile.write(program, magic: ProgramCache.magic, to: path, in: folder)
    }
}
