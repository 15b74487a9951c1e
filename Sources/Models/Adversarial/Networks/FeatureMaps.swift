/// The sizes of a convolutional network's maps, each half the one before: from the image's own size down to the smallest
/// of at least 4 that halving reaches without a rest.
struct FeatureMaps {
    /// Heights and widths, the image's first.
    let sizes: [(height: Int, width: Int)]

    /// - Throws: `ModelError.badImages` where the size cannot be halved once.
    init(_ images: ImageSpace) throws {
        var sizes = [(height: images.height, width: images.width)]
        while let last = sizes.last, last.height % 2 == 0, last.width % 2 == 0, min(last.height, last.width) >= 8 {
            sizes.append((last.height / 2, last.width / 2))
        }
        guard sizes.count >= 2 else {
            throw ModelError.badImages(
                expected: "even height and width of at least 8 for convolutions that halve them",
                found: "\(images.height)x\(images.width); set network=mlp")
        }
        self.sizes = sizes
    }

    /// How often the size is halved.
    var stages: Int { sizes.count - 1 }
    var smallest: (height: Int, width: Int) { sizes[sizes.count - 1] }
}
