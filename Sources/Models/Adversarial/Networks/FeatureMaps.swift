import Tensors

/// The sizes of a convolutional network's maps: each is half the one before, an odd extent rounded up, from the image's own
/// size down to the smallest of at least 4.
struct FeatureMaps {
    /// Heights and widths, the image's first.
    let sizes: [(height: Int, width: Int)]

    /// - Throws: `ModelError.badImages` for images that are too small to be halved once.
    init(_ images: ImageSpace) throws {
        var sizes = [(height: images.height, width: images.width)]
        while let last = sizes.last, min(last.height, last.width) >= 7 {
            sizes.append(((last.height + 1) / 2, (last.width + 1) / 2))
        }
        guard sizes.count >= 2 else {
            throw ModelError.badImages(
                expected: "height and width of at least 7 for convolutions that halve them",
                found: "\(images.height)x\(images.width); set network=mlp")
        }
        self.sizes = sizes
    }

    /// How often the size is halved.
    var stages: Int { sizes.count - 1 }
    var smallest: (height: Int, width: Int) { sizes[sizes.count - 1] }

    /// What halves map `stage`, and transposed doubles the next one to it: four taps along an even extent, three along an
    /// odd one.
    func window(_ stage: Int) -> ConvolutionWindow {
        func taps(_ extent: Int) -> Int { extent.isMultiple(of: 2) ? 4 : 3 }
        return ConvolutionWindow(
            kernel: (taps(sizes[stage].height), taps(sizes[stage].width)), stride: (2, 2), padding: (1, 1))
    }
}
