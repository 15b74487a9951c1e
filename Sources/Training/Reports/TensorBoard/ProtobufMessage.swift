/// A message in the wire format of Protocol Buffers, being written field by field.
///
/// Of the format only what event files need is here: numbers, bytes and messages in messages. A library for the whole
/// format would be the largest dependency of this package, for four messages that are never read.
package struct ProtobufMessage {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    package mutating func add(_ field: Int, _ value: Int) {
        begin(field, .varint)
        append(varint: UInt64(bitPattern: Int64(value)))
    }

    package mutating func add(_ field: Int, _ value: Double) {
        begin(field, .fixed64)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    package mutating func add(_ field: Int, _ value: Float) {
        begin(field, .fixed32)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    package mutating func add(_ field: Int, _ value: [UInt8]) {
        begin(field, .lengthDelimited)
        append(varint: UInt64(value.count))
        bytes += value
    }

    package mutating func add(_ field: Int, _ value: String) { add(field, Array(value.utf8)) }

    package mutating func add(_ field: Int, _ value: ProtobufMessage) { add(field, value.bytes) }

    private mutating func begin(_ field: Int, _ type: WireType) {
        append(varint: UInt64(field) << 3 | type.rawValue)
    }

    /// Seven bits a byte, lowest first; the highest bit says that more follow.
    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
