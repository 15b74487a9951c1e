/// What the images of a model look like: their size, and how many values a pixel can take.
public struct ImageSpace: Hashable, Sendable, Codable {
    public let height: Int
    public let width: Int
    public let channels: Int
    /// A pixel is one of `0 ..< levels`; on the device it is `pixel / (levels - 1)`, in 0...1.
    public let levels: Int

    /// - Throws: `ModelError.badImages` where an extent is below 1, or `levels` is outside 2...256.
    public init(height: Int, width: Int, channels: Int, levels: Int = 256) throws {
        guard height >= 1, width >= 1, channels >= 1, (2...256).contains(levels) else {
            throw ModelError.badImages(
                expected: "extents of at least 1 and 2 to 256 levels",
                found: "\(height)x\(width)x\(channels) with \(levels) levels")
        }
        self.height = height
        self.width = width
        self.channels = channels
        self.levels = levels
    }

    /// The same images with fewer levels a pixel; nil keeps them.
    /// - Throws: `ModelError.badImages` where there are fewer already.
    public func reduced(toLevels newLevels: Int?) throws -> ImageSpace {
        guard let newLevels else { return self }
        guard newLevels <= levels else {
            throw ModelError.badImages(expected: "at least \(newLevels) levels", found: "\(levels)")
        }
        return try ImageSpace(height: height, width: width, channels: channels, levels: newLevels)
    }

    /// Values in one image: height x width x channels, the D of the literature.
    public var dimensions: Int { height * width * channels }

    /// The shape of a batch of `count` images: [count, height, width, channels].
    public func batchShape(_ count: Int) -> [Int] { [count, height, width, channels] }

    /// Nats per image as bits per dimension: nats / (D ln 2).
    public func bitsPerDimension(nats: Double) -> Double { nats / (Double(dimensions) * 0.693_147_180_559_945_3) }
}
