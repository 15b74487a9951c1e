import Compute
import Datasets
import Layers
import Models
import Tensors

/// Evaluates a game's generator by the images that it makes: their FID and KID against a data set, how much they vary, and
/// the discriminator's scores.
///
/// FID and KID need the labels of the data (`ImageMetrics`); without them they are left out. Features are computed with
/// `Precision.full`, whatever the device's precision: images are measured, not the arithmetic.
public final class SampleEvaluator {
    /// Images in a batch.
    private static let batchSize = 200
    /// The seed of what is drawn: the same at every evaluation.
    private static let seed: UInt64 = 0
    /// Generated images that vary less than so much of what real ones do are called collapsed.
    private static let leastDiversity = 0.3
    /// A class is missed if fewer images are taken for it than this share of what the data have.
    private static let leastClassShare = 0.1

    /// Images generated for an evaluation.
    public let count: Int
    /// Nil for data without labels.
    public let metrics: ImageMetrics?
    private let device: any Device
    private let test: ImageDataset
    private let realVariance: Double

    /// - Parameters:
    ///   - model: one that the data fit; any other for the same images can be evaluated, too.
    ///   - count: images to generate, and test images that give the floor.
    ///   - willTrain: called before a classifier is trained for its features, which may take some seconds.
    /// - Throws: `TrainingError.dataMismatch`; what the device throws.
    public convenience init(
        for model: any AdversarialModel, data: DatasetSplits, on device: any Device, count: Int = 10_000,
        willTrain: () throws -> Void = {}
    ) throws {
        try self.init(for: model, data: data, on: device, count: count, cache: .standard, willTrain: willTrain)
    }

    /// - Parameter cache: of the classifier.
    package init(
        for model: any AdversarialModel, data: DatasetSplits, on device: any Device, count: Int = 10_000,
        cache: ClassifierCache, willTrain: () throws -> Void = {}
    ) throws {
        let train = try data.train.prepared(for: model)
        test = try data.test.prepared(for: model)
        guard test.count >= 4, count >= 4 else {
            throw TrainingError.dataMismatch(
                name: test.name, expected: "at least 4 test images", found: "\(test.count) of them")
        }
        self.device = device
        self.count = min(count, test.count)
        realVariance = Self.variance(of: test)
        metrics =
            Set(train.labels ?? []).count < 2
            ? nil
            : try ImageMetrics(
                DatasetSplits(train: train, test: test), on: device.with(precision: .full), count: self.count,
                cache: cache, willTrain: willTrain)
    }

    /// The figures of a model whose parameters are on the device.
    /// - Throws: `MetricError`; what the device throws.
    public func evaluate(_ model: any AdversarialModel) throws -> Figures { try evaluateAndJudge(model).figures }

    /// Also says whether modes look collapsed.
    func evaluateAndJudge(_ model: any AdversarialModel) throws -> (figures: Figures, warning: TrainingWarning?) {
        var generated = try Generation(of: model, batch: Self.batchSize, seed: Self.seed, on: device)
        var terms: [(name: String, value: Double)] = []
        var missing: [Int] = []
        if let metrics {
            let outputs = try metrics.classifier.outputs(count: count) { try generated.images($0) }
            let found = try metrics.distances(of: outputs)
            terms = [
                ("fid", found.fid), ("fid_floor", metrics.floor.fid), ("kid", found.kid), ("kid_error", found.kidError),
                ("kid_floor", metrics.floor.kid),
            ]
            if let classes = model.classes {
                let right = outputs.classes.indices.filter { outputs.classes[$0] == $0 % Self.batchSize % classes }
                terms.append(("class_accuracy", Double(right.count) / Double(count)))
            }
            missing = found.classCounts.indices.filter {
                Double(found.classCounts[$0]) < Self.leastClassShare * Double(metrics.floor.classCounts[$0])
            }
        } else {
            for start in stride(from: 0, to: count, by: Self.batchSize) {
                _ = try generated.images(start..<min(start + Self.batchSize, count))
            }
        }
        let diversity = generated.variance.value / max(realVariance, .leastNormalMagnitude)
        terms += [
            ("diversity", diversity), ("real_score", try realScore(model)), ("fake_score", generated.meanScore),
        ]
        let figures = Figures(
            count: count, measure: metrics?.name ?? "no labels, so no features to measure images by", loss: nil,
            terms: terms, nats: nil, bitsPerDimension: nil, importanceSamples: nil, isExact: false, perExample: [])
        return (figures, Self.warning(diversity: diversity, missing: missing))
    }

    private static func variance(of images: ImageDataset) -> Double {
        var variance = PixelVariance()
        let (size, scale) = (images.shape.count, images.unitScale)
        for image in 0..<images.count {
            variance.add(images.pixels[image * size..<(image + 1) * size].map { Float($0) * scale })
        }
        return variance.value
    }

    private static func warning(diversity: Double, missing: [Int]) -> TrainingWarning? {
        let advice = "train wgan-gp, set normalization=spectral, or lower the learning rate"
        if diversity < leastDiversity {
            let share = Int((diversity * 100).rounded())
            return TrainingWarning(
                kind: .modeCollapse,
                text: "mode collapse: generated images vary \(share) % as much as real ones; \(advice)")
        }
        guard !missing.isEmpty else { return nil }
        let classes = missing.map(String.init).joined(separator: ", ")
        return TrainingWarning(
            kind: .modeCollapse, text: "mode collapse: hardly any image looks like class \(classes); \(advice)")
    }

    /// The mean score of test images.
    private func realScore(_ model: any AdversarialModel) throws -> Double {
        let batch = BatchInput(model, count: min(Self.batchSize, test.count), levels: test.levels)
        let context = Context(isTraining: false, random: try RandomSource(key: batch.key.tensor))
        context.labels = batch.labels
        let function = try CompiledFunction(
            on: device, results: [model.scores(batch.images() * 2 - 1, context)])
        let some = try test.images(0..<min(count, test.count))
        var sum = 0.0
        try batch.key.set(RandomUse.evaluation.key(seed: Self.seed, 0), on: device)
        try batch.forEach(of: some, on: device) { _, valid in
            try function.run()
            sum += try function.floats().prefix(valid).reduce(0.0) { $0 + Double($1) }
        }
        return sum / Double(some.count)
    }
}

/// Generated images, batch by batch, with what is gathered on the way.
private struct Generation {
    private(set) var variance = PixelVariance()
    private var scores = 0.0
    private var count = 0
    private let function: CompiledFunction
    private let key = Argument([2], dtype: .int32)
    private let size: Int
    private let seed: UInt64
    private let device: any Device

    /// Image i of a batch is of class i modulo the number of classes, for a model with classes.
    init(of model: any AdversarialModel, batch: Int, seed: UInt64, on device: any Device) throws {
        self.device = device
        self.seed = seed
        size = model.images.dimensions
        let context = Context(isTraining: false, random: try RandomSource(key: key.tensor))
        context.labels = try model.turnLabels(count: batch)
        let images = try model.samples(batch, drawingPixels: false, context)
        function = try CompiledFunction(on: device, results: [images, model.scores(images * 2 - 1, context)])
    }

    /// Images `range`, which begins at a multiple of the batch.
    mutating func images(_ range: Range<Int>) throws -> [Float] {
        try key.set(RandomUse.sampling.key(seed: seed, range.lowerBound), on: device)
        try function.run()
        let images = try function.floats(0).prefix(range.count * size)
        for image in range.indices {
            let start = (image - range.lowerBound) * size
            variance.add(images[start..<start + size])
        }
        scores += try function.floats(1).prefix(range.count).reduce(0.0) { $0 + Double($1) }
        count += range.count
        return Array(images)
    }

    var meanScore: Double { scores / Double(max(count, 1)) }
}

/// The variance of a pixel over images, summed over the pixels.
private struct PixelVariance {
    private var sums: [Double] = []
    private var squares: [Double] = []
    private var count = 0.0

    mutating func add(_ image: some Collection<Float>) {
        if sums.isEmpty {
            sums = [Double](repeating: 0, count: image.count)
            squares = sums
        }
        for (pixel, value) in image.enumerated() {
            sums[pixel] += Double(value)
            squares[pixel] += Double(value) * Double(value)
        }
        count += 1
    }

    var value: Double {
        // Rounding may leave a little less than nothing of images that are all the same.
        max(0, zip(sums, squares).reduce(0) { $0 + $1.1 / count - ($1.0 / count) * ($1.0 / count) })
    }
}
