import Foundation
import Tessera

/// A reader of files that others may have written.
enum Reader: String, CaseIterable {
    case safetensors, idx, labels, gzip, png, cifar, config, cache, records, series

    /// Reads the file as the library does. What is wrong with it comes as one of the library's errors; anything else
    /// that happens is a defect.
    func read(_ bytes: UnsafeRawBufferPointer, in folder: String) throws {
        do {
            _ = try isSound(bytes, in: folder)
        } catch is DatasetError {
        } catch is CheckpointError {
        } catch is ModelError {
        } catch is TrainingError {
        }
    }

    /// Whether the reader takes the file.
    /// - Throws: what the reader throws.
    func isSound(_ bytes: UnsafeRawBufferPointer, in folder: String) throws -> Bool {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
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
        case .cache: return ProgramCache(folder: folder, identity: []).read(path) != nil
        case .records: return !DeviceRecords(folder: folder, identity: []).winners().isEmpty
        case .series: _ = try Series(contentsOf: path)
        }
        return true
    }

    private var name: String {
        switch self {
        case .cifar: "data_batch_1.bin"
        case .config: "config.json"
        case .records: recordsName
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

    /// That of the table of a device without a name.
    private var recordsName: String {
        DeviceRecords(folder: "", identity: []).winnersPath.map { String($0.dropFirst()) } ?? ""
    }
}
