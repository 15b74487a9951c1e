/// Mean and covariance of features, in Float64.
public struct FeatureMoments: Sendable, Equatable {
    /// [dimensions].
    package let mean: [Double]
    /// [dimensions, dimensions].
    package let covariance: SymmetricMatrix

    /// Moments that are known.
    package init(mean: [Double], covariance: SymmetricMatrix) {
        self.mean = mean
        self.covariance = covariance
    }

    /// The moments of a set, the covariance divided by one less than the number of images.
    ///
    /// - Throws: `MetricError.tooFewImages` below two images.
    public init(_ set: FeatureSet) throws {
        guard set.count >= 2 else {
            throw MetricError.tooFewImages(what: "covariance", expected: 2, found: set.count)
        }
        let size = set.dimensions
        var mean = [Double](repeating: 0, count: size)
        for (place, value) in set.values.enumerated() { mean[place % size] += Double(value) }
        for k in 0..<size { mean[k] /= Double(set.count) }

        var products = [Double](repeating: 0, count: size * size)
        var deviation = [Double](repeating: 0, count: size)
        for image in 0..<set.count {
            for k in 0..<size { deviation[k] = Double(set.values[image * size + k]) - mean[k] }
            for row in 0..<size {
                for column in 0...row { products[row * size + column] += deviation[row] * deviation[column] }
            }
        }
        let divisor = Double(set.count - 1)
        self.init(mean: mean, covariance: SymmetricMatrix(size) { products[$0 * size + $1] / divisor })
    }
}
