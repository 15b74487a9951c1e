import Datasets
import Foundation
import Testing
import Training

/// The bytes of event files.
@Suite("TensorFlow records")
struct TFRecordTests {
    /// RFC 3720, B.4, and the usual check value of the polynomial.
    @Test(
        "CRC-32C",
        arguments: [
            (Array("123456789".utf8), 0xE306_9283), ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E), ([], 0),
        ] as [([UInt8], UInt32)])
    func checksums(bytes: [UInt8], expected: UInt32) {
        #expect(TFRecord.checksum(bytes) == expected)
    }

    @Test func frame() {
        let frame = TFRecord.framed(Array("hello".utf8))
        #expect(frame.count == 8 + 4 + 5 + 4)
        #expect(Array(frame[..<8]) == [5, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(frame[12..<17]) == Array("hello".utf8))
        func word(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) } }
        for (stored, bytes) in [(frame[8..<12], frame[..<8]), (frame[17...], frame[12..<17])] {
            // As a reader takes the mask off.
            let turned = word(stored) &- 0xA282_EAD8
            #expect((turned >> 17 | turned << 15) == TFRecord.checksum(Array(bytes)))
        }
    }

    /// Bytes by the encoding's documentation: 150 as a varint is 96 01, "testing" has its length before it.
    @Test func messages() {
        var message = ProtobufMessage()
        message.add(1, 150)
        message.add(2, "testing")
        message.add(3, Float(1))
        message.add(4, 1.0)
        var inner = ProtobufMessage()
        inner.add(16, -1)
        message.add(5, inner)
        #expect(
            message.bytes == [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8) + [0x1D, 0, 0, 0x80, 0x3F]
                + [0x21, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F] + [0x2A, 12, 0x80, 0x01]
                + [UInt8](repeating: 0xFF, count: 9) + [1])
    }
}
