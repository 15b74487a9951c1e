import Foundation
import Tessera

/// A reader of files that others may have written, and sound files to begin from.
enum Reader: String, CaseIterable {
    case safetensors, idx, labels, gzip, png, cifar, config, cache, series

    /// Reads the file as the library does. What is wrong with it comes as one of the library's errors; anything else
    /// that happens is a defect.
    func read(_ bytes: UnsafeRawBufferPointer, in folder: String) throws {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
            switch self {
            case .safetensors: _ = try Safetensors(contentsOf: path)
            case .idx, .gzip: _ = try IDXReader.images(path: path)
            case .labels: _ = try IDXReader.labels(path: path)
            case .png: _ = try PNGImage(contentsOf: path)
            case .cifar: _ = try CIFARReader.folder(folder)
            case .config:
                let description = try RunFolder(folder).description()
                _ = try ModelCatalog.entry(description.model).completed(description.options)
                _ = try description.makeConfiguration().totalSteps(images: 1000)
            case .cache: _ = ProgramCache(folder: folder, identity: []).read(path)
            case .series: _ = try Series(contentsOf: path)
            }
        } catch is DatasetError {
        } catch is CheckpointError {
        } catch is ModelError {
        } catch is TrainingError {
        }
    }

    private var name: String {
        switch self {
        case .cifar: "data_batch_1.bin"
        case .config: "config.json"
        default: "input"
        }
    }

    /// Makes the other files that the reader looks for.
    func prepare(_ folder: String) throws {
        guard self == .cifar else { return }
        let record = [UInt8](repeating: 1, count: 3073)
        for name in (2...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
            try AtomicFile.write(record, to: "\(folder)/\(name)")
        }
    }

    /// Sound files.
    func seeds() throws -> [[UInt8]] {
        switch self {
        case .safetensors:
            let folder = FileManager.default.temporaryDirectory.path
            let path = "\(folder)/seed-\(UUID().uuidString).safetensors"
            defer { try? FileManager.default.removeItem(atPath: path) }
            let tensors: [Safetensors.Tensor] = [
                .init(name: "a.weight", shape: [2, 3], values: [1, 2, 3, 4, 5, 6]),
                .init(name: "b", shape: [], values: [7]), .init(name: "c", shape: [0, 4], values: []),
            ]
            try Safetensors(tensors: tensors, metadata: ["step": "5", "model": "vae"]).write(to: path)
            return [Array(try Data(contentsOf: URL(fileURLWithPath: path)))]
        case .idx:
            return [
                [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + Array(0..<12),
                [0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3] + Array(0..<6),
            ]
        case .labels:
            return [[0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]]
        case .gzip:
            // The first of `idx`, compressed and in a stored block.
            return [
                "H4sIAAAAAAACA2Ng4GBmYGBggmJmBkYmZhZWNnYOTi5uAHgeI4QcAAAA",
                "H4sIAAAAAAAEAwEcAOP/AAAIAwAAAAIAAAACAAAAAwABAgMEBQYHCAkKC3geI4QcAAAA",
            ].compactMap { Data(base64Encoded: $0).map { Array($0) } }
        case .png:
            return try [(3, 5, 1), (4, 4, 3)].map { height, width, channels in
                let shape = ImageShape(height: height, width: width, channels: channels)
                return try PNGImage(shape: shape, pixels: (0..<shape.count).map { UInt8($0 * 5) }).encoded()
            }
        case .cifar:
            return [[3] + [UInt8](repeating: 9, count: 3072)]
        case .config:
            let model = try VAE(images: ImageSpace(height: 8, width: 8, channels: 1, levels: 17))
            let description = RunDescription(
                model, data: .init(name: "digits"), training: TrainingConfiguration(.epochs(3)), device: "a device")
            return [Array(try JSONEncoder().encode(description))]
        case .cache:
            let folder = FileManager.default.temporaryDirectory.path
            let path = "\(folder)/seed-\(UUID().uuidString).program"
            defer { try? FileManager.default.removeItem(atPath: path) }
            ProgramCache(folder: folder, identity: []).write(Array(0..<40), to: path)
            return [Array(try Data(contentsOf: URL(fileURLWithPath: path)))]
        case .series:
            let lines = (0..<30).map { "2024-01-\($0 + 1), \(Double($0 * $0) / 7), \(-$0)e-3" }
            return [
                Array((0..<26).map { "\($0 % 5)\n" }.joined().utf8),
                Array((["date, first, second"] + lines).joined(separator: "\n").utf8),
            ]
        }
    }
}
