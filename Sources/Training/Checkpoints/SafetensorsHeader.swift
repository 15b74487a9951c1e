import Datasets
import Foundation

/// The header of a safetensors file, checked: every tensor is Float32, and the ranges of bytes follow one another from
/// the first byte of the data to the last.
struct SafetensorsHeader {
    static let metadataKey = "__metadata__"
    /// No header of a sound file comes near it.
    static let largestHeader = 100_000_000

    /// One tensor, in the words of the format.
    struct Entry: Codable {
        let dtype: String
        let shape: [Int]
        let dataOffsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }

    /// A value of the header's JSON object: a tensor or the words about them.
    private enum Item: Decodable {
        case tensor(Entry)
        case metadata([String: String])

        init(from decoder: any Decoder) throws {
            if let entry = try? Entry(from: decoder) {
                self = .tensor(entry)
            } else {
                self = .metadata(try [String: String](from: decoder))
            }
        }
    }

    /// In the order of their bytes.
    private(set) var entries: [(name: String, shape: [Int], bytes: Range<Int>)] = []
    private(set) var metadata: [String: String] = [:]

    /// - Parameters:
    ///   - json: the header.
    ///   - dataBytes: how many bytes follow it.
    init(json: Data, dataBytes: Int, path: String) throws {
        guard let items = try? JSONDecoder().decode([String: Item].self, from: json) else {
            throw CheckpointError.malformed(
                path: path, expected: "a header that names tensors with dtype, shape and data_offsets",
                found: "something else")
        }
        for (name, item) in items {
            switch item {
            case .metadata(let words):
                guard name == Self.metadataKey else {
                    throw CheckpointError.malformed(
                        path: path, expected: "dtype, shape and data_offsets of \(name)", found: "something else")
                }
                metadata = words
            case .tensor(let entry):
                entries.append((name, entry.shape, try Self.checked(entry, name: name, path: path)))
            }
        }
        entries.sort { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
        var offset = 0
        for entry in entries {
            guard entry.bytes.lowerBound == offset else {
                throw CheckpointError.malformed(
                    path: path, expected: "\(entry.name) to begin at byte \(offset) of the data",
                    found: "byte \(entry.bytes.lowerBound)")
            }
            offset = entry.bytes.upperBound
        }
        guard offset <= dataBytes else {
            throw CheckpointError.truncated(
                path: path, expectedBytes: 8 + json.count + offset, foundBytes: 8 + json.count + dataBytes)
        }
        guard offset == dataBytes else {
            throw CheckpointError.malformed(
                path: path, expected: "\(offset) bytes of data", found: "\(dataBytes)")
        }
    }

    /// The range of bytes of one tensor, if type, shape and range go together.
    private static func checked(_ entry: Entry, name: String, path: String) throws -> Range<Int> {
        guard entry.dtype == "F32" else {
            throw CheckpointError.malformed(path: path, expected: "type F32 of \(name)", found: entry.dtype)
        }
        var bytes = MemoryLayout<Float>.size
        for extent in entry.shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else {
                throw CheckpointError.malformed(path: path, expected: "a shape of \(name)", found: "\(entry.shape)")
            }
            bytes = product
        }
        guard entry.dataOffsets.count == 2, entry.dataOffsets[0] >= 0,
            entry.dataOffsets[1] >= entry.dataOffsets[0],
            entry.dataOffsets[1] - entry.dataOffsets[0] == bytes
        else {
            throw CheckpointError.malformed(
                path: path, expected: "a range of \(bytes) bytes for \(name) of shape \(entry.shape)",
                found: "\(entry.dataOffsets)")
        }
        return entry.dataOffsets[0]..<entry.dataOffsets[1]
    }
}

extension Safetensors {
    /// Reads and checks a whole file. Header and size are checked before memory is taken for the tensors.
    ///
    /// - Throws: `CheckpointError`.
    public init(contentsOf path: String) throws {
        do {
            try self.init(ByteReader(path: path, unpacks: false))
        } catch DatasetError.cannotRead(_, let reason) {
            throw CheckpointError.cannotRead(path: path, reason: reason)
        } catch DatasetError.truncated(_, let expected, let found) {
            throw CheckpointError.truncated(path: path, expectedBytes: expected, foundBytes: found)
        }
    }

    private init(_ reader: ByteReader) throws {
        let (path, size) = (reader.path, reader.mostBytes)
        let length = try reader.read(8).enumerated().reduce(UInt64(0)) {
            $0 | UInt64($1.element) << (8 * UInt64($1.offset))
        }
        guard length <= UInt64(SafetensorsHeader.largestHeader) else {
            throw CheckpointError.malformed(
                path: path, expected: "a header of at most \(SafetensorsHeader.largestHeader) bytes",
                found: "a length of \(length)")
        }
        let start = 8 + Int(length)
        let header = try SafetensorsHeader(
            json: Data(reader.read(Int(length))), dataBytes: size - start, path: path)
        metadata = header.metadata
        // They follow one another from the first byte to the last.
        tensors = try header.entries.map { entry in
            let values = try reader.read(entry.bytes.count).withUnsafeBytes { bytes in
                (0..<bytes.count / MemoryLayout<Float>.size).map { index in
                    let bits = bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
                    return Float(bitPattern: UInt32(littleEndian: bits))
                }
            }
            return Tensor(name: entry.name, shape: entry.shape, values: values)
        }
    }
}
