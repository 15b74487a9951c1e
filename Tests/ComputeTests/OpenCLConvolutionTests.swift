import Compute
import Tensors
import Testing

/// Convolutions and gradients of images whose kernels depend on the geometry: images of few channels, whose gradient is
/// collected from products, and small images, which tiles go through image by image.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLConvolutionTests {
    typealias Tap = ConvolutionGeometry.Tap

    static func taps(_ height: Int, _ width: Int, from y: Int, _ x: Int, dilation: Int = 1) -> [Tap] {
        (0..<height).flatMap { row in (0..<width).map { Tap(dy: y + row * dilation, dx: x + $0 * dilation) } }
    }

    /// Batch, input, channels, output, strides and taps.
    static func geometry(
        _ batch: Int, _ input: (Int, Int), _ channels: (Int, Int), _ output: (Int, Int), _ strides: (Int, Int),
        _ taps: [Tap]
    ) -> ConvolutionGeometry {
        ConvolutionGeometry(
            batch: batch, height: input.0, width: input.1, inputChannels: channels.0, outputHeight: output.0,
            outputWidth: output.1, outputChannels: channels.1, strideY: strides.0, strideX: strides.1, taps: taps)
    }

    /// A DCGAN's, odd sizes with unequal strides, dilated, taps in no order and far outside, one channel at stride one,
    /// and a window whose taps end before the image does.
    static let fewChannels: [ConvolutionGeometry] = [
        geometry(2, (16, 16), (3, 32), (8, 8), (2, 2), taps(4, 4, from: -1, -1)),
        geometry(3, (11, 13), (5, 18), (6, 5), (2, 3), taps(3, 4, from: -1, 0)),
        geometry(2, (9, 12), (2, 8), (9, 12), (1, 1), taps(3, 3, from: -2, -2, dilation: 2)),
        geometry(
            2, (7, 6), (15, 30), (7, 6), (1, 1),
            [Tap(dy: 1, dx: 1), Tap(dy: 0, dx: 0), Tap(dy: 0, dx: -9), Tap(dy: -2, dx: 3), Tap(dy: 8, dx: 0)]),
        geometry(2, (10, 37), (1, 16), (10, 37), (1, 1), taps(5, 5, from: -2, -2)),
        geometry(1, (9, 40), (4, 9), (3, 6), (3, 6), taps(2, 3, from: 0, 0)),
    ]

    /// Windows that cover the image: of many channels, and of one.
    static let wholeImages: [ConvolutionGeometry] = [
        geometry(5, (4, 3), (20, 10), (1, 1), (1, 1), taps(4, 3, from: 0, 0)),
        geometry(9, (2, 2), (1, 21), (1, 1), (2, 1), taps(2, 2, from: 0, 0)),
    ]

    /// Batches that eight divides and does not, few and many channels, strides, and one pixel with all taps outside.
    static let smallImages: [ConvolutionGeometry] = [
        geometry(16, (8, 8), (5, 32), (4, 4), (2, 2), taps(4, 4, from: -1, -1)),
        geometry(8, (4, 4), (33, 48), (4, 4), (1, 1), taps(3, 3, from: -1, -1)),
        geometry(11, (5, 3), (20, 70), (3, 2), (2, 2), taps(3, 3, from: -1, -1)),
        geometry(50, (3, 2), (16, 9), (3, 2), (1, 1), taps(3, 3, from: -1, -1) + [Tap(dy: 7, dx: 0)]),
        geometry(9, (2, 2), (40, 6), (4, 2), (1, 1), taps(1, 2, from: -3, 0)),
    ]

    enum After: CaseIterable {
        case nothing
        /// The hyperbolic tangent of the result times another image: elements in their order.
        case elements
        /// A number for each channel is added.
        case channels
    }

    /// Slots: the two operands, the result, what the epilogue reads, and what is stored beside the result.
    static func fixtureCase(
        _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry, _ after: After, _ note: String
    ) -> OpenCLFixture.Case {
        let (x, y, w) = (geometry.inputShape, geometry.outputShape, geometry.weightShape)
        let (first, second, result) =
            switch kind {
            case .forward: (x, w, y)
            case .inputGradient: (y, w, x)
            case .weightGradient: (x, y, w)
            }
        let count = result.reduce(1, *)
        let channels = result[result.count - 1]
        let shape = [1, count / channels, channels]
        var epilogue: Epilogue?
        var others = 1
        if after != .nothing {
            var body = Expression()
            var view = View(contiguous: shape)
            if after == .channels { view.strides = [0, 0, 1] }
            others = after == .channels ? channels : count
            let sum = body.append(.accumulator, type: .float32)
            let other = body.append(.load(operand: 0, view: view), type: .float32)
            var value = body.append(.binary(after == .channels ? .add : .multiply, sum, other), type: .float32)
            var beside: [Store] = []
            if after == .elements {
                let place = Operand(slot: 4, offset: 2, dtype: .float32)
                beside = [Store(value: value, destination: place, view: View(contiguous: shape))]
                value = body.append(.unary(.tanh, value), type: .float32)
            }
            epilogue = Epilogue(
                body: body, operands: [Operand(slot: 3, offset: 1, dtype: .float32)], value: value, others: beside)
        }
        let step = ConvolutionStep(
            kind: kind, geometry: geometry, first: Operand(slot: 0, offset: 2, dtype: .float32),
            second: Operand(slot: 1, offset: 3, dtype: .float32), epilogue: epilogue,
            destination: Operand(slot: 2, offset: 5, dtype: .float32))
        return OpenCLFixture.Case(
            steps: [.convolution(step)],
            slots: [
                .noise(count: first.reduce(1, *) + 2), .noise(count: second.reduce(1, *) + 3, seed: 2),
                .zeros(count: count + 6),
                .noise(count: others + 1, seed: 3), .zeros(count: after == .elements ? count + 3 : 1),
            ], relative: 5e-6, absolute: 5e-5, note: note)
    }

    /// The same case for minimal filtering in tiles of four results a side, whose factors are as large as eight: the more
    /// terms a sum has, the more it loses.
    static func inLargeTiles(_ one: OpenCLFixture.Case) -> OpenCLFixture.Case {
        guard case .convolution(let step) = one.steps[0] else { return one }
        var one = one
        one.absolute += 5e-8 * Double(step.geometry.flops / 2 / one.slots[2].values.count)
        return one
    }

    @Test(arguments: OpenCLFixture.Shape.allCases)
    func imageGradientsOfFewChannels(_ shape: OpenCLFixture.Shape) throws {
        let cases = OpenCLConvolutionTests.fewChannels.enumerated().map { number, geometry in
            let after = After.allCases[number % After.allCases.count]
            return OpenCLConvolutionTests.fixtureCase(
                .inputGradient, geometry, after, "geometry \(number), then \(after)")
        }
        try OpenCLFixture.compare(cases, shape)
    }

    @Test(arguments: OpenCLFixture.Shape.allCases)
    func gradientsOfWholeImages(_ shape: OpenCLFixture.Shape) throws {
        let cases = OpenCLConvolutionTests.wholeImages.enumerated().flatMap { number, geometry in
            [After.elements, .channels].map {
                OpenCLConvolutionTests.fixtureCase(.inputGradient, geometry, $0, "geometry \(number), then \($0)")
            }
        }
        try OpenCLFixture.compare(cases, shape)
    }

    @Test(arguments: OpenCLFixture.Shape.allCases)
    func smallImagesOfManyBatches(_ shape: OpenCLFixture.Shape) throws {
        let cases = OpenCLConvolutionTests.smallImages.enumerated().flatMap { number, geometry in
            [ConvolutionStep.Kind.forward, .inputGradient].map {
                OpenCLConvolutionTests.fixtureCase($0, geometry, .channels, "geometry \(number), \($0)")
            }
        }
        try OpenCLFixture.compare(cases, shape)
    }

    /// The arithmetic of a transposed convolution is a multiply-add for each pixel of the small map, tap and pair of
    /// channels: for 4x4 taps of stride two a quarter of what the zeros between the pixels would make of it.
    @Test func arithmeticOfATransposedConvolution() throws {
        let window = ConvolutionWindow(kernel: (4, 4), stride: (2, 2), padding: (1, 1))
        let (x, weights) = (Argument([16, 32, 32, 64]), Argument([16, 3, 64]))
        let y = try x.tensor.transposeConvolved(weights.tensor, window: window)
        #expect(y.shape == [16, 64, 64, 3])
        let plan = try CompiledFunction(on: OpenCLFixture.device(), results: [y]).planDescription
        let (flops, withZerosInserted) = (2 * 16 * 32 * 32 * 16 * 64 * 3, 2 * 16 * 64 * 64 * 16 * 64 * 3)
        #expect(plan.contains(" \(flops) floating-point operations"), "\(plan)")
        #expect(4 * flops == withZerosInserted)
    }
}
