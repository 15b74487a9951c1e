import Compute
import Datasets
import Foundation
import Layers
import Models
import Tensors

/// Evaluates a model, whose parameters are on a device, on sets of images.
///
/// Every image counts exactly once: a last batch with fewer images is filled up, and what fills it is left out.
public struct Evaluator {
    public let model: any LossModel
    public let device: any Device
    /// Images in a batch.
    public let batchSize: Int
    /// The seed of what is drawn: the same at every evaluation.
    private static let seed: UInt64 = 0
    /// The most Float32 values of one decoder output in an importance-weighted batch: 64 MiB.
    private static let largestOutput = 1 << 24

    /// - Throws: `TrainingError.badSetting`.
    public init(_ model: any LossModel, on device: any Device, batchSize: Int = 200) throws {
        guard batchSize >= 1 else {
            throw TrainingError.badSetting(name: "batch size", expected: "at least 1", found: "\(batchSize)")
        }
        self.model = model
        self.device = device
        self.batchSize = batchSize
    }

    /// The mean figures over a set of images, which are first brought to what the model takes: fewer levels, or one
    /// fixed draw in black and white.
    ///
    /// - Parameter importanceSamples: for a bound with so many samples an image; nil for the loss.
    /// - Throws: `TrainingError.dataMismatch`; `ModelError.unsupported` for a model without such a bound; what the
    ///   device throws.
    public func evaluate(images: ImageDataset, importanceSamples: Int? = nil) throws -> Figures {
        try evaluate(images.preparedForEvaluation(of: model), importanceSamples: importanceSamples)
    }

    /// The same for images that are prepared already.
    func evaluate(_ set: ImageDataset, importanceSamples: Int? = nil) throws -> Figures {
        guard set.count >= 1 else {
            throw TrainingError.dataMismatch(name: set.name, expected: "at least 1 image", found: "none")
        }
        let batch = BatchInput(model, count: min(batchSize, set.count), levels: set.levels)
        let context = Context(isTraining: false, random: try RandomSource(key: batch.key.tensor))
        context.labels = batch.labels
        let loss = try model.evaluation(batch.images(), context)
        let function = try CompiledFunction(
            on: device, results: [Tensor.stack([loss.values] + loss.terms.map(\.values))])

        var sums = [Double](repeating: 0, count: loss.terms.count + 1)
        var perExample: [Double] = []
        try batch.forEach(of: set, on: device) { number, valid in
            try batch.key.set(RandomUse.evaluation.key(seed: Self.seed, number), on: device)
            try function.run()
            let values = try function.floats()
            for row in sums.indices {
                sums[row] += values[row * batch.count..<row * batch.count + valid].reduce(0.0) { $0 + Double($1) }
            }
            perExample += values[..<valid].map { -Double($0) }
        }
        var nats = sums[0] / Double(set.count)
        let lossMean = nats
        if let importanceSamples {
            perExample = try logLikelihoods(set, samples: importanceSamples)
            nats = -perExample.reduce(0, +) / Double(set.count)
        }
        return Figures(
            count: set.count, measure: model.measure, loss: lossMean,
            terms: zip(loss.terms, sums.dropFirst()).map { ($0.name, $1 / Double(set.count)) },
            nats: model.isLikelihood ? nats : nil,
            bitsPerDimension: model.isLikelihood ? model.images.bitsPerDimension(nats: nats) : nil,
            importanceSamples: importanceSamples, isExact: model.isExact, perExample: perExample)
    }

    /// The logarithm of the mean of `samples` importance weights for each image (Burda, Grosse & Salakhutdinov 2016,
    /// equation 8), gathered over chunks of samples so that memory stays bounded whatever their number.
    private func logLikelihoods(_ set: ImageDataset, samples: Int) throws -> [Double] {
        guard let model = model as? any ImportanceWeightedBound else {
            throw ModelError.unsupported(
                model: type(of: model).name, what: "be evaluated by importance sampling",
                instead: "leave the importance samples out")
        }
        guard samples >= 1 else {
            throw TrainingError.badSetting(name: "importance samples", expected: "at least 1", found: "\(samples)")
        }
        let rows = max(1, Self.largestOutput / model.images.dimensions)
        let batch = BatchInput(model, count: min(batchSize, set.count, rows), levels: set.levels)
        let chunk = min(samples, max(1, rows / batch.count))
        func chunkFunction(_ size: Int) throws -> CompiledFunction {
            let context = Context(isTraining: false, random: try RandomSource(key: batch.key.tensor))
            context.labels = batch.labels
            let weights = try model.logImportanceWeights(batch.images(), samples: size, context)
            return try CompiledFunction(on: device, results: [weights.logSumExp(axis: 0)])
        }
        let whole = try chunkFunction(chunk)
        let rest = samples % chunk == 0 ? nil : try chunkFunction(samples % chunk)
        let chunks = [CompiledFunction](repeating: whole, count: samples / chunk) + (rest.map { [$0] } ?? [])

        var results: [Double] = []
        try batch.forEach(of: set, on: device) { number, valid in
            var total = [Double](repeating: -.infinity, count: valid)
            for (place, function) in chunks.enumerated() {
                let draw = number * chunks.count + place
                try batch.key.set(RandomUse.importanceSampling.key(seed: Self.seed, draw), on: device)
                try function.run()
                total = zip(total, try function.floats()).map { logSumExp($0, Double($1)) }
            }
            results += total.map { $0 - log(Double(samples)) }
        }
        return results
    }
}

/// `log(exp(a) + exp(b))`.
private func logSumExp(_ a: Double, _ b: Double) -> Double {
    let larger = max(a, b)
    guard larger.isFinite else { return a.isNaN || b.isNaN ? .nan : larger }
    return larger + log1p(exp(min(a, b) - larger))
}
