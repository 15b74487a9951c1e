import Compute
import Datasets
import Layers
import Models
import Tensors

/// A step that minimises a loss: pixels in, parameters and running sums of the figures changed on the device.
final class LossStep: TrainingStep {
    private let device: any Device
    private let configuration: TrainingConfiguration
    private let pixels: Argument
    private let labels: LabelInput?
    private let key = Argument([2], dtype: .int32)
    /// The learning rate and the number of the step.
    private let scalars = Argument([2])
    private let sums: FigureSums
    private let function: CompiledFunction

    /// - Parameter levels: of the pixels that will be given.
    init(
        _ model: any LossModel, store: ParameterStore, optimizer: OptimizerState,
        average: ExponentialMovingAverage?, configuration: TrainingConfiguration, levels: Int
    ) throws {
        device = store.device
        self.configuration = configuration
        pixels = Argument(model.images.batchShape(configuration.batchSize), dtype: .uint8)
        labels = LabelInput(model, count: configuration.batchSize)

        let context = Context(isTraining: true, random: try RandomSource(key: key.tensor))
        context.labels = labels?.tensor
        let loss = try model.trainingLoss(pixels.tensor, levels: levels, context)
        var gradient = try store.gradient(of: loss.values.mean())
        if let limit = configuration.gradientClip {
            gradient = try clippedByGlobalNorm(gradient, maximum: limit).gradient
        }
        let step = try scalars.tensor.sliced(1..<2, axis: 0)
        var updates = try optimizer.updates(
            gradient: gradient, learningRate: scalars.tensor.sliced(0..<1, axis: 0), step: step)
        if let average { updates.append(try average.update(following: updates, step: step)) }

        sums = try FigureSums(loss.values, named: "loss", terms: loss.terms, on: store.device)
        function = try CompiledFunction(on: device, results: [], updates: updates + sums.updates + context.updates)
    }

    var launches: Int { function.launches }
    var figures: [String] { sums.names }

    func run(_ batch: ImageBatch, step: Int, learningRate: Double) throws {
        try pixels.set(batch.pixels, on: device)
        try labels?.set(batch, on: device)
        try key.set(RandomUse.training.key(seed: configuration.seed, step), on: device)
        try scalars.set([Float(learningRate), Float(step)], on: device)
        try function.run()
    }

    func takeSums(steps: Int, last: Int, learningRate: Double) throws -> [Double] {
        let (figures, finiteSteps) = try sums.take()
        guard finiteSteps >= steps, let figures else {
            throw TrainingError.notFinite(
                what: "the loss", step: min(last - steps + finiteSteps + 1, last), learningRate: learningRate)
        }
        return figures
    }
}

extension LossModel {
    /// The loss of a batch of the data's pixels, black and white by chance where the model wants that.
    func trainingLoss(_ pixels: Tensor, levels: Int, _ context: Context) throws -> LossTerms {
        let images = try pixels.unitValues(levels: levels)
        return try loss(binarizes ? binarized(images, context) : images, context)
    }
}
