/// A set of equally large images in memory, as whole numbers, with or without labels.
///
/// Pixels are kept as the levels of the source (0 to 255, or 0 to 16 for the digits), so that likelihoods over levels
/// stay exact; `unitScale` brings a pixel to 0...1.
public struct ImageDataset: Sendable {
    /// What the set is called, in messages and reports.
    public let name: String
    /// The number of images.
    public let count: Int
    /// The shape of each image.
    public let shape: ImageShape
    /// Pixels are in `0..<levels`; 256 for 8-bit images, 17 for the digits.
    public let levels: Int
    /// All pixels: count x height x width x channels, row-major.
    public let pixels: [UInt8]
    /// One class number an image, or nil.
    public let labels: [UInt8]?
    /// What the class numbers stand for, or nil.
    public let classNames: [String]?

    public var height: Int { shape.height }
    public var width: Int { shape.width }
    public var channels: Int { shape.channels }
    /// The factor from a pixel to 0...1: 1 / (levels - 1).
    public var unitScale: Float { 1 / Float(levels - 1) }

    /// The most bytes of pixels that a reader takes into memory: 32 GiB.
    public static let maximumBytes = 32 << 30

    /// A set from its parts.
    ///
    /// - Parameters:
    ///   - pixels: count x height x width x channels, row-major, each below `levels`; the count follows from the size.
    ///   - labels: as many as images.
    ///   - classNames: more than the largest label.
    /// - Throws: `DatasetError.invalidArgument` where the parts do not fit together.
    public init(
        name: String, shape: ImageShape, levels: Int = 256, pixels: [UInt8], labels: [UInt8]? = nil,
        classNames: [String]? = nil
    ) throws {
        guard shape.isReasonable else {
            throw DatasetError.invalidArgument(
                name: "shape of \(name)", expected: ImageShape.reasonable, found: "\(shape)")
        }
        guard (2...256).contains(levels) else {
            throw DatasetError.invalidArgument(name: "levels of \(name)", expected: "2 to 256", found: "\(levels)")
        }
        guard pixels.count.isMultiple(of: shape.count) else {
            throw DatasetError.invalidArgument(
                name: "pixels of \(name)", expected: "a multiple of \(shape.count) (\(shape))",
                found: "\(pixels.count)")
        }
        if levels < 256, let largest = pixels.max(), Int(largest) >= levels {
            throw DatasetError.invalidArgument(
                name: "pixels of \(name)", expected: "values below \(levels)", found: "\(largest)")
        }
        let count = pixels.count / shape.count
        if let labels, labels.count != count {
            throw DatasetError.invalidArgument(
                name: "labels of \(name)", expected: "\(count), one an image", found: "\(labels.count)")
        }
        if let classNames, let largest = labels?.max(), Int(largest) >= classNames.count {
            throw DatasetError.invalidArgument(
                name: "classNames of \(name)", expected: "more than \(largest), the largest label",
                found: "\(classNames.count)")
        }
        self.init(
            name: name, count: count, shape: shape, levels: levels, pixels: pixels, labels: labels,
            classNames: classNames)
    }

    /// A set from parts that are known to fit.
    private init(
        name: String, count: Int, shape: ImageShape, levels: Int, pixels: [UInt8], labels: [UInt8]?,
        classNames: [String]?
    ) {
        self.name = name
        self.count = count
        self.shape = shape
        self.levels = levels
        self.pixels = pixels
        self.labels = labels
        self.classNames = classNames
    }
}

// MARK: - Choosing

extension ImageDataset {
    /// The images of `range`, in order.
    ///
    /// - Throws: `DatasetError.invalidArgument` where the range leaves `0..<count`.
    public func images(_ range: Range<Int>) throws -> ImageDataset {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw DatasetError.invalidArgument(
                name: "range of images", expected: "within 0..<\(count)", found: "\(range)")
        }
        let bytes = range.lowerBound * shape.count..<range.upperBound * shape.count
        return ImageDataset(
            name: name, count: range.count, shape: shape, levels: levels, pixels: Array(pixels[bytes]),
            labels: labels.map { Array($0[range]) }, classNames: classNames)
    }

    /// The images of these numbers, in this order; a number may come more than once.
    ///
    /// - Throws: `DatasetError.invalidArgument` where a number leaves `0..<count`.
    public func images(at indices: some Collection<Int>) throws -> ImageDataset {
        let batch = try batch(indices)
        return ImageDataset(
            name: name, count: batch.count, shape: shape, levels: levels, pixels: batch.pixels, labels: batch.labels,
            classNames: classNames)
    }

    /// Two parts by a seeded shuffle: the last `test` images of the shuffled order are the test part.
    ///
    /// The order is that of `SplitMix64.permutation`, the same on every machine.
    ///
    /// - Throws: `DatasetError.invalidArgument` where `test` leaves `0...count`.
    public func split(test: Int, seed: UInt64) throws -> DatasetSplits {
        guard (0...count).contains(test) else {
            throw DatasetError.invalidArgument(name: "test images", expected: "0 to \(count)", found: "\(test)")
        }
        var generator = SplitMix64(seed: seed)
        let order = generator.permutation(count)
        return try DatasetSplits(
            train: images(at: order.prefix(count - test)), test: images(at: order.suffix(test)))
    }

    /// The same images with other pixels of as many values, for a change of levels.
    func replacingPixels(_ pixels: [UInt8], levels: Int) throws -> ImageDataset {
        try ImageDataset(
            name: name, shape: shape, levels: levels, pixels: pixels, labels: labels, classNames: classNames)
    }
}
