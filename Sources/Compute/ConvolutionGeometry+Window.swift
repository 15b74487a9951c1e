extension ConvolutionGeometry {
    /// One tap, each pixel's own: a product over all pixels.
    package var isPointwise: Bool {
        taps == [.init(dy: 0, dx: 0)] && strideY == 1 && strideX == 1 && outputHeight == height && outputWidth == width
    }

    /// One output pixel, and a tap for every pixel of the image, in the order of both: a product over all images.
    package var isWholeImage: Bool {
        outputHeight == 1 && outputWidth == 1 && taps.count == height * width
            && taps.enumerated().allSatisfy { $1.dy == $0 / width && $1.dx == $0 % width }
    }

    /// Whether no line of the result sees a line of the image below its own, as in networks that are sampled pixel by
    /// pixel.
    package func isCausal(_ kind: ConvolutionStep.Kind) -> Bool {
        switch kind {
        case .forward: taps.allSatisfy { $0.dy <= 0 }
        case .inputGradient: taps.allSatisfy { $0.dy >= 0 }
        case .weightGradient: false
        }
    }
}
