import Compute
import Datasets
import Foundation
import Layers
import Tensors

/// A small convolutional classifier of a data set's own labels, whose last hidden layer measures images: its 64
/// activations, scaled to a mean square of one over training images, are the features of `ImageMetrics`.
///
/// It is trained once by a fixed recipe, then frozen and kept on disk (`ClassifierCache`). Another device
/// rounds otherwise and would train slightly different weights: figures are comparable with the same file, which the
/// hash in `name` tells, and never with those of Inception features.
public final class FeatureClassifier {
    /// Features of an image.
    public static let features = FeatureNetwork.features
    /// Images in a batch on the device.
    static let batchSize = 200

    /// What the features are, for reports: the data, and the first digits of a SHA-256 of the weights.
    public let name: String
    /// The number of classes: one more than the largest label.
    public let classes: Int
    /// The shape of the images.
    public let shape: ImageShape
    /// Whether the weights come from the cache.
    public let isFromCache: Bool
    private let device: any Device
    private let images: Argument
    private let function: CompiledFunction

    /// Images as the classifier sees them.
    public struct Outputs: Sendable {
        /// [images, 64].
        public let features: FeatureSet
        /// The class of the highest score, one an image.
        public let classes: [Int]
    }

    /// Trains the classifier of a set, or loads it where that has been done before.
    ///
    /// - Parameter willTrain: called before training, which may take some seconds.
    /// - Throws: `TrainingError.dataMismatch` for images without labels of two or more classes; `.notFinite` where
    ///   training goes astray; what the device throws. A cache that cannot be used is no error.
    public convenience init(
        of set: ImageDataset, on device: any Device, willTrain: () throws -> Void = {}
    ) throws {
        try self.init(of: set, on: device, cache: .standard, willTrain: willTrain)
    }

    package init(
        of set: ImageDataset, on device: any Device, cache: ClassifierCache, willTrain: () throws -> Void = {}
    ) throws {
        guard let labels = set.labels, let largest = labels.max(), Set(labels).count >= 2 else {
            throw TrainingError.dataMismatch(
                name: set.name,
                expected: "labels of 2 or more classes for the classifier whose features measure images",
                found: set.labels == nil ? "without labels" : "of \(Set(set.labels ?? []).count) classes")
        }
        classes = Int(largest) + 1
        shape = set.shape
        self.device = device
        let network = try FeatureNetwork(shape, classes: classes)
        let store = try ParameterStore(network, on: device, seed: ClassifierTraining.seed)
        let key = cache.key(set, labels: labels, recipe: ClassifierTraining.recipe)
        isFromCache = cache.read(key, into: store)
        if !isFromCache {
            try willTrain()
            try ClassifierTraining.train(network, store, on: set)
        }
        let weights = try store.weights(metadata: [:])
        guard weights.tensors.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
            throw TrainingError.notFinite(
                what: "a weight of the classifier of \(set.name)", step: ClassifierTraining.steps,
                learningRate: ClassifierTraining.initialRate)
        }
        if !isFromCache { cache.write(weights, as: key) }
        let hash = ClassifierCache.checksum(weights.tensors).prefix(8)
        name = "features of a \(Self.features)-feature classifier of \(set.name) (hash \(hash)), not Inception"

        images = Argument([Self.batchSize, shape.height, shape.width, shape.channels])
        let result = try network(images.tensor, Context())
        function = try CompiledFunction(on: device, results: [result.features, result.scores])
    }

    /// What the classifier makes of images, asked for in batches so that they need not be in memory at once.
    ///
    /// - Parameters:
    ///   - count: of the images.
    ///   - images: gives the images of these numbers: count x height x width x channels, row-major, in 0...1.
    /// - Throws: `MetricError.wrongSize`, `.notFinite`; what `images` and the device throw.
    public func outputs(count: Int, _ images: (Range<Int>) throws -> [Float]) throws -> Outputs {
        var features: [Float] = []
        var predictions: [Int] = []
        for start in stride(from: 0, to: count, by: Self.batchSize) {
            let range = start..<min(start + Self.batchSize, count)
            var batch = try images(range)
            guard batch.count == range.count * shape.count else {
                throw MetricError.wrongSize(expected: "\(range.count) x \(shape)", found: batch.count)
            }
            batch += [Float](repeating: 0, count: (Self.batchSize - range.count) * shape.count)
            try self.images.set(batch, on: device)
            try function.run()
            features += try function.floats(0).prefix(range.count * Self.features)
            let scores = try function.floats(1)
            predictions += range.indices.map { image in
                let row = scores[(image - start) * classes..<(image - start + 1) * classes]
                return row.indices.reduce(row.startIndex) { row[$1] > row[$0] ? $1 : $0 } - row.startIndex
            }
        }
        return Outputs(features: try FeatureSet(features, dimensions: Self.features), classes: predictions)
    }

    /// The same for images in memory.
    ///
    /// - Parameter images: count x height x width x channels, row-major, in 0...1; the count follows from the size.
    /// - Throws: `MetricError.wrongSize`, `.notFinite`; what the device throws.
    public func outputs(of images: [Float]) throws -> Outputs {
        let size = shape.count
        guard images.count.isMultiple(of: size) else {
            throw MetricError.wrongSize(expected: "a multiple of \(shape)", found: images.count)
        }
        return try outputs(count: images.count / size) { Array(images[$0.lowerBound * size..<$0.upperBound * size]) }
    }

    /// The same for the images of a set, whose levels are brought to 0...1.
    ///
    /// - Throws: `MetricError.wrongSize` for images of another shape; what the device throws.
    public func outputs(of set: ImageDataset) throws -> Outputs {
        guard set.shape == shape else {
            throw MetricError.wrongSize(expected: "images of \(shape)", found: set.shape.count)
        }
        let (size, scale) = (set.shape.count, set.unitScale)
        return try outputs(count: set.count) { range in
            set.pixels[range.lowerBound * size..<range.upperBound * size].map { Float($0) * scale }
        }
    }

    /// The class that each image is taken for; with the classes that a conditional model was asked for, the share that
    /// is recognised.
    ///
    /// - Parameter images: count x height x width x channels, row-major, in 0...1.
    /// - Throws: `MetricError.wrongSize`, `.notFinite`; what the device throws.
    public func predictions(of images: [Float]) throws -> [Int] { try outputs(of: images).classes }

    /// The share of a set's images that are recognised.
    ///
    /// - Throws: `TrainingError.dataMismatch` for a set without labels or images; what the device throws.
    public func accuracy(on set: ImageDataset) throws -> Double {
        guard let labels = set.labels, set.count >= 1 else {
            throw TrainingError.dataMismatch(name: set.name, expected: "images with labels", found: "without")
        }
        let right = zip(try outputs(of: set).classes, labels).reduce(0) { $0 + ($1.0 == Int($1.1) ? 1 : 0) }
        return Double(right) / Double(set.count)
    }
}
