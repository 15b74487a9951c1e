import Compute
import Datasets
import Layers
import Models
import Tensors

/// The step of a game of images: pixels in.
final class AdversarialStep: TrainingStep {
    private let device: any Device
    private let pixels: Argument
    private let labels: LabelInput?
    private let game: GameStep

    /// - Parameters:
    ///   - optimizers: of the generator and of the discriminator.
    ///   - average: of the generator's parameters.
    ///   - levels: of the pixels that will be given.
    ///   - total: steps in all.
    init(
        _ model: any AdversarialModel, store: ParameterStore, optimizers: [OptimizerState],
        average: ExponentialMovingAverage?, configuration: TrainingConfiguration, levels: Int, total: Int
    ) throws {
        device = store.device
        let count = configuration.batchSize
        let pixels = Argument(model.images.batchShape(count), dtype: .uint8)
        self.pixels = pixels
        labels = LabelInput(model, count: count)
        game = try GameStep(
            model, store: store, optimizers: optimizers, average: average,
            schedule: .init(seed: configuration.seed, total: total, gradientClip: configuration.gradientClip),
            count: count, labels: labels?.tensor
        ) { _ in try pixels.tensor.unitValues(levels: levels) * 2 - 1 }
    }

    var launches: Int { game.launches }
    var figures: [String] { game.figures }

    func run(_ batch: ImageBatch, step: Int, learningRate: Double) throws {
        try pixels.set(batch.pixels, on: device)
        try labels?.set(batch, on: device)
        try game.run(step: step, learningRate: learningRate)
    }

    func takeSums(steps: Int, last: Int, learningRate: Double) throws -> [Double] {
        try game.takeSums(steps: steps, last: last, learningRate: learningRate)
    }

    func warning(_ means: [(name: String, value: Double)]) -> TrainingWarning? { game.warning(means) }
}
