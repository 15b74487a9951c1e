/// The frame of a record in TensorFlow's files: its length, the length's checksum, the bytes, and their checksum, all
/// numbers little-endian.
package enum TFRecord {
    package static func framed(_ payload: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(payload.count))
        return length + littleEndian(maskedChecksum(length)) + payload + littleEndian(maskedChecksum(payload))
    }

    /// The checksum, turned and moved, so that checksums of data with checksums in them are sound.
    package static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
        let checksum = checksum(bytes)
        return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
    }

    /// CRC-32C (Castagnoli, Brauer & Herrmann 1993): the polynomial 0x1EDC6F41, bits reflected.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 0 ? 0 : 0x82F6_3B78) }
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
