import Compute
import Foundation
import Layers
import Models

/// What a run is: everything needed to make its model and to find its data again. The contents of `config.json`.
public struct RunDescription: Codable, Hashable, Sendable {
    /// The version of this file's layout.
    public static let currentFormat = 1

    public struct Source: Codable, Hashable, Sendable {
        /// A name that `DatasetCatalog` knows, or the path of a folder.
        public var name: String
        /// Where the files of a known name are, if that was said.
        public var directory: String?

        /// Paths are kept whole, so that a run can be used from any folder.
        public init(name: String, directory: String? = nil, isFolder: Bool = false) {
            self.name = isFolder ? URL(fileURLWithPath: name).path : name
            self.directory = directory.map { URL(fileURLWithPath: $0).path }
        }
    }

    public var format = RunDescription.currentFormat
    /// The version of the library that began the run.
    public var version = libraryVersion
    public var model: String
    /// Every key of the model with its value.
    public var options: [String: String]
    public var data: Source
    public var images: ImageSpace
    public var seed: UInt64
    /// The length of the run, in one of the two.
    public var epochs: Int?
    public var steps: Int?
    public var batchSize: Int
    public var learningRate: LearningRateSchedule
    public var gradientClip: Float?
    public var averageDecay: Double?
    /// Nil, which is `full`, in files of before this was written.
    public var precision: Precision?
    /// The run whose parameters this one started from, if it did from one.
    public var startedFrom: String?
    /// When checkpoints are made, and how many are kept; nil in files of before these were written.
    public var checkpointSteps: Int?
    public var keptCheckpoints: Int?
    /// The device that the run began on.
    public var device: String

    public init(
        _ model: any GenerativeModel, data: Source, training: TrainingConfiguration, device: String
    ) {
        self.model = type(of: model).name
        options = model.configuration.settings
        self.data = data
        images = model.images
        seed = training.seed
        batchSize = training.batchSize
        learningRate = training.learningRate
        gradientClip = training.gradientClip
        averageDecay = training.averageDecay
        precision = training.precision
        checkpointSteps = training.checkpointSteps
        keptCheckpoints = training.keptCheckpoints
        self.device = device
        setLength(training.length)
    }

    /// Makes the run longer or shorter.
    public mutating func setLength(_ length: TrainingConfiguration.Length) {
        switch length {
        case .epochs(let count): (epochs, steps) = (count, nil)
        case .steps(let count): (epochs, steps) = (nil, count)
        }
    }

    /// The model of the run, without memory yet.
    /// - Throws: `ModelError`.
    public func makeModel() throws -> any GenerativeModel {
        try ModelCatalog.entry(model).model(for: images, settings: options)
    }

    /// How the run is trained. The optimizer is the model's own, or Adam.
    public func makeConfiguration() -> TrainingConfiguration {
        var configuration = TrainingConfiguration(
            steps.map { .steps($0) } ?? .epochs(epochs ?? 1), batchSize: batchSize, learningRate: learningRate,
            gradientClip: gradientClip, averageDecay: averageDecay, seed: seed)
        configuration.precision = precision ?? .full
        if let checkpointSteps { configuration.checkpointSteps = checkpointSteps }
        if let keptCheckpoints { configuration.keptCheckpoints = keptCheckpoints }
        return configuration
    }
}

/// The version of Tessera.
public let libraryVersion = "0.1.0"
