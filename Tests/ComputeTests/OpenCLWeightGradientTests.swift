import Compute
import Testing

/// Gradients of weights over so many rows that CPU kernels split them, and over few for GPU kernels that do not, each
/// followed by the gradient of a bias, which they then add up on their way.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLWeightGradientTests {
    typealias Tap = ConvolutionGeometry.Tap

    /// The sums over the rows of slot 1 from `offset` on, into slot 3.
    static func sums(rows: Int, columns: Int, offset: Int) -> Step {
        var body = Expression()
        let shape = [rows, columns]
        let value = body.append(.load(operand: 0, view: View(contiguous: shape)), type: .float32)
        var epilogue = Expression()
        let result = epilogue.append(.accumulator, type: .float32)
        return .pointwise(
            PointwiseStep(
                shape: shape, body: body,
                reduction: Reduction(operation: .sum, axes: [0], value: value, epilogue: epilogue),
                operands: [Operand(slot: 1, offset: offset, dtype: .float32)],
                stores: [
                    Store(
                        value: result, destination: Operand(slot: 3, offset: 2, dtype: .float32),
                        view: View(contiguous: [columns]))
                ]))
    }

    private static func taps(_ height: Int, _ width: Int, from y: Int, _ x: Int, dilation: Int = 1) -> [Tap] {
        (0..<height).flatMap { row in (0..<width).map { Tap(dy: y + row * dilation, dx: x + $0 * dilation) } }
    }

    /// Batch, input, channels, output, stride and taps: masked, dense, strided, dilated, of few channels, in long lines,
    /// with a tap that meets no pixel; and of many channels but few pixels, which are packed instead of being divided.
    static let geometries: [ConvolutionGeometry] = [
        ((2, (28, 28), (1, 32), (28, 28), 1), Array(taps(7, 7, from: -3, -3).prefix(24))),
        ((3, (23, 19), (3, 20), (23, 19), 1), taps(3, 3, from: -1, -1)),
        ((2, (30, 26), (16, 16), (30, 26), 1), Array(taps(3, 3, from: -1, -1).prefix(5))),
        ((10, (33, 17), (6, 10), (16, 8), 2), taps(4, 4, from: -1, -1)),
        ((10, (33, 17), (2, 50), (16, 8), 2), taps(4, 4, from: -1, -1)),
        ((1, (40, 40), (33, 40), (40, 40), 1), taps(3, 3, from: -2, -2, dilation: 2)),
        ((1, (3, 600), (2, 40), (3, 600), 1), taps(3, 3, from: -1, -1)),
        ((300, (2, 2), (5, 70), (2, 2), 1), taps(3, 3, from: -1, -1) + [Tap(dy: 5, dx: 0), Tap(dy: 0, dx: -2)]),
        ((3, (9, 7), (13, 130), (4, 3), 2), taps(4, 4, from: -1, -1) + [Tap(dy: 0, dx: -9), Tap(dy: 9, dx: 0)]),
    ].map { sizes, taps in
        ConvolutionGeometry(
            batch: sizes.0, height: sizes.1.0, width: sizes.1.1, inputChannels: sizes.2.0, outputHeight: sizes.3.0,
            outputWidth: sizes.3.1, outputChannels: sizes.2.1, strideY: sizes.4, strideX: sizes.4, taps: taps)
    }

    /// The gradient of weights, and then that of a bias.
    static func cases(_ geometries: [ConvolutionGeometry]) -> [OpenCLFixture.Case] {
        geometries.enumerated().map { number, geometry in
            let (x, y) = (geometry.inputShape.reduce(1, *), geometry.outputShape.reduce(1, *))
            let count = geometry.weightShape.reduce(1, *)
            let channels = geometry.outputChannels
            let step = ConvolutionStep(
                kind: .weightGradient, geometry: geometry, first: Operand(slot: 0, offset: 2, dtype: .float32),
                second: Operand(slot: 1, offset: 1, dtype: .float32),
                destination: Operand(slot: 2, offset: 3, dtype: .float32))
            return OpenCLFixture.Case(
                steps: [
                    .convolution(step),
                    OpenCLWeightGradientTests.sums(rows: y / channels, columns: channels, offset: 1),
                ],
                slots: [
                    .noise(count: x + 2), .noise(count: y + 1, seed: 2), .zeros(count: count + 4),
                    .zeros(count: channels + 3),
                ], relative: 5e-6, absolute: 5e-5, note: "geometry \(number)")
        }
    }

    @Test(arguments: OpenCLFixture.Shape.allCases)
    func convolutions(_ shape: OpenCLFixture.Shape) throws {
        try OpenCLFixture.compare(OpenCLWeightGradientTests.cases(OpenCLWeightGradientTests.geometries), shape)
    }

    /// The same of rows, columns and depth of products.
    static func cases(_ sizes: [[Int]]) -> [OpenCLFixture.Case] {
        sizes.map { size in
            let (rows, columns, depth) = (size[0], size[1], size[2])
            let step = ContractionStep(
                batch: 1, rows: rows, columns: columns, depth: depth,
                a: Matrix(
                    operand: Operand(slot: 0, offset: 1, dtype: .float32), batchStride: 0, rowStride: 1,
                    columnStride: rows),
                b: Matrix(
                    operand: Operand(slot: 1, offset: 3, dtype: .float32), batchStride: 0, rowStride: columns,
                    columnStride: 1), destination: Operand(slot: 2, offset: 5, dtype: .float32))
            return OpenCLFixture.Case(
                steps: [
                    .contraction(step), OpenCLWeightGradientTests.sums(rows: depth, columns: columns, offset: 3),
                ],
                slots: [
                    .noise(count: rows * depth + 1), .noise(count: depth * columns + 3, seed: 2),
                    .zeros(count: rows * columns + 6), .zeros(count: columns + 3),
                ], absolute: 1e-6 + 1e-7 * Double(depth), note: "\(size)")
        }
    }

    @Test(arguments: OpenCLFixture.Shape.allCases)
    func products(_ shape: OpenCLFixture.Shape) throws {
        let sizes = [
            [16, 32, 2500], [32, 16, 3001], [32, 1, 2100], [7, 9, 2048], [50, 20, 4000], [12, 300, 2500],
            [70, 50, 45], [130, 150, 21], [200, 300, 33],
        ]
        try OpenCLFixture.compare(OpenCLWeightGradientTests.cases(sizes), shape)
    }

    /// Memory that the product's epilogue reads last may be where the sums go.
    @Test func sumsOverwriteWhatAnEpilogueReads() throws {
        let (rows, columns, depth) = (90, 70, 4000)
        var body = Expression()
        let product = body.append(.accumulator, type: .float32)
        let view = View(shape: [1, rows, columns], strides: [0, 0, 1])
        let read = body.append(.load(operand: 0, view: view), type: .float32)
        let value = body.append(.binary(.add, product, read), type: .float32)
        let step = ContractionStep(
            batch: 1, rows: rows, columns: columns, depth: depth,
            a: Matrix(
                operand: Operand(slot: 0, dtype: .float32), batchStride: 0, rowStride: 1, columnStride: rows),
            b: Matrix(
                operand: Operand(slot: 1, dtype: .float32), batchStride: 0, rowStride: columns, columnStride: 1),
            epilogue: Epilogue(
                body: body, operands: [Operand(slot: 3, offset: 2, dtype: .float32)], value: value),
            destination: Operand(slot: 2, dtype: .float32))
        let one = OpenCLFixture.Case(
            steps: [.contraction(step), OpenCLWeightGradientTests.sums(rows: depth, columns: columns, offset: 0)],
            slots: [
                .noise(count: rows * depth), .noise(count: depth * columns, seed: 2), .zeros(count: rows * columns),
                .noise(count: columns + 2, seed: 3),
            ], absolute: 4e-4, note: "an epilogue that reads where the sums go")
        try OpenCLFixture.compare([one], .cpu)
    }
}
