import Compute
import Datasets
import Devices
import Foundation
import Models
import Testing
import Training

/// Tests that use devices run one after the other: they look at the memory of a device, and would share its threads.
@Suite("Training", .serialized)
enum TrainingTests {}

/// A folder that goes with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("tessera-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Devices by name, for the test report.
struct TestTarget: Sendable, CustomTestStringConvertible {
    let device: any Device
    var testDescription: String { "\(device.info.kind.rawValue) \(device.info.name)" }

    static let all = DeviceSelection.all.map(TestTarget.init)
    static let pocl = all.first { $0.device.info.isPoCL }
    static var cpu: any Device { get throws { try DeviceSelection.choose("cpu") } }
}

/// Trains a model in a run's folder, from the checkpoint there if there is one.
@discardableResult
func trainRun(
    _ model: any GenerativeModel, _ data: DatasetSplits, _ configuration: TrainingConfiguration, in path: String,
    on target: TestTarget
) throws -> Trainer {
    let folder = RunFolder(path)
    let trainer = try Trainer(model, data: data, configuration: configuration, on: target.device, folder: folder)
    if folder.holdsRun {
        try trainer.resume()
    } else {
        try folder.begin(RunDescription(model, data: .init(name: "digits"), training: configuration, device: ""))
    }
    try trainer.train()
    return trainer
}

/// A small VAE of the digits.
func smallVAE(_ data: DatasetSplits) throws -> VAE {
    var configuration = VAE.Configuration()
    (configuration.hidden, configuration.latent) = (64, 8)
    return try VAE(images: ImageSpace(data.train), configuration: configuration)
}

/// A small game of images, by the name of its model.
func smallGame(
    _ name: String, _ images: ImageDataset, _ settings: [String: String] = [:]
) throws -> any AdversarialModel {
    let small = ["latent": "8", "channels": "4", "hidden": "32"].merging(settings) { $1 }
    return try #require(
        try ModelCatalog.entry(name).model(for: ImageSpace(images), settings: small) as? any AdversarialModel)
}

extension DatasetSplits {
    /// The same images without labels, for which no classifier is needed.
    func withoutLabels() throws -> DatasetSplits {
        func bare(_ set: ImageDataset) throws -> ImageDataset {
            try ImageDataset(name: set.name, shape: set.shape, levels: set.levels, pixels: set.pixels)
        }
        return try DatasetSplits(train: bare(train), test: bare(test))
    }
}

extension GenerativeModel {
    /// The parameters whose names begin so, bit by bit; trained or not.
    func bits(_ part: String) throws -> [String: [UInt32]] {
        let parameters = namedParameters().filter { $0.name.hasPrefix(part) }
        return Dictionary(
            uniqueKeysWithValues: try parameters.map { ($0.name, try $0.parameter.read().map(\.bitPattern)) })
    }
}

extension Trainer {
    /// The trained parameters, bit by bit.
    func parameterBits() throws -> [UInt32] {
        try model.namedParameters().flatMap { try $0.parameter.read().map(\.bitPattern) }
    }
}
