import Datasets

/// The kernel distance of two sets of features, KID (Bińkowski et al. 2018): the squared maximum mean discrepancy with
/// the kernel `k(x, y) = (x · y / d + 1)³` of d features.
///
/// The estimate is unbiased whatever the number of images: of two sets of one distribution it is near zero, above or
/// below.
public struct KernelDistance: Sendable, Hashable {
    /// The mean over the subsets.
    public let mean: Double
    /// The standard error of the mean: the deviation over the subsets, divided by the root of their number.
    public let standardError: Double

    /// Images in a subset of the paper, and the most here.
    static let largestSubset = 1000
    private static let subsets = 10
    private static let seed: UInt64 = 0

    /// Compares two sets, by ten pairs of subsets that share no image, chosen by a fixed seed: of 1,000 images, or of a
    /// tenth of the smaller set where that is less.
    ///
    /// - Throws: `MetricError.tooFewImages` below four images; `.differentFeatures`.
    public init(between a: FeatureSet, and b: FeatureSet) throws {
        try a.checkComparable(with: b)
        let count = min(a.count, b.count)
        guard count >= 4 else {
            throw MetricError.tooFewImages(what: "kernel distance", expected: 4, found: count)
        }
        let subsets = min(Self.subsets, count / 2)
        let size = min(Self.largestSubset, count / subsets)
        var generator = SplitMix64(seed: Self.seed)
        let (first, second) = (generator.permutation(a.count), generator.permutation(b.count))
        let distances = (0..<subsets).map { subset in
            let range = subset * size..<(subset + 1) * size
            return Self.discrepancy(a.columns(first[range]), b.columns(second[range]))
        }
        let mean = distances.reduce(0, +) / Double(subsets)
        let squares = distances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        standardError = (squares / Double(subsets - 1) / Double(subsets)).squareRoot()
    }

    /// The unbiased estimate of the squared discrepancy of two sets of at least two (Gretton et al. 2012, equation 3).
    static func discrepancy(_ a: FeatureColumns, _ b: FeatureColumns) -> Double {
        func pairs(_ set: FeatureColumns) -> Double { Double(set.count) * Double(set.count - 1) }
        let within =
            a.kernelSum(with: a, leavesOutDiagonal: true) / pairs(a)
            + b.kernelSum(with: b, leavesOutDiagonal: true) / pairs(b)
        let across = a.kernelSum(with: b, leavesOutDiagonal: false) / (Double(a.count) * Double(b.count))
        return within - 2 * across
    }
}

/// Some images' features in Float64, feature by feature, so that products run along the images.
struct FeatureColumns {
    let count: Int
    let dimensions: Int
    /// dimensions x count, row-major.
    let values: [Double]

    /// The sum of the kernel over all pairs of an image of this set with one of the other.
    /// - Parameter leavesOutDiagonal: whether an image meets all but the one of its own place.
    func kernelSum(with other: FeatureColumns, leavesOutDiagonal: Bool) -> Double {
        var sum = 0.0
        var row = [Double](repeating: 0, count: other.count)
        for image in 0..<count {
            for j in row.indices { row[j] = 1 }
            for feature in 0..<dimensions {
                let x = values[feature * count + image] / Double(dimensions)
                let start = feature * other.count
                row.withUnsafeMutableBufferPointer { row in
                    other.values.withUnsafeBufferPointer { values in
                        for j in row.indices { row[j] += x * values[start + j] }
                    }
                }
            }
            if leavesOutDiagonal { row[image] = 0 }
            for value in row { sum += value * value * value }
        }
        return sum
    }
}

extension FeatureSet {
    /// The features of the images of these numbers.
    func columns(_ images: ArraySlice<Int>) -> FeatureColumns {
        var columns: [Double] = []
        columns.reserveCapacity(images.count * dimensions)
        for feature in 0..<dimensions {
            for image in images { columns.append(Double(values[image * dimensions + feature])) }
        }
        return FeatureColumns(count: images.count, dimensions: dimensions, values: columns)
    }
}
