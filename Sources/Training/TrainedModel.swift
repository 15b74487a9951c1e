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

    /// - Throws: `TrainingError.noRun`, `CheckpointError` for damaged files; what the device throws.
    public init(run path: String, on device: any Device) throws {
        folder = RunFolder(path)
        description = try folder.description()
        guard FileManager.default.fileExists(atPath: folder.model) else {
            throw TrainingError.noRun(path: path, missing: "model.safetensors")
        }
        let file = try Safetensors(contentsOf: folder.model)
        model = try description.makeModel()
        store = try ParameterStore(model, on: device, seed: description.seed)
        try store.load(file.byName.mapValues { ($0.shape, $0.values) }, path: folder.model)
    }

    /// The data that the model was trained on, or others.
    /// - Throws: `DatasetError`.
    public func data(_ name: String? = nil, directory: String? = nil) throws -> DatasetSplits {
        if let name { return try DatasetCatalog.load(name, directory: directory) }
        return try DatasetCatalog.load(description.data.name, directory: directory ?? description.data.directory)
    }
}
