import CZlib

/// Decompression by zlib, piece by piece, so that no more is unpacked than was asked for.
package final class Inflater {
    package enum Format {
        case gzip
        case zlib

        /// 15 bits of window; 16 more ask for the gzip header and its checksum.
        fileprivate var windowBits: Int32 {
            switch self {
            case .gzip: 15 + 16
            case .zlib: 15
            }
        }
    }

    /// The most bytes that one compressed byte can stand for (zlib's technical details: 1032 to 1).
    package static let largestRatio = 1_032

    private static let inputSize = 1 << 16
    private let path: String
    // zlib keeps the address of its stream, which therefore must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var isInitialized = false
    /// Between two members of a gzip file, or after the last.
    private var memberHasEnded = false
    private var hasEnded = false

    /// - Parameter path: names the source in errors.
    package init(format: Format, path: String) throws {
        self.path = path
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: Self.inputSize, alignment: 16)
        let status = inflateInit2_(
            stream, format.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            throw DatasetError.cannotRead(path: path, reason: "zlib does not start, status \(status)")
        }
        isInitialized = true
    }

    deinit {
        if isInitialized { inflateEnd(stream) }
        stream.deallocate()
        input.deallocate()
    }

    /// Unpacks into `output` until it is full or the data end.
    ///
    /// - Parameter refill: puts compressed bytes into the buffer and returns how many; 0 at their end.
    /// - Returns: bytes unpacked; fewer than asked for only at the end, after the checksum was found right.
    /// - Throws: `DatasetError.corrupt` for a damaged stream or one that stops short.
    package func inflate(
        into output: UnsafeMutableRawBufferPointer, refill: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> Int {
        var produced = 0
        while produced < output.count, !hasEnded {
            if stream.pointee.avail_in == 0 {
                let available = try refill(input)
                if available == 0 {
                    guard memberHasEnded else {
                        throw DatasetError.corrupt(path: path, reason: "the compressed data stop short")
                    }
                    hasEnded = true
                    break
                }
                stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_in = UInt32(available)
            }
            if memberHasEnded {
                inflateReset(stream)
                memberHasEnded = false
            }
            let room = min(output.count - produced, 1 << 30)
            stream.pointee.next_out = (output.baseAddress?.assumingMemoryBound(to: UInt8.self)).map { $0 + produced }
            stream.pointee.avail_out = UInt32(room)
            let status = CZlib.inflate(stream, Z_NO_FLUSH)
            produced += room - Int(stream.pointee.avail_out)
            switch status {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: memberHasEnded = true
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
                throw DatasetError.corrupt(path: path, reason: reason)
            }
        }
        return produced
    }

    /// Unpacks `compressed`, which must give exactly `size` bytes.
    package static func inflate(_ compressed: [UInt8], size: Int, format: Format, path: String) throws -> [UInt8] {
        let inflater = try Inflater(format: format, path: path)
        var offset = 0
        let refill = { (buffer: UnsafeMutableRawBufferPointer) -> Int in
            let piece = compressed[offset..<min(offset + buffer.count, compressed.count)]
            buffer.copyBytes(from: piece)
            offset += piece.count
            return piece.count
        }
        // One byte more than wanted, so that an excess shows.
        let bytes = try [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, count in
            count = try inflater.inflate(into: UnsafeMutableRawBufferPointer(buffer), refill: refill)
        }
        guard bytes.count >= size else {
            throw DatasetError.truncated(path: path, expectedBytes: size, foundBytes: bytes.count)
        }
        guard bytes.count == size else { throw DatasetError.trailingBytes(path: path, expectedBytes: size) }
        return bytes
    }
}
