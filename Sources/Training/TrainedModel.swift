import Compute
import Datasets
import Foundation
import Layers
import Models

/// The model of a run, with its trained parameters on a device.
public struct TrainedModel {
    public let folder: RunFolder
    public let description: RunDescription
    public let model: any GenerativeModel
    public let store: ParameterStore

    /// Which of a run's parameters are meant.
    public enum Choice: Sendable, CaseIterable {
        /// Those of the last checkpoint.
        case last
        /// Those whose figures on the test images were best.
        case best
    }

    /// - Throws: `TrainingError.noRun`, `CheckpointError` for damaged files; what the device throws.
    public init(run path: String, _ choice: Choice = .last, on device: any Device) throws {
        folder = RunFolder(path)
        description = try folder.description()
        let parameters = choice == .best ? folder.best : folder.model
        guard FileManager.default.fileExists(atPath: parameters) else {
            throw TrainingError.noRun(path: path, missing: choice == .best ? "best.safetensors" : "model.safetensors")
        }
        let file = try Safetensors(contentsOf: parameters)
        model = try description.makeModel()
        store = try ParameterStore(model, on: device, seed: description.seed)
        try store.load(file.byName.mapValues { ($0.shape, $0.values) }, path: parameters)
    }

    /// The data that the model was trained on, or others.
    /// - Throws: `DatasetError`.
    public func data(_ name: String? = nil, directory: String? = nil) throws -> DatasetSplits {
        if let name { return try DatasetCatalog.load(name, directory: directory) }
        return try DatasetCatalog.load(description.data.name, directory: directory ?? description.data.directory)
    }
}
