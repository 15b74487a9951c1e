import Compute
import Datasets

/// Measures generated images against a data set: FID and KID on the features of a classifier of its labels, and beside
/// them the floor, which is what other real images get.
///
///     let metrics = try ImageMetrics(data, on: device)
///     let distances = try metrics.distances { numbers in try generate(numbers.count) }
///     print(metrics.name, distances.fid, "floor", metrics.floor.fid)
///
/// The reference are up to 10,000 training images, a fixed random choice. The floor is the distance of test images from
/// the same reference. A generator that repeats training images comes below it.
public struct ImageMetrics {
    /// Training images that others are compared with, at most.
    static let largestReference = 10_000
    private static let seed: UInt64 = 0

    public let classifier: FeatureClassifier
    /// Training images that others are compared with.
    public var referenceCount: Int { reference.count }
    /// The distances of test images, as many as `count`.
    public let floor: ImageDistances
    private let reference: FeatureSet
    private let moments: FeatureMoments

    /// What the figures are of, for reports.
    public var name: String { classifier.name }
    /// The number of images to measure, so that the floor is comparable.
    public var count: Int { floor.count }

    /// Trains or loads the classifier and measures the floor.
    ///
    /// - Parameters:
    ///   - data: a training part with labels, and a test part.
    ///   - count: images to measure, at most as many as there are test images.
    ///   - willTrain: called before the classifier is trained, which may take some seconds.
    /// - Throws: `TrainingError.dataMismatch` for data without labels of two or more classes; `MetricError.tooFewImages`
    ///   below four images in a part or in `count`; what the device throws.
    public init(
        _ data: DatasetSplits, on device: any Device, count: Int = 10_000, willTrain: () throws -> Void = {}
    ) throws {
        try self.init(data, on: device, count: count, cache: .standard, willTrain: willTrain)
    }

    package init(
        _ data: DatasetSplits, on device: any Device, count: Int = 10_000, cache: ClassifierCache,
        willTrain: () throws -> Void = {}
    ) throws {
        let classifier = try FeatureClassifier(of: data.train, on: device, cache: cache, willTrain: willTrain)
        // Sets may be sorted by class, so that a part of one is drawn.
        func outputs(of set: ImageDataset, atMost count: Int) throws -> FeatureClassifier.Outputs {
            var generator = SplitMix64(seed: Self.seed)
            return try classifier.outputs(of: set.images(at: generator.permutation(set.count).prefix(max(0, count))))
        }
        self.classifier = classifier
        reference = try outputs(of: data.train, atMost: Self.largestReference).features
        moments = try FeatureMoments(reference)
        floor = try Self.distances(
            of: outputs(of: data.test, atMost: count), reference: reference, moments: moments,
            classes: classifier.classes)
    }

    /// The distances of images that are made in batches: of 10,000 images no more than 200 need be in memory.
    ///
    /// - Parameters:
    ///   - count: of the images; as many as the floor has by default.
    ///   - images: gives the images of these numbers: count x height x width x channels, row-major, in 0...1.
    /// - Throws: `MetricError`; what `images` and the device throw.
    public func distances(
        count: Int? = nil, of images: (Range<Int>) throws -> [Float]
    ) throws -> ImageDistances {
        try distances(of: classifier.outputs(count: count ?? self.count, images))
    }

    /// The distances of images in memory.
    ///
    /// - Parameter images: count x height x width x channels, row-major, in 0...1, used as they are.
    /// - Throws: `MetricError`; what the device throws.
    public func distances(of images: [Float]) throws -> ImageDistances {
        try distances(of: classifier.outputs(of: images))
    }

    /// The distances of images that the classifier has seen.
    ///
    /// - Throws: `MetricError`.
    public func distances(of outputs: FeatureClassifier.Outputs) throws -> ImageDistances {
        try Self.distances(of: outputs, reference: reference, moments: moments, classes: classifier.classes)
    }

    private static func distances(
        of outputs: FeatureClassifier.Outputs, reference: FeatureSet, moments: FeatureMoments, classes: Int
    ) throws -> ImageDistances {
        let kernel = try KernelDistance(between: outputs.features, and: reference)
        var counts = [Int](repeating: 0, count: classes)
        for label in outputs.classes { counts[label] += 1 }
        return ImageDistances(
            count: outputs.features.count,
            fid: try FrechetDistance.between(FeatureMoments(outputs.features), moments),
            kid: kernel.mean, kidError: kernel.standardError, classCounts: counts)
    }
}
