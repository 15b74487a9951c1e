import CFuzzer
import CZlib

/// What libFuzzer calls in place of its own mutations: those, and in half of the inputs checksums that are right again,
/// since a reader sees what is behind a checksum only then.
@_cdecl("LLVMFuzzerCustomMutator")
func mutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int, _ seed: UInt32) -> Int {
    let count = LLVMFuzzerMutate(data, size, most)
    if seed % 2 == 0 { Checksums.repair(UnsafeMutableBufferPointer(start: data, count: count), of: work.reader) }
    return count
}

/// Checksums of the formats that have some.
enum Checksums {
    static func repair(_ bytes: UnsafeMutableBufferPointer<UInt8>, of reader: Reader) {
        switch reader {
        case .png: repairPNG(bytes)
        case .gzip: repairGzip(bytes)
        case .cache, .records: repairCacheFile(bytes)
        case .idx, .labels, .cifar, .safetensors, .config, .series: break
        }
    }

    static func crc32(_ bytes: some Collection<UInt8>) -> UInt32 {
        Array(bytes).withUnsafeBufferPointer {
            UInt32(truncatingIfNeeded: CZlib.crc32(0, $0.baseAddress, UInt32($0.count)))
        }
    }

    static func adler32(_ bytes: [UInt8]) -> UInt32 {
        UInt32(truncatingIfNeeded: CZlib.adler32(1, bytes, UInt32(bytes.count)))
    }

    /// The checksum of every chunk, as far as chunks follow each other: length, type, data, CRC.
    private static func repairPNG(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
        var start = 8
        while start + 12 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[start + $1]) }
            let end = start + 8 + length
            guard end + 4 <= bytes.count else { return }
            let sum = crc32(bytes[start + 4..<end])
            for place in 0..<4 { bytes[end + place] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(place))) }
            start = end + 4
        }
    }

    /// The CRC and the length behind the first member, if it can be unpacked.
    private static func repairGzip(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
        guard let start = endOfGzipHeader(bytes) else { return }
        var stream = z_stream()
        // Raw data, without a header.
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return }
        defer { inflateEnd(&stream) }
        stream.next_in = bytes.baseAddress.map { $0 + start }
        stream.avail_in = UInt32(bytes.count - start)
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var (sum, length, status) = (CZlib.crc32(0, nil, 0), UInt32(0), Z_OK)
        while status == Z_OK {
            let got = piece.withUnsafeMutableBufferPointer { buffer in
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                status = inflate(&stream, Z_NO_FLUSH)
                return UInt32(buffer.count) - stream.avail_out
            }
            sum = CZlib.crc32(sum, piece, got)
            length &+= got
        }
        guard status == Z_STREAM_END, stream.avail_in >= 8 else { return }
        let end = bytes.count - Int(stream.avail_in)
        for place in 0..<4 {
            bytes[end + place] = UInt8(truncatingIfNeeded: sum >> UInt(8 * place))
            bytes[end + 4 + place] = UInt8(truncatingIfNeeded: length >> UInt32(8 * place))
        }
    }

    private static func endOfGzipHeader(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        guard bytes.count > 10 else { return nil }
        let flags = bytes[3]
        var end = 10
        if flags & 4 != 0 {
            guard end + 2 <= bytes.count else { return nil }
            end += 2 + Int(bytes[end]) + Int(bytes[end + 1]) << 8
        }
        // A name and a comment, each with a zero behind it.
        for flag in [8, 16] as [UInt8] where flags & flag != 0 {
            while end < bytes.count, bytes[end] != 0 { end += 1 }
            end += 1
        }
        if flags & 2 != 0 { end += 2 }
        return end < bytes.count ? end : nil
    }

    /// The length and the SHA-256 in the head of a file of the cache folder.
    private static func repairCacheFile(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
        let head = 8 + 8 + 32
        guard bytes.count >= head else { return }
        for place in 0..<8 { bytes[8 + place] = UInt8(truncatingIfNeeded: (bytes.count - head) >> (8 * place)) }
        for (place, byte) in SHA256.hash(bytes[head...]).enumerated() { bytes[16 + place] = byte }
    }
}
