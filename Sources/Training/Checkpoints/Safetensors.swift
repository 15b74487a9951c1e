import Datasets
import Foundation

/// Named Float32 tensors and a few words about them, as a file of the safetensors format.
///
/// The format: eight bytes with the length of the header, little-endian; the header, a JSON object that gives each
/// tensor's element type, shape and range of bytes; then the tensors' bytes, little-endian, without gaps.
public struct Safetensors: Sendable, Equatable {
    public struct Tensor: Sendable, Equatable {
        public let name: String
        public let shape: [Int]
        /// Row-major, as many as the shape says.
        public let values: [Float]

        public init(name: String, shape: [Int], values: [Float]) {
            self.name = name
            self.shape = shape
            self.values = values
        }

        /// Calls `body` with the values as a file has them. (A key path here would be called for each of them.)
        func withBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
            try values.map { $0.bitPattern.littleEndian }.withUnsafeBytes(body)
        }
    }

    /// In the order in which their bytes follow one another.
    public var tensors: [Tensor]
    public var metadata: [String: String]

    public init(tensors: [Tensor], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    /// The tensors by name.
    public var byName: [String: Tensor] { Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { $1 }) }

    /// Writes the file, whole or not at all.
    ///
    /// - Throws: `DatasetError.cannotWrite`.
    public func write(to path: String) throws { try write(to: path) {} }

    /// - Parameter beforeReplacing: called when all bytes are on the disk, before they take the name.
    func write(to path: String, beforeReplacing: () throws -> Void) throws {
        let header = try encodedHeader()
        try AtomicFile.write(to: path, beforeReplacing: beforeReplacing) { file in
            try file.append(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
            try file.append(header)
            for tensor in tensors { try tensor.withBytes { try file.append($0) } }
        }
    }

    /// The header's JSON, filled up with spaces to a multiple of eight bytes.
    private func encodedHeader() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func json(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        var entries = metadata.isEmpty ? [] : ["\"\(SafetensorsHeader.metadataKey)\":\(try json(metadata))"]
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.values.count * MemoryLayout<Float>.size
            let entry = SafetensorsHeader.Entry(dtype: "F32", shape: tensor.shape, dataOffsets: [offset, end])
            entries.append("\(try json(tensor.name)):\(try json(entry))")
            offset = end
        }
        var bytes = Array("{\(entries.joined(separator: ","))}".utf8)
        while !bytes.count.isMultiple(of: 8) { bytes.append(UInt8(ascii: " ")) }
        return bytes
    }
}
