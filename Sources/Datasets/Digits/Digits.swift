import Foundation

/// The handwritten digits that are built into the library: 1,797 images of 8x8 with 17 levels, and their labels.
///
/// From E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
/// the test part; licensed under CC BY 4.0. Changes: the numbers are the source's, kept in another form.
public enum Digits {
    /// The credit that the licence asks for.
    public static let credit =
        "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, "
        + "UCI Machine Learning Repository, 1998, test part (CC BY 4.0)"

    /// The images in the order of the source.
    public static let imageCount = 1_797
    /// The first images, which are the training part.
    public static let trainCount = 1_500
    static let shape = ImageShape(height: 8, width: 8, channels: 1)
    static let levels = 17

    /// The digits in a fixed split: the first 1,500 images for training, the last 297 for tests.
    ///
    /// - Throws: `DatasetError.corrupt` if the library itself is damaged.
    public static func load() throws -> DatasetSplits {
        let source = "built-in digits"
        guard let compressed = Data(base64Encoded: payload) else {
            throw DatasetError.corrupt(path: source, reason: "not base64")
        }
        let bytes = try Inflater.inflate(
            Array(compressed), size: imageCount * (shape.count + 1), format: .zlib, path: source)
        var pixels = [UInt8](repeating: 0, count: imageCount * shape.count)
        for place in 0..<shape.count {
            for image in 0..<imageCount {
                pixels[image * shape.count + place] = bytes[place * imageCount + image]
            }
        }
        let all = try ImageDataset(
            name: "digits", shape: shape, levels: levels, pixels: pixels,
            labels: Array(bytes[(imageCount * shape.count)...]), classNames: (0..<10).map(String.init))
        return try DatasetSplits(
            train: all.images(0..<trainCount), test: all.images(trainCount..<imageCount))
    }
}
