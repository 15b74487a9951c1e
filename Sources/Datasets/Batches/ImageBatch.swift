/// Some images of a set, gathered into one buffer ready for upload.
public struct ImageBatch: Sendable, Equatable {
    /// The numbers of the images in their set.
    public let indices: [Int]
    /// Batch x height x width x channels, row-major.
    public let pixels: [UInt8]
    /// One class number an image, or nil where the set has none.
    public let labels: [UInt8]?

    /// The number of images.
    public var count: Int { indices.count }
}

extension ImageDataset {
    /// Gathers the images of these numbers, in this order.
    ///
    /// - Throws: `DatasetError.invalidArgument` where a number leaves `0..<count`.
    public func batch(_ indices: some Collection<Int>) throws -> ImageBatch {
        for index in indices where !(0..<count).contains(index) {
            throw DatasetError.invalidArgument(
                name: "image number of \(name)", expected: "within 0..<\(count)", found: "\(index)")
        }
        let size = shape.count
        var gathered: [UInt8] = []
        gathered.reserveCapacity(indices.count * size)
        for index in indices {
            gathered.append(contentsOf: pixels[index * size..<(index + 1) * size])
        }
        return ImageBatch(
            indices: Array(indices), pixels: gathered, labels: labels.map { all in indices.map { all[$0] } })
    }
}
