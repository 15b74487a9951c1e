import Compute
import Datasets
import Foundation
import Layers
import Models
import Tensors

/// Trains a model on a device, and keeps its run in a folder if it is given one.
///
///     let digits = try DatasetCatalog.load("digits")
///     let model = try VAE(images: ImageSpace(digits.train))
///     try Trainer(model, data: digits, on: DeviceSelection.choose()).train()
///
/// The order of the images is a function of (seed, epoch), and the random numbers of (seed, step): a run that was
/// interrupted and resumed has the same parameters, bit for bit, as one that was not, on the same device.
public final class Trainer {
    public let model: any GenerativeModel
    /// The device, with the configuration's precision.
    public let device: any Device
    public let configuration: TrainingConfiguration
    /// Where the run is kept; nil keeps nothing.
    public let folder: RunFolder?
    /// Steps done.
    public var step: Int { place.step }
    /// The step of the last checkpoint, if there is one.
    public internal(set) var savedStep: Int?
    /// Steps in all.
    public let total: Int
    /// When it is made, training ends after the step that is being done, with a checkpoint.
    public var stopRequest: StopRequest?

    /// Where the run is.
    var place = Checkpoint.Place()
    /// When the last checkpoint was made, or training began.
    var lastSave = Stopwatch()
    /// Held from `resume`, or from the beginning of `train`, to its end.
    var lock: RunLock?

    let store: ParameterStore
    /// One for each group of parameters.
    let optimizers: [OptimizerState]
    let average: ExponentialMovingAverage?
    /// Whether the first parameters are the initializers'.
    private var startsFresh = true
    let trainImages: ImageDataset
    let testImages: ImageDataset
    private let sampler: BatchSampler
    private let data: DatasetSplits
    /// Images that an evaluation within training generates.
    private static let generatedImages = 2_000
    /// For a game.
    private var sampleEvaluator: SampleEvaluator?

    /// Places the model on the device, with fresh parameters.
    ///
    /// - Parameters:
    ///   - configuration: the model's recipe if nil.
    ///   - folder: of a run that has begun (`RunFolder.begin`); a checkpoint in it is taken up by `resume`.
    /// - Throws: `TrainingError`, `DatasetError` where data and settings do not fit; what the device throws.
    public init(
        _ model: any GenerativeModel, data: DatasetSplits, configuration: TrainingConfiguration? = nil,
        on device: any Device, folder: RunFolder? = nil
    ) throws {
        let configuration = configuration ?? TrainingConfiguration(type(of: model).recipe)
        let device = device.with(precision: configuration.precision)
        self.model = model
        self.device = device
        self.configuration = configuration
        self.folder = folder
        self.data = data
        trainImages = try data.train.prepared(for: model)
        testImages = try data.test.preparedForEvaluation(of: model)
        total = try configuration.totalSteps(images: trainImages.count)
        sampler = try BatchSampler(
            count: trainImages.count, batchSize: configuration.batchSize, seed: configuration.seed)
        let store = try ParameterStore(model, on: device, seed: configuration.seed)
        self.store = store
        let rule = try configuration.optimizer ?? (model as? any AdversarialModel)?.rules.optimizer ?? Adam()
        optimizers = try store.groups.map { try OptimizerState(rule, of: $0.flat) }
        average = try configuration.averageDecay.map { try ExponentialMovingAverage(of: store.flat, decay: $0) }
    }

    /// Starts from the parameters of another run instead of fresh ones.
    ///
    /// - Throws: `TrainingError.noRun`; `CheckpointError` for damaged files and for those of another model.
    public func start(from run: RunFolder) throws {
        guard FileManager.default.fileExists(atPath: run.model) else {
            throw TrainingError.noRun(path: run.path, missing: "model.safetensors")
        }
        let file = try Safetensors(contentsOf: run.model)
        try store.load(file.byName.mapValues { ($0.shape, $0.values) }, path: run.model)
        try average?.restart()
        startsFresh = false
    }

    /// Trains to the end, evaluates on the test images, and writes the last checkpoint.
    ///
    /// - Parameter observe: told what happens.
    /// - Throws: `TrainingError.notFinite` where training goes astray, `.runBusy`; `DatasetError.cannotWrite`; what the
    ///   device throws. A run that has no checkpoint yet is then taken away from the folder; otherwise the last one stays.
    @discardableResult
    public func train(_ observe: (TrainingEvent) throws -> Void = { _ in }) throws -> TrainingResult {
        if let folder, lock == nil { lock = try RunLock(folder) }
        defer { lock = nil }
        do {
            return try run(observe)
        } catch TrainingError.notFinite(let what, let step, let learningRate, _, let advice) {
            folder?.removeUnfinished()
            throw TrainingError.notFinite(
                what: what, step: step, learningRate: learningRate, saved: savedStep, advice: advice)
        } catch {
            folder?.removeUnfinished()
            throw error
        }
    }

    private func run(_ observe: (TrainingEvent) throws -> Void) throws -> TrainingResult {
        let metrics = folder.map { MetricsFile($0.metrics) }
        // What is kept in the record, and told.
        func report(_ event: TrainingEvent) throws {
            try metrics?.append(JSONLine(event))
            try observe(event)
        }
        try observe(.compiling(device: device.info.name))
        let compiled = try compiledStep()
        try prepareEvaluation { try observe(.preparing("training the classifier whose features measure images")) }
        try observe(
            .began(step: step, total: total, stepsPerEpoch: sampler.batchesPerEpoch, launches: compiled.launches))

        let batches = try trainImages.batches(sampler, from: sampler.position(step: step))
        defer { batches.stop() }
        var clock = StepClock(firstStep: step, batchSize: configuration.batchSize)
        var epochMeans = RunningMeans(names: compiled.figures)
        var means = epochMeans
        var lastRead = step
        var test: Figures?
        /// Each kind is told once.
        var warnings: Set<TrainingWarning.Kind> = []
        var lookahead = Lookahead()
        lastSave = Stopwatch()
        if step == total { test = try completeLastCheckpoint(observe) }
        clock.start()
        while step < total, let batch = try batches.next() {
            place.step += 1
            let rate = configuration.learningRate.value(at: step)
            try compiled.run(batch, step: step, learningRate: rate)
            try lookahead.stepQueued(wait: device.synchronize)
            let endsEpoch = step % sampler.batchesPerEpoch == 0 || step == total
            guard endsEpoch || isAskedToStop || step % configuration.reportSteps == 0 else { continue }

            let sums = try compiled.takeSums(steps: step - lastRead, last: step, learningRate: rate)
            means.reset()
            means.add(sums, steps: step - lastRead)
            epochMeans.add(sums, steps: step - lastRead)
            lastRead = step
            try report(.progress(clock.progress(self, epochs: epochs, means.values)))
            if let warning = compiled.warning(means.values), warnings.insert(warning.kind).inserted {
                try report(.warning(step: step, warning.text))
            }
            if endsEpoch {
                try report(.epoch(number: epochNumber, clock.progress(self, epochs: epochs, epochMeans.values)))
                if step < total { epochMeans.reset() }
            }

            clock.pause()
            // Whoever asks from now on is answered after the next step.
            let stops = isAskedToStop
            if endsEpoch, step == total || step - place.evaluated >= configuration.checkpointSteps {
                (place.evaluated, place.pictured) = (step, step)
                try withAverage {
                    guard let (figures, warning) = try evaluate() else { return }
                    test = figures
                    try report(.evaluated(step: step, figures))
                    // Early images may well look alike.
                    if let warning, 2 * step >= total, warnings.insert(warning.kind).inserted {
                        try report(.warning(step: step, warning.text))
                    }
                    try keepIfBest(figures)
                }
                try save(learningRate: rate)
                try finishSaving(picture: drawPictures(), observe)
            } else {
                if endsEpoch, step - place.pictured >= configuration.pictureSteps {
                    place.pictured = step
                    try drawGame()
                }
                if stops || lastSave.seconds >= configuration.checkpointSeconds {
                    try save(learningRate: rate)
                    try finishSaving(picture: nil, observe)
                }
            }
            if stops { break }
            clock.start()
        }
        clock.pause()
        return TrainingResult(
            steps: step, training: epochMeans.values, test: test, seconds: clock.seconds,
            examplesPerSecond: clock.examplesPerSecond(step: step), peakMemoryBytes: device.memory.peak)
    }

    /// Compiles the training step and does not run it.
    package func prepareStep() throws { _ = try compiledStep() }

    /// The step of the model, after first values have been fitted to data where it wants that.
    private func compiledStep() throws -> any TrainingStep {
        if let model = model as? any AdversarialModel {
            return try AdversarialStep(
                model, store: store, optimizers: optimizers, average: average, configuration: configuration,
                levels: trainImages.levels, total: total)
        }
        guard let model = model as? any LossModel else {
            throw ModelError.unsupported(
                model: type(of: model).name, what: "be trained", instead: "it has neither a loss nor a game")
        }
        if step == 0, startsFresh, model is any DataInitializedModel { try initializeFromData(model) }
        return try LossStep(
            model, store: store, optimizer: optimizers[0], average: average, configuration: configuration,
            levels: trainImages.levels)
    }

    /// Draws what the death of an earlier process has left undone after the last checkpoint.
    private func completeLastCheckpoint(_ observe: (TrainingEvent) throws -> Void) throws -> Figures? {
        let figures = try withAverage { try evaluate()?.figures }
        if let figures { try observe(.evaluated(step: step, figures)) }
        try finishSaving(picture: drawPictures(), observe)
        return figures
    }

    /// Makes ready what measures generated images.
    private func prepareEvaluation(_ willTrain: () throws -> Void) throws {
        guard let model = model as? any AdversarialModel, testImages.count >= 4 else { return }
        sampleEvaluator = try SampleEvaluator(
            for: model, data: data, on: device, count: Self.generatedImages, willTrain: willTrain)
    }

    /// The figures of the model as it is now, on the test images or for generated ones; nil where there is nothing to
    /// measure by.
    private func evaluate() throws -> (figures: Figures, warning: TrainingWarning?)? {
        if let model = model as? any AdversarialModel { return try sampleEvaluator?.evaluateAndJudge(model) }
        guard let model = model as? any LossModel, testImages.count > 0 else { return nil }
        return (try Evaluator(model, on: device).evaluate(testImages), nil)
    }

    /// Fits first values to the first batch.
    private func initializeFromData(_ model: any LossModel) throws {
        let batch = try trainImages.batch(sampler.batches(epoch: 0)[0])
        let key = try Tensor(RandomUse.initialization.key(seed: configuration.seed, 0), shape: [2])
        let context = Context(isTraining: true, isInitializing: true, random: try RandomSource(key: key))
        context.labels = try batch.labels.map { try Tensor($0.map { Int32($0) }, shape: [batch.count]) }
        let pixels = try Tensor(batch.pixels, shape: model.images.batchShape(batch.count))
        _ = try model.trainingLoss(pixels, levels: trainImages.levels, context)
        try context.writeFirstValues(on: device)
        try average?.restart()
    }

    private var isAskedToStop: Bool { stopRequest?.isMade ?? false }

    /// Passes over the data done.
    var epochs: Double { Double(step) / Double(sampler.batchesPerEpoch) }

    /// The number of the epoch that the last step belongs to, from 1.
    var epochNumber: Int { (step + sampler.batchesPerEpoch - 1) / sampler.batchesPerEpoch }

    /// Runs `body` with the averaged parameters in place, if there are any.
    func withAverage<Result>(_ body: () throws -> Result) throws -> Result {
        guard let average else { return try body() }
        return try average.whileSwapped(body)
    }
}
