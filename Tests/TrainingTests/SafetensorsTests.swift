import Datasets
import Foundation
import Testing
import Training

/// The files of parameters: what is written is read, and what is damaged is refused.
@Suite("Safetensors")
struct SafetensorsTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/file.safetensors" }

    init() throws { folder = try TemporaryFolder() }

    private let sample = Safetensors(
        tensors: [
            .init(name: "layers.0.weight", shape: [2, 3], values: [1, -2, .pi, .leastNonzeroMagnitude, 0, -0.0]),
            .init(name: "empty", shape: [0, 4], values: []),
            .init(name: "scalar \"quoted\" ü", shape: [], values: [.infinity]),
        ], metadata: ["step": "12", "of": "a / \"b\""])

    @Test func roundTrip() throws {
        try sample.write(to: path)
        let read = try Safetensors(contentsOf: path)
        #expect(read.metadata == sample.metadata)
        #expect(read.byName.mapValues(\.shape) == sample.byName.mapValues(\.shape))
        for tensor in sample.tensors {
            #expect(read.byName[tensor.name]?.values.map(\.bitPattern) == tensor.values.map(\.bitPattern))
        }
    }

    /// The bytes that another program would write for one tensor of two numbers.
    @Test func readsTheFormat() throws {
        try write(
            header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
        let read = try Safetensors(contentsOf: path)
        #expect(read.tensors == [.init(name: "a", shape: [2], values: [1, -2])])
        try sample.write(to: path)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let length = Int(bytes[0]) + Int(bytes[1]) << 8
        #expect(bytes[2..<8].allSatisfy { $0 == 0 } && length.isMultiple(of: 8))
        #expect(bytes.count == 8 + length + 7 * 4)
        #expect(try JSONSerialization.jsonObject(with: bytes[8..<8 + length]) is [String: Any])
    }

    @Test("every truncation is refused")
    func truncations() throws {
        try sample.write(to: path)
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        for count in bytes.indices {
            try Data(bytes[..<count]).write(to: URL(fileURLWithPath: path))
            #expect {
                try Safetensors(contentsOf: path)
            } throws: { error in
                guard case CheckpointError.truncated(path, let expected, count) = error else { return false }
                return expected > count
            }
        }
    }

    @Test(
        "headers that lie are refused",
        arguments: [
            "", "[]", "{", "null", #"{"a":1}"#, #"{"a":{"shape":[2],"data_offsets":[0,8]}}"#,
            // Another element type.
            #"{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}"#,
            // Shape and range differ; negative, reversed and fractional numbers; too many of them.
            #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
            #"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,16]}}"#,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#,
            // Products that overflow.
            #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807],"data_offsets":[0,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#,
            // Overlap, a hole, and data that no tensor covers.
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            // Words that are no metadata.
            #"{"a":{"b":"c"}}"#,
        ])
    func badHeaders(header: String) throws {
        try write(header: header, data: [UInt8](repeating: 0, count: 8))
        #expect {
            try Safetensors(contentsOf: path)
        } throws: { error in
            guard case CheckpointError.malformed(path, _, _) = error else { return false }
            return !"\(error)".contains("\n")
        }
    }

    @Test func impossibleLengths() throws {
        for length in [UInt64.max, 1 << 63, 100_000_001] {
            try Data(withUnsafeBytes(of: length.littleEndian) { Array($0) } + [UInt8](repeating: 32, count: 64))
                .write(to: URL(fileURLWithPath: path))
            #expect {
                try Safetensors(contentsOf: path)
            } throws: { error in
                guard case CheckpointError.malformed = error else { return false }
                return true
            }
        }
    }

    @Test func notAFile() throws {
        for path in [folder.path, folder.path + "/none", "/dev/zero"] {
            #expect {
                try Safetensors(contentsOf: path)
            } throws: { error in
                guard case CheckpointError.cannotRead = error else { return false }
                return true
            }
        }
    }

    private func write(header: String, data: [UInt8]) throws {
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        try Data(length + Array(header.utf8) + data).write(to: URL(fileURLWithPath: path))
    }
}
