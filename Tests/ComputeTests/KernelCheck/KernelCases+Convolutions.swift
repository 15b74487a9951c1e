import Compute

extension KernelCases {
    private typealias Kind = ConvolutionStep.Kind

    static func convolutions(_ shape: OpenCLFixture.Shape) -> [Case] {
        let square = OpenCLConvolutionTests.taps(3, 3, from: -1, -1)
        let few = geometry(2, (4, 5), (3, 5), (4, 5), square)
        let wide = geometry(1, (3, 4), (5, 18), (3, 4), square)
        let strided = geometry(1, (5, 6), (19, 18), (3, 3), square, strides: (2, 2))
        // Small images in a batch: tiles go through them image by image.
        let batch = geometry(9, (2, 2), (17, 5), (2, 2), square)
        let wideBatch = geometry(9, (2, 2), (3, 17), (2, 2), square)
        var cases = [
            convolution(.forward, few), convolution(.forward, wide, .channels), convolution(.forward, strided),
            convolution(.forward, batch, .channels), convolution(.forward, wideBatch),
            convolution(.inputGradient, few, .channels),
            convolution(.inputGradient, strided), convolution(.inputGradient, batch),
            convolution(.weightGradient, few), convolution(.weightGradient, wide, .elements),
            convolution(.weightGradient, strided, .channels), convolution(.weightGradient, batch),
        ]
        // Gradients collected from products: with an epilogue of elements and one of channels, and taps in no order.
        let collected = geometry(
            2, (6, 6), (3, 32), (3, 3), OpenCLConvolutionTests.taps(4, 4, from: -1, -1), strides: (2, 2))
        cases += [
            convolution(.inputGradient, collected, .elements), convolution(.inputGradient, collected, .channels),
            convolution(.inputGradient, OpenCLConvolutionTests.fewChannels[3], .channels),
            convolution(.inputGradient, OpenCLConvolutionTests.wholeImages[0], .elements),
        ]
        switch shape {
        case .cpu:
            let pair = OpenCLConvolutionTests.taps(1, 2, from: 0, -1)
            cases.append(
                convolution(.forward, geometry(1, (2, 2), (2, 130), (2, 2), Array(square.prefix(5))), .channels))
            let packed = geometry(2, (3, 5), (7, 130), (2, 3), square, strides: (2, 2))
            cases.append(convolution(.weightGradient, packed, .channels))
            // Pixels for items that go through all channels, with weights copied and not.
            cases += [
                convolution(.forward, geometry(1, (10, 10), (2, 18), (10, 10), square), .channels),
                convolution(.inputGradient, geometry(1, (10, 10), (18, 2), (10, 10), square), .channels),
                convolution(.forward, geometry(1, (64, 65), (1, 17), (64, 65), pair)),
            ]
            // More than 1024 pixels: gradients of weights are split. Of some and of few channels, to many and to few.
            for channels in [(4, 17), (1, 17), (4, 3), (1, 3)] {
                let large = geometry(1, (32, 33), channels, (32, 33), pair)
                cases += [convolution(.weightGradient, large, .elements), weightGradientWithSums(large)]
            }
            // Images of many channels: fewer multiplications than taps.
            let halved = geometry(
                2, (22, 22), (32, 32), (11, 11), OpenCLConvolutionTests.taps(4, 4, from: -1, -1), strides: (2, 2))
            let masked = geometry(2, (12, 12), (32, 48), (12, 12), Array(square.prefix(5)))
            cases += [
                convolution(.forward, halved, .channels), convolution(.inputGradient, halved, .elements),
                convolution(.weightGradient, halved, .channels), convolution(.inputGradient, masked),
                convolution(.weightGradient, masked, .elements), weightGradientWithSums(masked),
            ]
            let larger = geometry(
                4, (32, 32), (32, 32), (16, 16), OpenCLConvolutionTests.taps(4, 4, from: -1, -1), strides: (2, 2))
            let dense = geometry(1, (32, 31), (32, 48), (32, 31), square)
            // So many tiles that the weights are transformed before.
            let many = geometry(1, (128, 125), (32, 32), (128, 125), square)
            let inLargeTiles = [
                convolution(.forward, many, .channels), convolution(.inputGradient, many, .elements),
                convolution(.forward, dense, .channels), convolution(.inputGradient, larger, .elements),
                convolution(.weightGradient, dense, .channels), weightGradientWithSums(dense),
            ]
            cases += inLargeTiles.map(OpenCLConvolutionTests.inLargeTiles)
        case .gpu:
            let point = OpenCLConvolutionTests.taps(1, 1, from: 0, 0)
            // One group: split over the depth, with wide and narrow tiles; then two groups of each larger tile.
            let deep = geometry(1, (3, 3), (20, 20), (3, 3), square)
            let deepNarrow = geometry(1, (3, 3), (20, 5), (3, 3), square)
            let deepStrided = geometry(1, (4, 4), (4, 70), (2, 2), square, strides: (2, 2))
            cases += [
                convolution(.forward, deep, .channels), convolution(.forward, deepNarrow),
                convolution(.inputGradient, deep, .channels), convolution(.inputGradient, deepStrided),
                convolution(.weightGradient, geometry(1, (13, 10), (4, 17), (13, 10), point), .elements),
                convolution(.weightGradient, geometry(1, (13, 10), (2, 3), (13, 10), point)),
                convolution(.forward, geometry(1, (13, 10), (2, 5), (13, 10), point)),
                convolution(.forward, geometry(1, (7, 10), (2, 34), (7, 10), point), .channels),
                convolution(.forward, geometry(1, (17, 10), (1, 66), (17, 10), point)),
                convolution(.inputGradient, geometry(1, (17, 10), (66, 1), (17, 10), point)),
                convolution(.weightGradient, geometry(1, (3, 3), (170, 66), (3, 3), point)),
                // With sums of channels: split, with wide and narrow tiles, then each tile.
                weightGradientWithSums(geometry(1, (13, 10), (4, 30), (13, 10), point)),
                weightGradientWithSums(geometry(1, (13, 10), (2, 3), (13, 10), point)),
                weightGradientWithSums(geometry(1, (4, 5), (60, 5), (4, 5), square)),
                weightGradientWithSums(geometry(2, (3, 3), (50, 34), (3, 3), point)),
                weightGradientWithSums(geometry(1, (5, 3), (90, 40), (5, 3), point)),
                weightGradientWithSums(geometry(1, (3, 3), (170, 66), (3, 3), point)),
            ]
        }
        return cases
    }

    private static func geometry(
        _ batch: Int, _ input: (Int, Int), _ channels: (Int, Int), _ output: (Int, Int),
        _ taps: [ConvolutionGeometry.Tap],
        strides: (Int, Int) = (1, 1)
    ) -> ConvolutionGeometry {
        OpenCLConvolutionTests.geometry(batch, input, channels, output, strides, taps)
    }

    private static func convolution(
        _ kind: Kind, _ geometry: ConvolutionGeometry, _ after: OpenCLConvolutionTests.After = .nothing
    ) -> Case {
        let note = "\(kind) of \(geometry.inputShape) and \(geometry.outputShape), \(geometry.taps.count) taps"
        return OpenCLConvolutionTests.fixtureCase(kind, geometry, after, "\(note), then \(after)")
    }

    /// The gradient of weights, and the sums of its second operand: the gradient of a bias.
    static func weightGradientWithSums(_ geometry: ConvolutionGeometry) -> Case {
        var made = convolution(.weightGradient, geometry)
        let channels = geometry.outputChannels
        let rows = geometry.outputShape.reduce(1, *) / channels
        made.steps.append(OpenCLWeightGradientTests.sums(rows: rows, columns: channels, offset: 3))
        made.slots[3] = .zeros(count: channels + 2)
        made.note += " with sums"
        return made
    }
}
