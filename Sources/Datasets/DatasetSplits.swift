/// The training part and the test part of one data set: images of one shape, with as many levels.
public struct DatasetSplits: Sendable {
    public let train: ImageDataset
    public let test: ImageDataset

    /// - Throws: `DatasetError.shapeMismatch` or `.invalidArgument` where the two parts differ in shape or levels.
    public init(train: ImageDataset, test: ImageDataset) throws {
        guard train.shape == test.shape else {
            throw DatasetError.shapeMismatch(
                path: "\(test.name), test part", expected: train.shape, found: test.shape)
        }
        guard train.levels == test.levels else {
            throw DatasetError.invalidArgument(
                name: "levels of \(test.name), test part", expected: "\(train.levels), as the training part",
                found: "\(test.levels)")
        }
        self.train = train
        self.test = test
    }

    /// The same change made to both parts.
    public func map(_ transform: (ImageDataset) throws -> ImageDataset) throws -> DatasetSplits {
        try DatasetSplits(train: transform(train), test: transform(test))
    }
}
