/// The distribution of a pixel that takes each of its levels with a probability of its own.
func pixelHead(_ images: ImageSpace) -> any PixelHead {
    images.levels == 2
        ? BernoulliHead(channels: images.channels) : CategoricalHead(levels: images.levels, channels: images.channels)
}

extension ImageSpace {
    /// Checks that there are enough features for every channel to have some of its own.
    /// - Throws: `ModelError.badOption`.
    func requireFeatures(_ hidden: Int) throws {
        guard hidden >= channels else {
            throw ModelError.badOption(
                key: "hidden", expected: "at least \(channels), the channels of the images", found: String(hidden))
        }
    }
}
