import Datasets
import Foundation

/// The folder of a run: `config.json`, `metrics.jsonl`, `model.safetensors`, `best.safetensors`,
/// `optimizer.safetensors`, `loss.png`, `film.png` for a game, and `samples/`.
///
/// A checkpoint is `optimizer.safetensors`, which holds all that going on needs, the parameters too; those before it are
/// `optimizer-1.safetensors` and so on. `model.safetensors` holds what using the model needs, and `best.safetensors` the
/// same at the step whose figures on the test images were best. Each file appears whole or not at all.
public struct RunFolder: Sendable, Hashable {
    public let path: String

    public init(_ path: String) { self.path = path }

    public var config: String { "\(path)/config.json" }
    public var metrics: String { "\(path)/metrics.jsonl" }
    public var model: String { "\(path)/model.safetensors" }
    public var best: String { "\(path)/best.safetensors" }
    public var optimizer: String { "\(path)/optimizer.safetensors" }
    public var lossPlot: String { "\(path)/loss.png" }
    public var film: String { "\(path)/film.png" }
    public var samples: String { "\(path)/samples" }

    /// No description of a run comes near it, in bytes.
    private static let largestConfig = 1 << 20

    /// The most checkpoints that are kept.
    static let mostCheckpoints = 100

    /// The checkpoint that was made `age` checkpoints before the last.
    public func checkpoint(age: Int) -> String { age == 0 ? optimizer : "\(path)/optimizer-\(age).safetensors" }

    /// The checkpoints that are there, newest first.
    public var checkpoints: [String] {
        (0..<Self.mostCheckpoints).map(checkpoint).filter { FileManager.default.fileExists(atPath: $0) }
    }

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
        FileManager.default.fileExists(atPath: model) || !checkpoints.isEmpty
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
        for file in [metrics, best] + eventFiles { try? FileManager.default.removeItem(atPath: file) }
        removeLeftovers()
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
        do {
            let contents = Data(try ByteReader.contents(of: config, limit: Self.largestConfig))
            let description = try JSONDecoder().decode(RunDescription.self, from: contents)
            guard description.format == RunDescription.currentFormat else {
                throw CheckpointError.malformed(
                    path: config, expected: "format \(RunDescription.currentFormat)", found: "\(description.format)")
            }
            return description
        } catch let error as CheckpointError {
            throw error
        } catch DatasetError.tooLarge(_, _, let size, let limit) {
            throw CheckpointError.malformed(path: config, expected: "at most \(limit) bytes", found: "\(size)")
        } catch is DatasetError {
            throw CheckpointError.cannotRead(path: config, reason: "not a file that can be read")
        } catch {
            throw CheckpointError.malformed(path: config, expected: "the description of a run", found: "something else")
        }
    }

    private var eventFiles: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasPrefix(EventFile.namePrefix) }.map { "\(path)/\($0)" }
    }

    /// Takes a run away that has no checkpoint yet, and only what a run writes.
    func removeUnfinished() {
        guard checkpoints.isEmpty else { return }
        for file in [config, metrics, model, best, lossPlot, film] + eventFiles {
            try? FileManager.default.removeItem(atPath: file)
        }
        // Folders with other people's files in them stay.
        for folder in [samples, path] where (try? FileManager.default.contentsOfDirectory(atPath: folder)) == [] {
            try? FileManager.default.removeItem(atPath: folder)
        }
    }
}

// MARK: - Checkpoints, one after the other

extension RunFolder {
    /// Makes every checkpoint one older, so that the place of the last is free, and removes those that are too many.
    ///
    /// - Parameter count: how many are to be there with the new one.
    /// - Throws: `DatasetError.cannotWrite`.
    func makeRoom(keeping count: Int) throws {
        let manager = FileManager.default
        for age in (0..<max(count - 1, 0)).reversed() where manager.fileExists(atPath: checkpoint(age: age)) {
            try move(checkpoint(age: age), to: checkpoint(age: age + 1))
        }
        for age in max(count, 1)..<Self.mostCheckpoints where manager.fileExists(atPath: checkpoint(age: age)) {
            try? manager.removeItem(atPath: checkpoint(age: age))
        }
    }

    /// Makes a checkpoint the last one. Newer ones, which cannot be read, are kept beside it under a name of their own.
    ///
    /// - Throws: `DatasetError.cannotWrite`.
    func makeNewest(_ checkpoint: String) throws {
        for newer in checkpoints.prefix(while: { $0 != checkpoint }) { try move(newer, to: "\(newer).damaged") }
        if checkpoint != optimizer { try move(checkpoint, to: optimizer) }
    }

    /// Removes what writers left that were killed.
    func removeLeftovers() {
        for folder in [path, samples] { AtomicFile.removeLeftovers(in: folder) }
    }

    private func move(_ old: String, to new: String) throws {
        guard rename(old, new) == 0 else {
            throw DatasetError.cannotWrite(path: new, reason: String(cString: strerror(errno)))
        }
    }
}
