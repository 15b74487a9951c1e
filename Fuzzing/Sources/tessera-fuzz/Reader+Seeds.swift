import Foundation
import Tessera

extension Reader {
    /// Sound files, small and of each form that the reader takes.
    func seeds() throws -> [[UInt8]] {
        switch self {
        case .safetensors: try Self.weights()
        case .idx: Self.imageFiles
        case .labels: [Self.labelFile, Self.gzip(Self.labelFile)]
        case .gzip:
            // Compressed, and in stored blocks, with each part that a header may have; in two members.
            [Array(Data(base64Encoded: "H4sIAAAAAAACA2Ng4GBmYGBggmJmBkYmZhZWNnYOTi5uAHgeI4QcAAAA") ?? Data())]
                + [UInt8(0), 4, 8, 16, 28].map { Self.gzip(Self.imageFiles[0], flags: $0) }
                + [Self.gzip(Self.imageFiles[1])]
                + [Self.gzip(Array(Self.imageFiles[0].prefix(9))) + Self.gzip(Array(Self.imageFiles[0].dropFirst(9)))]
        case .png: PictureSeeds.all
        case .cifar:
            [[3] + [UInt8](repeating: 9, count: 3072), (0..<2).flatMap { [$0] + [UInt8](repeating: 7, count: 3072) }]
        case .config: try Self.configurations()
        case .cache:
            try Self.written { folder in
                let path = "\(folder)/seed.program"
                ProgramCache(folder: folder, identity: []).write(Array(0..<40), to: path)
                return path
            }
        case .records:
            try Self.written { folder in
                let records = DeviceRecords(folder: folder, identity: [])
                try records.write(winners: ["product 1x64x784x400 f32": "matmul_cpu form 0 tile 6x1", "b": "c"])
                return records.winnersPath ?? ""
            }
        case .series: Self.columns
        }
    }

    private static let imageFiles: [[UInt8]] = [
        [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + Array(0..<12),
        [0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3] + Array(0..<6),
    ]

    private static let labelFile: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]

    private static let columns: [[UInt8]] = [
        Array((0..<26).map { "\($0 % 5)\n" }.joined().utf8),
        Array((0..<26).map { "\($0 % 5)\r\n" }.joined().utf8),
        Array((["head"] + (0..<26).map { "\($0 % 5)e-2;\($0)" }).joined(separator: "\n").utf8),
        Array((["a\tb"] + (0..<26).map { "0x\($0 % 5)\t-\($0)" }).joined(separator: "\n").utf8),
        Array(("first second\n\n" + (0..<26).map { "  \(Double($0 * $0) / 7)  \($0)\n" }.joined()).utf8),
    ]

    /// A gzip file in a stored block, with the header's parts that the flags name: 4 extra bytes, 8 a name, 16 a comment.
    private static func gzip(_ bytes: [UInt8], flags: UInt8 = 0) -> [UInt8] {
        var file: [UInt8] = [0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 3]
        if flags & 4 != 0 { file += [3, 0, 1, 2, 3] }
        for flag in [8, 16] as [UInt8] where flags & flag != 0 { file += Array("text".utf8) + [0] }
        file += PictureSeeds.storedBlock(bytes)
        for number in [Checksums.crc32(bytes), UInt32(bytes.count)] {
            file += [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> $0) }
        }
        return file
    }

    private static func weights() throws -> [[UInt8]] {
        let tensors: [Safetensors.Tensor] = [
            .init(name: "a.weight", shape: [2, 3], values: [1, 2, 3, 4, 5, 6]),
            .init(name: "b", shape: [], values: [7]), .init(name: "c", shape: [0, 4], values: []),
        ]
        let files = [
            Safetensors(tensors: tensors, metadata: ["step": "5", "model": "vae"]),
            Safetensors(tensors: [], metadata: ["\"quoted\" \n ü": "\u{1F600}"]),
        ]
        return try files.flatMap { file in
            try written { folder in
                try file.write(to: "\(folder)/seed")
                return "\(folder)/seed"
            }
        }
    }

    /// Of every model, and one with all that is optional.
    private static func configurations() throws -> [[UInt8]] {
        let images = try ImageSpace(height: 8, width: 8, channels: 1, levels: 17)
        var descriptions = try ModelCatalog.entries.map {
            RunDescription(
                try $0.model(for: images), data: .init(name: "digits"), training: TrainingConfiguration(.epochs(3)),
                device: "a device")
        }
        var full = descriptions[1]
        (full.epochs, full.steps, full.gradientClip, full.averageDecay) = (nil, 700, 1.5, 0.999)
        (full.precision, full.startedFrom, full.checkpointSteps, full.keptCheckpoints) = (.fast, "/tmp/run", 100, 3)
        full.data = .init(name: "digits", directory: "/tmp")
        let rates: [LearningRateSchedule] = [
            .exponential(initial: 0.1, decay: 0.9), .stepwise(initial: 0.1, factor: 0.5, every: 7),
            .warmUp(steps: 5, then: .cosine(initial: 0.1, steps: 100)),
        ]
        for rate in rates {
            full.learningRate = rate
            descriptions.append(full)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try descriptions.map { Array(try encoder.encode($0)) }
    }

    /// The file that something writes into a folder of its own.
    private static func written(_ write: (String) throws -> String) throws -> [[UInt8]] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("seed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return [Array(try Data(contentsOf: URL(fileURLWithPath: try write(folder.path))))]
    }
}
