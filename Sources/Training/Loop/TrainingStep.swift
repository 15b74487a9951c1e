import Compute
import Datasets
import Layers
import Models
import Tensors

/// One step of training, compiled once: pixels in, parameters and running sums of the figures changed on the device.
/// Nothing waits for the device until the sums are read.
final class TrainingStep {
    private let device: any Device
    private let configuration: TrainingConfiguration
    private let pixels: Argument
    private let labels: LabelInput?
    private let key = Argument([2], dtype: .int32)
    /// The learning rate and the number of the step.
    private let scalars = Argument([2])
    /// For each figure the sums over the steps, one for each place in the batch; the last counts the steps whose loss
    /// was finite. Summing over the batch is left to the host, since it is asked for seldom.
    private let sums: [Variable]
    private let function: CompiledFunction
    /// What is summed: the loss, then its parts.
    let figures: [String]

    /// - Parameter levels: of the pixels that will be given.
    init(
        _ model: any GenerativeModel, store: ParameterStore, optimizer: OptimizerState,
        average: ExponentialMovingAverage?, configuration: TrainingConfiguration, levels: Int
    ) throws {
        device = store.device
        self.configuration = configuration
        pixels = Argument(model.images.batchShape(configuration.batchSize), dtype: .uint8)
        labels = LabelInput(model, count: configuration.batchSize)

        let context = Context(isTraining: true, random: try RandomSource(key: key.tensor))
        context.labels = labels?.tensor
        let loss = try model.trainingLoss(pixels.tensor, levels: levels, context)
        figures = ["loss"] + loss.terms.map(\.name)

        var gradient = try store.gradient(of: loss.values.mean())
        if let limit = configuration.gradientClip {
            gradient = try clippedByGlobalNorm(gradient, maximum: limit).gradient
        }
        let step = try scalars.tensor.sliced(1..<2, axis: 0)
        var updates = try optimizer.updates(
            gradient: gradient, learningRate: scalars.tensor.sliced(0..<1, axis: 0), step: step)
        if let average { updates.append(try average.update(following: updates, step: step)) }

        let isFinite = try loss.values.absolute().lessOrEqual(Tensor(Float.greatestFiniteMagnitude))
        let rows = [loss.values] + loss.terms.map(\.values) + [isFinite.cast(to: .float32)]
        let zeros = [Float](repeating: 0, count: configuration.batchSize)
        sums = try rows.map { _ in
            try Variable(zeros, shape: [zeros.count], name: "the sums of a figure", on: store.device)
        }
        updates += try zip(sums, rows).map { try Update($0, to: $0.tensor + $1) }
        function = try CompiledFunction(on: device, results: [], updates: updates + context.updates)
    }

    /// Device launches of one step.
    var launches: Int { function.launches }

    /// Queues step number `step` (1 is the first).
    func run(_ batch: ImageBatch, step: Int, learningRate: Double) throws {
        try pixels.set(batch.pixels, on: device)
        try labels?.set(batch, on: device)
        try key.set(RandomUse.training.key(seed: configuration.seed, step), on: device)
        try scalars.set([Float(learningRate), Float(step)], on: device)
        try function.run()
    }

    /// The sums of the figures since the last call, after all queued steps.
    /// - Parameters:
    ///   - steps: how many steps that was.
    ///   - last: the number of the last of them.
    /// - Throws: `TrainingError.notFinite` with the first step whose loss was not finite.
    func takeSums(steps: Int, last: Int, learningRate: Double) throws -> [Double] {
        let values = try sums.map { try $0.read() }
        for sum in sums { try sum.write([Float](repeating: 0, count: configuration.batchSize)) }
        let finiteSteps = Int(values.last?.min() ?? 0)
        let figures = values.dropLast().map { $0.reduce(0.0) { $0 + Double($1) } / Double(configuration.batchSize) }
        guard finiteSteps >= steps, figures.allSatisfy(\.isFinite) else {
            throw TrainingError.notFinite(
                what: "the loss", step: min(last - steps + finiteSteps + 1, last), learningRate: learningRate)
        }
        return figures
    }
}

extension GenerativeModel {
    /// The loss of a batch of the data's pixels, black and white by chance where the model wants that.
    func trainingLoss(_ pixels: Tensor, levels: Int, _ context: Context) throws -> LossTerms {
        let images = try pixels.unitValues(levels: levels)
        return try loss(binarizes ? binarized(images, context) : images, context)
    }
}
