/// The features of some images, as many numbers for each.
public struct FeatureSet: Sendable, Equatable {
    /// The number of images.
    public let count: Int
    /// The number of features of an image.
    public let dimensions: Int
    /// All features: count x dimensions, row-major.
    public let values: [Float]

    /// - Parameter values: images x dimensions, row-major; the number of images follows from the size.
    /// - Throws: `MetricError.wrongSize` where an image is not whole; `.notFinite`.
    public init(_ values: [Float], dimensions: Int) throws {
        guard dimensions >= 1, values.count.isMultiple(of: dimensions) else {
            throw MetricError.wrongSize(expected: "a multiple of \(dimensions)", found: values.count)
        }
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw MetricError.notFinite(image: place / dimensions)
        }
        self.values = values
        self.dimensions = dimensions
        count = values.count / dimensions
    }

    /// - Throws: `MetricError.differentFeatures`.
    func checkComparable(with other: FeatureSet) throws {
        guard other.dimensions == dimensions else {
            throw MetricError.differentFeatures(expected: dimensions, found: other.dimensions)
        }
    }
}
