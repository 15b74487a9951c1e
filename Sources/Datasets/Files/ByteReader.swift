import Foundation

/// Reads a file from its start, unpacking it if it is gzip, and takes no more memory than the file can fill.
package final class ByteReader {
    package let path: String
    /// The most bytes that this file can give: its size, times what compression can save at best.
    package let mostBytes: Int
    /// Whether the file is gzip.
    package var isCompressed: Bool { inflater != nil }
    /// Bytes given so far.
    private var offset = 0
    private let descriptor: Int32
    private let inflater: Inflater?

    /// Memory set aside before the bytes of a compressed file are seen.
    private static let firstReservation = 64 << 20
    private static let pieceSize = 1 << 20

    /// Opens an ordinary file. Gzip is known by its first two bytes, not by the name.
    ///
    /// - Parameter unpacks: whether a gzip file is unpacked; otherwise it is bytes as any other.
    /// - Throws: `DatasetError.cannotRead`.
    package init(path: String, unpacks: Bool = true) throws {
        self.path = path
        // Without O_NONBLOCK, a pipe of that name would wait for a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw DatasetError.cannotRead(path: path, reason: lastSystemError())
        }
        do {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                throw DatasetError.cannotRead(path: path, reason: lastSystemError())
            }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw DatasetError.cannotRead(path: path, reason: "not an ordinary file")
            }
            let fileSize = Int(status.st_size)
            var start: [UInt8] = [0, 0]
            if unpacks, pread(descriptor, &start, 2, 0) == 2, start == [0x1F, 0x8B] {
                inflater = try Inflater(format: .gzip, path: path)
                mostBytes = min(fileSize, .max / Inflater.largestRatio) * Inflater.largestRatio
            } else {
                inflater = nil
                mostBytes = fileSize
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    /// The whole of a file, as it is.
    ///
    /// - Parameter limit: the most bytes that it may have.
    /// - Throws: `DatasetError.cannotRead`, `.tooLarge` before taking memory.
    package static func contents(of path: String, limit: Int) throws -> [UInt8] {
        let reader = try ByteReader(path: path, unpacks: false)
        guard reader.mostBytes <= limit else {
            throw DatasetError.tooLarge(
                path: path, what: "the number of bytes", size: reader.mostBytes, limit: limit)
        }
        return try reader.read(reader.mostBytes)
    }

    /// The next `count` bytes.
    ///
    /// - Throws: `DatasetError.truncated`, before taking memory where the file's size already tells; `.corrupt` for a
    ///   damaged gzip file; `.cannotRead`.
    package func read(_ count: Int) throws -> [UInt8] {
        let wanted = offset + count
        guard wanted <= mostBytes else {
            throw DatasetError.truncated(path: path, expectedBytes: wanted, foundBytes: mostBytes)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(inflater == nil ? count : min(count, Self.firstReservation))
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, Self.pieceSize), alignment: 16)
        defer { piece.deallocate() }
        while bytes.count < count {
            let part = UnsafeMutableRawBufferPointer(rebasing: piece.prefix(count - bytes.count))
            let got = try fill(part)
            bytes.append(contentsOf: part.prefix(got))
            offset += got
            guard got == part.count else {
                throw DatasetError.truncated(path: path, expectedBytes: wanted, foundBytes: offset)
            }
        }
        return bytes
    }

    /// Checks that nothing follows; for gzip this also checks the checksum.
    ///
    /// - Throws: `DatasetError.trailingBytes` or `.corrupt`.
    package func expectEnd() throws {
        var extra: UInt8 = 0
        let got = try withUnsafeMutableBytes(of: &extra) { try fill($0) }
        guard got == 0 else { throw DatasetError.trailingBytes(path: path, expectedBytes: offset) }
    }

    /// Fills `buffer`, or less at the end of the data.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let inflater {
            return try inflater.inflate(into: buffer, refill: readFile)
        }
        return try readFile(buffer)
    }

    private func readFile(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var total = 0
        while total < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer.dropFirst(total))
            let got = Foundation.read(descriptor, rest.baseAddress, rest.count)
            if got < 0 {
                if errno == EINTR { continue }
                throw DatasetError.cannotRead(path: path, reason: lastSystemError())
            }
            if got == 0 { break }
            total += got
        }
        return total
    }
}
