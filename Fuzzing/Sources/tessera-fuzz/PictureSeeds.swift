/// Sound PNG files of every colour type and depth, plain and interlaced. Their data are not compressed, so that what a
/// mutation changes is a pixel or a filter rather than the whole rest.
enum PictureSeeds {
    private static let (width, height) = (5, 4)

    static var all: [[UInt8]] {
        let kinds: [(type: UInt8, depths: [Int], samples: Int)] = [
            (0, [1, 2, 4, 8, 16], 1), (2, [8, 16], 3), (3, [1, 2, 4, 8], 1), (4, [8, 16], 2), (6, [8, 16], 4),
        ]
        return kinds.flatMap { kind in
            kind.depths.flatMap { depth in
                [false, true].map { file(type: kind.type, depth: depth, samples: kind.samples, isInterlaced: $0) }
            }
        }
    }

    private static func file(type: UInt8, depth: Int, samples: Int, isInterlaced: Bool) -> [UInt8] {
        let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        let size = bigEndian(UInt32(width)) + bigEndian(UInt32(height))
        var chunks = [chunk("IHDR", size + [UInt8(depth), type, 0, 0, isInterlaced ? 1 : 0])]
        if depth == 16 { chunks.append(chunk("gAMA", bigEndian(60_000))) }
        if type == 2 && depth == 8 { chunks.append(chunk("sRGB", [0])) }
        let colours = type == 3 ? 1 << depth : 0
        if type == 3 { chunks.append(chunk("PLTE", (0..<3 * colours).map { UInt8($0 % 256) })) }
        // What is transparent: some of the colours, or one value of each sample.
        switch type {
        case 0: chunks.append(chunk("tRNS", [0, 1]))
        case 2: chunks.append(chunk("tRNS", [0, 1, 0, 2, 0, 3]))
        case 3: chunks.append(chunk("tRNS", [0, 128]))
        default: break
        }
        if isInterlaced { chunks.append(chunk("tEXt", Array("Comment\0none".utf8))) }
        let data = compressed(rows(bits: depth * samples, isInterlaced: isInterlaced))
        // In two parts, as large files are.
        chunks += [chunk("IDAT", Array(data.prefix(20))), chunk("IDAT", Array(data.dropFirst(20))), chunk("IEND", [])]
        return signature + chunks.flatMap { $0 }
    }

    /// Each row is the number of its filter and its pixels; an interlaced picture is seven smaller ones.
    private static func rows(bits: Int, isInterlaced: Bool) -> [UInt8] {
        let passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        var bytes: [UInt8] = []
        for (x, y, right, down) in isInterlaced ? passes : [(0, 0, 1, 1)] {
            let columns = (width - x + right - 1) / right
            guard columns > 0 else { continue }
            for row in stride(from: y, to: height, by: down) {
                bytes.append(UInt8(row % 5))
                bytes += (0..<(columns * bits + 7) / 8).map { UInt8(($0 * 37 + row * 11) % 256) }
            }
        }
        return bytes
    }

    /// As zlib's format, in a stored block.
    private static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        [0x78, 0x01] + storedBlock(bytes) + bigEndian(Checksums.adler32(bytes))
    }

    /// The last block of a compressed stream, which is not compressed.
    static func storedBlock(_ bytes: [UInt8]) -> [UInt8] {
        let length = UInt16(bytes.count)
        return [1] + [length, ~length].flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] } + bytes
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return bigEndian(UInt32(data.count)) + body + bigEndian(Checksums.crc32(body))
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
