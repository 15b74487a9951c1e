import Compute
import Layers
import Models

/// How a model is trained.
public struct TrainingConfiguration: Sendable {
    /// When training ends.
    public enum Length: Hashable, Sendable {
        /// After so many passes over the data.
        case epochs(Int)
        /// After so many steps, a batch each.
        case steps(Int)
    }

    public var length: Length
    /// Images in a step. A last batch with fewer is left out of an epoch.
    public var batchSize: Int
    public var learningRate: LearningRateSchedule
    /// If nil, that of the game, or Adam with its usual settings.
    public var optimizer: (any Optimizer)?
    /// The largest norm of the gradient; nil leaves it as it is.
    public var gradientClip: Float?
    /// The decay of an exponential moving average of the parameters, which then is what evaluations, samples and
    /// `model.safetensors` use; nil for none. In step t it is at most (1 + t) / (10 + t).
    public var averageDecay: Double?
    /// Decides the first parameters, the order of the images, and all that is drawn by chance.
    public var seed: UInt64 = 0
    /// How exactly products and convolutions take their factors, in training and in the evaluations within it. What is not
    /// `full` permits faster arithmetic where the device has it.
    public var precision = Precision.full
    /// A checkpoint is made at the end of an epoch when so many steps have been done since the last one, and at the end.
    public var checkpointSteps = 500
    /// A checkpoint alone, without evaluation and picture, is also made when so many seconds have passed since the last
    /// one: so much work can be lost at the most.
    public var checkpointSeconds = 600.0
    /// Checkpoints that are kept: should the last one be damaged, the one before it is taken up.
    public var keptCheckpoints = 2
    /// A game, whose losses do not tell how it goes, also leaves a picture at the end of an epoch when so many steps have
    /// been done since the last one.
    public var pictureSteps = 100
    /// The loss is looked at, and reported, after so many steps: the only time that the loop waits for the device.
    public var reportSteps = 50

    public init(
        _ length: Length, batchSize: Int = 128, learningRate: LearningRateSchedule = .constant(1e-3),
        optimizer: (any Optimizer)? = nil, gradientClip: Float? = nil, averageDecay: Double? = nil, seed: UInt64 = 0
    ) {
        self.length = length
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.optimizer = optimizer
        self.gradientClip = gradientClip
        self.averageDecay = averageDecay
        self.seed = seed
    }

    /// A model's customary way.
    public init(_ recipe: Recipe) {
        self.init(
            .epochs(recipe.epochs), batchSize: recipe.batchSize,
            learningRate: recipe.learningRateDecay == 1
                ? .constant(recipe.learningRate)
                : .exponential(initial: recipe.learningRate, decay: recipe.learningRateDecay),
            averageDecay: recipe.averageDecay)
    }

    /// Steps in all, for so many images.
    ///
    /// - Throws: `TrainingError.badSetting` where a setting is out of its range.
    public func totalSteps(images: Int) throws -> Int {
        func require(_ holds: Bool, _ name: String, _ expected: String, _ found: some CustomStringConvertible) throws {
            guard holds else {
                throw TrainingError.badSetting(name: name, expected: expected, found: found.description)
            }
        }
        try require((1...max(images, 1)).contains(batchSize), "batch size", "1 to \(images), the images", batchSize)
        let rate = learningRate.value(at: 1)
        try require(rate >= 0 && rate.isFinite, "learning rate", "a number of at least 0", rate)
        try require(checkpointSteps >= 1, "checkpointSteps", "at least 1", checkpointSteps)
        try require(checkpointSeconds >= 0, "checkpointSeconds", "at least 0", checkpointSeconds)
        let mostKept = RunFolder.mostCheckpoints
        try require(
            (1...mostKept).contains(keptCheckpoints), "kept checkpoints", "1 to \(mostKept)", keptCheckpoints)
        try require(pictureSteps >= 1, "pictureSteps", "at least 1", pictureSteps)
        try require(reportSteps >= 1, "reportSteps", "at least 1", reportSteps)
        // The device counts steps in 32 bits.
        let most = Int(Int32.max)
        switch length {
        case .steps(let count):
            try require((1...most).contains(count), "steps", "1 to \(most)", count)
            return count
        case .epochs(let count):
            let steps = images / batchSize
            try require((1...most / steps).contains(count), "epochs", "1 to \(most / steps)", count)
            return count * steps
        }
    }
}
