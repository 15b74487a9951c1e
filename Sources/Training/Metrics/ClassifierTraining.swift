import Compute
import Datasets
import Layers
import Models
import Tensors

/// How every `FeatureClassifier` is trained: softmax cross-entropy, Adam, a fixed number of steps and a fixed seed; then
/// its features are scaled so that their mean square over training images is one, as the kernel of `KernelDistance`
/// wants them, whose powers would otherwise weigh by how long a classifier has been trained.
enum ClassifierTraining {
    /// Names network and recipe; changed with either, so that weights of before are not taken for present ones.
    static let recipe = "tessera-classifier-1"
    static let seed: UInt64 = 0
    static let steps = 1500
    static let initialRate = 4e-3
    private static let batchSize = 50
    /// From which the scale of the features is taken.
    private static let scalingBatches = 40
    private static let learningRate = LearningRateSchedule.cosine(initial: initialRate, steps: steps)

    /// Trains the parameters of a store.
    ///
    /// - Throws: `TrainingError.dataMismatch` for images without labels; what the device throws.
    static func train(_ network: FeatureNetwork, _ store: ParameterStore, on set: ImageDataset) throws {
        let device = store.device
        let count = min(batchSize, set.count)
        let pixels = Argument([count, set.height, set.width, set.channels], dtype: .uint8)
        let labels = Argument([count], dtype: .int32)
        let scalars = Argument([2])
        let images = try pixels.tensor.unitValues(levels: set.levels)
        let result = try network(images, Context(isTraining: true))
        let loss = try Loss.crossEntropy(logits: result.scores, labels: labels.tensor)
        let updates = try OptimizerState(Adam(), of: store.flat).updates(
            gradient: store.gradient(of: loss), learningRate: scalars.tensor.sliced(0..<1, axis: 0),
            step: scalars.tensor.sliced(1..<2, axis: 0))
        let step = try CompiledFunction(on: device, results: [], updates: updates)

        let sampler = try BatchSampler(count: set.count, batchSize: count, seed: seed)
        let batches = try set.batches(sampler)
        defer { batches.stop() }
        for number in 1...steps {
            guard let batch = try batches.next(), let classes = batch.labels else { break }
            try pixels.set(batch.pixels, on: device)
            try labels.set(classes.map { Int32($0) }, on: device)
            try scalars.set([Float(learningRate.value(at: number)), Float(number)], on: device)
            try step.run()
        }

        let squares = try CompiledFunction(on: device, results: [result.features.square().mean()])
        let some = sampler.batches(epoch: 0).prefix(scalingBatches)
        let sum = try some.reduce(Float(0)) { sum, indices in
            try pixels.set(set.batch(indices).pixels, on: device)
            try squares.run()
            return sum + (try squares.floats().first ?? 0)
        }
        if sum > 0 { try network.scaleFeatures(by: (Float(some.count) / sum).squareRoot()) }
    }
}
