/// What can be wrong with images that are to be measured.
public enum MetricError: Error, Hashable, Sendable {
    /// Too few images for a covariance and for a standard error.
    case tooFewImages(what: String, expected: Int, found: Int)
    /// Another number of values than that of whole images of the shape.
    case wrongSize(expected: String, found: Int)
    /// An image whose features are infinite or not numbers.
    case notFinite(image: Int)
    /// Features of two classifiers.
    case differentFeatures(expected: Int, found: Int)
}

extension MetricError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooFewImages(let what, let expected, let found):
            "\(what): expected at least \(expected) images, found \(found); give more"
        case .wrongSize(let expected, let found):
            "images to measure: expected \(expected) values, found \(found); give whole images of the data's shape"
        case .notFinite(let image):
            "image \(image) to measure has features that are infinite or not numbers; look for NaN in what generated it"
        case .differentFeatures(let expected, let found):
            "features: expected \(expected) an image, found \(found); use one classifier for both sets"
        }
    }
}
