import Foundation

/// Files that appear whole or not at all.
///
/// The bytes go to a temporary file in the same folder, which is brought to the disk and then renamed; a reader sees
/// the old file or the new one, also after a loss of power. On failure the temporary file is removed and an older file
/// of the name stays as it was.
public enum AtomicFile {
    /// Writes `bytes` as the file `path`, replacing an older one.
    ///
    /// - Throws: `DatasetError.cannotWrite`.
    public static func write(_ bytes: [UInt8], to path: String) throws {
        try write(to: path) { try $0.append(bytes) }
    }

    /// Writes the file `path` piece by piece, for contents that are better not held in memory at once.
    ///
    /// - Parameters:
    ///   - beforeReplacing: called when all bytes are on the disk, before they take the name.
    ///   - body: appends the pieces.
    /// - Throws: `DatasetError.cannotWrite`, and what the two functions throw; then the file is not written.
    public static func write(
        to path: String, beforeReplacing: () throws -> Void = {}, _ body: (Writer) throws -> Void
    ) throws {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent().path
        let unique = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporary = "\(folder)/.\(target.lastPathComponent).\(unique)\(temporaryEnding)"

        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw DatasetError.cannotWrite(path: path, reason: lastSystemError())
        }
        do {
            do {
                defer { close(descriptor) }
                try body(Writer(descriptor: descriptor, path: path))
                guard fsync(descriptor) == 0 else {
                    throw DatasetError.cannotWrite(path: path, reason: lastSystemError())
                }
            }
            try beforeReplacing()
            guard rename(temporary, target.path) == 0 else {
                throw DatasetError.cannotWrite(path: path, reason: lastSystemError())
            }
        } catch {
            unlink(temporary)
            throw error
        }
        synchronizeFolder(folder)
    }

    private static let temporaryEnding = ".tmp"

    /// Removes the temporary files that writers which were killed have left in a folder. Nobody else may be writing
    /// there.
    public static func removeLeftovers(in folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix(".") && name.hasSuffix(temporaryEnding) {
            unlink("\(folder)/\(name)")
        }
    }

    /// Brings the new name to the disk. The file is complete without it, so a file system that cannot do it (some
    /// network ones) is no failure.
    private static func synchronizeFolder(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Appends to the file being written; valid only inside the closure that gets it.
    public struct Writer {
        let descriptor: Int32
        let path: String

        /// - Throws: `DatasetError.cannotWrite`.
        public func append(_ bytes: [UInt8]) throws {
            try bytes.withUnsafeBytes { try append($0) }
        }

        /// - Throws: `DatasetError.cannotWrite`.
        public func append(_ bytes: UnsafeRawBufferPointer) throws {
            var rest = bytes
            while !rest.isEmpty {
                let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    throw DatasetError.cannotWrite(path: path, reason: lastSystemError())
                }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
            }
        }
    }
}
