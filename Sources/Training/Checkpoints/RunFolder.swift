import Datasets
import Foundation

/// The folder of a run: `config.json`, `metrics.jsonl`, `model.safetensors`, `optimizer.safetensors`, `loss.png`,
/// `film.png` for a game, and `samples/`.
///
/// A checkpoint is complete with `optimizer.safetensors`, which is written first and holds all that going on needs, the
/// parameters too; `model.safetensors` holds what using the model needs. Each file appears whole or not at all.
public struct RunFolder: Sendable, Hashable {
    public let path: String

    public init(_ path: String) { self.path = path }

    public var config: String { "\(path)/config.json" }
    public var metrics: String { "\(path)/metrics.jsonl" }
    public var model: String { "\(path)/model.safetensors" }
    public var optimizer: String { "\(path)/optimizer.safetensors" }
    public var lossPlot: String { "\(path)/loss.png" }
    public var film: String { "\(path)/film.png" }
    public var samples: String { "\(path)/samples" }

    /// The picture that goes with the checkpoint after an epoch.
    public func samples(epoch: Int) -> String {
        let number = String(epoch)
        return "\(samples)/epoch-\(String(repeating: "0", count: max(0, 4 - number.count)))\(number).png"
    }

    /// The first of `parent/stem-1`, `parent/stem-2`, ... that does not exist.
    public static func fresh(in parent: String, stem: String) -> RunFolder {
        for number in 1... {
            let folder = RunFolder("\(parent)/\(stem)-\(number)")
            if !FileManager.default.fileExists(atPath: folder.path) { return folder }
        }
        return RunFolder("\(parent)/\(stem)")
    }

    /// Whether a run is here that has a checkpoint. One that was cut off before its first can only be begun anew.
    public var holdsRun: Bool {
        [model, optimizer].contains { FileManager.default.fileExists(atPath: $0) }
    }

    /// Makes the folder and writes what the run is.
    ///
    /// - Throws: `TrainingError.runExists`, `DatasetError.cannotWrite`.
    public func begin(_ description: RunDescription) throws {
        guard !holdsRun else { throw TrainingError.runExists(path: path) }
        do {
            try FileManager.default.createDirectory(atPath: samples, withIntermediateDirectories: true)
        } catch {
            throw DatasetError.cannotWrite(path: path, reason: "the folder cannot be made")
        }
        try? FileManager.default.removeItem(atPath: metrics)
        try write(description)
    }

    /// Replaces what the run is, for a run that goes on longer.
    ///
    /// - Throws: `DatasetError.cannotWrite`.
    public func write(_ description: RunDescription) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(Array(encoder.encode(description)) + [UInt8(ascii: "\n")], to: config)
    }

    /// What the run here is.
    ///
    /// - Throws: `TrainingError.noRun`, `CheckpointError`.
    public func description() throws -> RunDescription {
        guard FileManager.default.fileExists(atPath: config) else {
            throw TrainingError.noRun(path: path, missing: "config.json")
        }
        guard let contents = FileManager.default.contents(atPath: config) else {
            throw CheckpointError.cannotRead(path: config, reason: "not a file that can be read")
        }
        do {
            let description = try JSONDecoder().decode(RunDescription.self, from: contents)
            guard description.format == RunDescription.currentFormat else {
                throw CheckpointError.malformed(
                    path: config, expected: "format \(RunDescription.currentFormat)", found: "\(description.format)")
            }
            return description
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw CheckpointError.malformed(path: config, expected: "the description of a run", found: "something else")
        }
    }

    /// Takes a run away that has no checkpoint yet, and only what a run writes.
    func removeUnfinished() {
        guard !FileManager.default.fileExists(atPath: optimizer) else { return }
        for file in [config, metrics, model, lossPlot, film] { try? FileManager.default.removeItem(atPath: file) }
        // Folders with other people's files in them stay.
        for folder in [samples, path] where (try? FileManager.default.contentsOfDirectory(atPath: folder)) == [] {
            try? FileManager.default.removeItem(atPath: folder)
        }
    }
}
