import Compute
import ComputeOpenCL
import Testing

@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLProductTests {
    typealias Shape = OpenCLFixture.Shape
    typealias Slot = OpenCLFixture.Slot

    /// max(acc + bias[column], 0) * residual[batch, row, column], or whether that is positive; in a slot of its own, if
    /// there is one, the sum.
    static func epilogue(
        _ shape: [Int], storing dtype: DType, slots: (bias: Int, residual: Int), sumIn other: Int? = nil
    ) -> Epilogue {
        var body = Expression()
        let accumulator = body.append(.accumulator, type: .float32)
        let bias = body.append(.load(operand: 0, view: View(shape: shape, strides: [0, 0, 1])), type: .float32)
        let residual = body.append(.load(operand: 1, view: View(contiguous: shape)), type: .float32)
        let zero = body.append(.constant(.float(0)), type: .float32)
        let sum = body.append(.binary(.add, accumulator, bias), type: .float32)
        let positive = body.append(.binary(.maximum, sum, zero), type: .float32)
        let product = body.append(.binary(.multiply, positive, residual), type: .float32)
        var value = product
        if dtype == .bool { value = body.append(.binary(.less, zero, product), type: .bool) }
        if dtype == .int32 {
            let hundred = body.append(.constant(.float(0.25)), type: .float32)
            let large = body.append(.binary(.less, hundred, product), type: .bool)
            value = body.append(.cast(.int32, large), type: .int32)
        }
        return Epilogue(
            body: body,
            operands: [
                Operand(slot: slots.bias, offset: 1, dtype: .float32),
                Operand(slot: slots.residual, offset: 2, dtype: .float32),
            ], value: value,
            others: other.map { slot in
                let place = Operand(slot: slot, offset: 4, dtype: .float32)
                return [Store(value: sum, destination: place, view: View(contiguous: shape))]
            } ?? [])
    }

    /// Sizes of every form: tiny, odd, tall, wide, deep, of one row or column, of whole vectors of 16 columns that are
    /// no whole tiles.
    static let sizes: [[Int]] = [
        [1, 1, 1], [2, 3, 4], [5, 7, 3], [1, 64, 100], [64, 1, 100], [17, 16, 15], [33, 70, 129], [128, 128, 128],
        [300, 20, 50], [20, 300, 50], [64, 64, 3000], [10, 33, 2500], [130, 200, 64], [260, 64, 600], [7, 5, 0],
        [130, 112, 40], [40, 80, 20],
    ]

    @Test(arguments: Shape.allCases)
    func products(_ shape: Shape) throws {
        var cases: [OpenCLFixture.Case] = []
        for (number, size) in OpenCLProductTests.sizes.enumerated() {
            for layout in 0..<4 where (number + layout) % 2 == 0 {
                // Shared matrices, batches and epilogues in turn.
                let turn = number + layout / 2
                let dtype = [DType?.none, .float32, .bool, .int32][turn % 4]
                let batch = size.reduce(1, *) < 100_000 ? 1 + turn % 3 : 1
                cases.append(product(batch, size, (layout & 1 != 0, layout & 2 != 0), storing: dtype))
            }
        }
        try OpenCLFixture.compare(cases, shape)
    }

    /// Tiles that are shifted back compute some elements twice: the epilogue may see each only once.
    @Test(arguments: Shape.allCases)
    func epiloguesThatReadWhatTheyOverwrite(_ shape: Shape) throws {
        let sizes = [[130, 112, 40], [40, 80, 20], [17, 40, 33], [13, 20, 30], [35, 112, 2500], [131, 400, 20]]
        let cases = sizes.map { product(1, $0, (false, false), storing: .float32, isInPlace: true) }
        try OpenCLFixture.compare(cases, shape)
    }

    private func product(
        _ batch: Int, _ size: [Int], _ transposed: (a: Bool, b: Bool), storing dtype: DType?, isInPlace: Bool = false
    ) -> OpenCLFixture.Case {
        let (rows, columns, depth) = (size[0], size[1], size[2])
        let a = Matrix(
            operand: Operand(slot: 0, offset: 1, dtype: .float32), batchStride: batch > 1 ? rows * depth : 0,
            rowStride: transposed.a ? 1 : depth, columnStride: transposed.a ? rows : 1)
        // All share one right matrix.
        let b = Matrix(
            operand: Operand(slot: 1, offset: 3, dtype: .float32), batchStride: 0,
            rowStride: transposed.b ? 1 : columns, columnStride: transposed.b ? depth : 1)
        let results = [batch, rows, columns]
        let step = ContractionStep(
            batch: batch, rows: rows, columns: columns, depth: depth, a: a, b: b,
            epilogue: dtype.map { OpenCLProductTests.epilogue(results, storing: $0, slots: (2, 3), sumIn: 5) },
            destination: isInPlace
                ? Operand(slot: 3, offset: 2, dtype: .float32) : Operand(slot: 4, offset: 5, dtype: dtype ?? .float32))
        let count = results.reduce(1, *)
        let slots = [
            Slot.noise(count: batch * rows * depth + 1), .noise(count: depth * columns + 3, seed: 2),
            .noise(count: columns + 1, seed: 3), .noise(count: count + 2, seed: 4),
            .zeros(dtype ?? .float32, count: count + 7), .zeros(.float32, count: count + 6),
        ]
        return OpenCLFixture.Case(
            steps: [.contraction(step)], slots: slots, absolute: 1e-6 + 1e-7 * Double(depth),
            note: "\(batch)x\(size) \(transposed) storing \(dtype?.description ?? "the product")")
    }

    /// Geometries: dense, masked, strided, dilated, transposed, of few and of odd channels, and without a tap.
    static let geometries: [ConvolutionGeometry] = {
        typealias Tap = ConvolutionGeometry.Tap
        func window(_ height: Int, _ width: Int, from first: Tap, dilation: Int = 1) -> [Tap] {
            (0..<height).flatMap { y in
                (0..<width).map { Tap(dy: first.dy + y * dilation, dx: first.dx + $0 * dilation) }
            }
        }
        func geometry(
            _ batch: Int, _ side: (Int, Int), _ channels: (Int, Int), out: (Int, Int), stride: Int = 1, _ taps: [Tap]
        ) -> ConvolutionGeometry {
            ConvolutionGeometry(
                batch: batch, height: side.0, width: side.1, inputChannels: channels.0, outputHeight: out.0,
                outputWidth: out.1, outputChannels: channels.1, strideY: stride, strideX: stride, taps: taps)
        }
        let square = window(3, 3, from: Tap(dy: -1, dx: -1))
        return [
            geometry(2, (8, 8), (16, 16), out: (8, 8), square),
            geometry(3, (7, 9), (3, 5), out: (7, 9), square),
            geometry(2, (6, 6), (64, 64), out: (6, 6), Array(square.prefix(5))),
            geometry(1, (5, 5), (1, 20), out: (5, 5), Array(window(7, 7, from: Tap(dy: -3, dx: -3)).prefix(24))),
            geometry(2, (9, 8), (6, 33), out: (4, 4), stride: 2, window(4, 4, from: Tap(dy: -1, dx: -1))),
            geometry(2, (10, 10), (4, 4), out: (10, 10), window(3, 3, from: Tap(dy: -2, dx: -2), dilation: 2)),
            geometry(2, (4, 4), (17, 40), out: (1, 1), window(4, 4, from: Tap(dy: 0, dx: 0))),
            geometry(40, (8, 8), (8, 24), out: (8, 8), window(1, 1, from: Tap(dy: 0, dx: 0))),
            geometry(1, (4, 5), (3, 2), out: (4, 5), []),
        ]
    }()

    @Test(
        arguments: Shape.allCases,
        [ConvolutionStep.Kind.forward, .inputGradient, .weightGradient])
    func convolutions(_ shape: Shape, _ kind: ConvolutionStep.Kind) throws {
        var cases: [OpenCLFixture.Case] = []
        for (number, geometry) in OpenCLProductTests.geometries.enumerated() {
            let (x, y, w) = (geometry.inputShape, geometry.outputShape, geometry.weightShape)
            let (first, second, result) =
                switch kind {
                case .forward: (x, w, y)
                case .inputGradient: (y, w, x)
                case .weightGradient: (x, y, w)
                }
            let count = result.reduce(1, *)
            let columns = result[result.count - 1]
            let dtype = [DType?.none, .float32, .bool][(number + Int(kind.rawValue)) % 3]
            let epilogue = dtype.map {
                OpenCLProductTests.epilogue(
                    [1, count / columns, columns], storing: $0, slots: (2, 3), sumIn: 5)
            }
            let step = ConvolutionStep(
                kind: kind, geometry: geometry, first: Operand(slot: 0, offset: 2, dtype: .float32),
                second: Operand(slot: 1, offset: 1, dtype: .float32), epilogue: epilogue,
                destination: Operand(slot: 4, offset: 3, dtype: dtype ?? .float32))
            let slots = [
                Slot.noise(count: first.reduce(1, *) + 2), .noise(count: second.reduce(1, *) + 1, seed: 2),
                .noise(count: columns + 1, seed: 3), .noise(count: count + 2, seed: 4),
                .zeros(dtype ?? .float32, count: count + 4), .zeros(.float32, count: count + 6),
            ]
            cases.append(
                OpenCLFixture.Case(
                    steps: [.convolution(step)], slots: slots, relative: 5e-6, absolute: 5e-5,
                    note: "\(kind) of geometry \(number) storing \(dtype?.description ?? "the sums")"))
        }
        try OpenCLFixture.compare(cases, shape)
    }

    @Test(arguments: Shape.allCases)
    func gatherAndScatterAdd(_ shape: Shape) throws {
        let sizes = [[5, 3], [1, 1], [300, 130], [40, 64], [0, 7], [700, 1]]
        try OpenCLFixture.compare(sizes.flatMap(OpenCLProductTests.indexedCases), shape)
    }

    static func indexedCases(_ size: [Int]) -> [OpenCLFixture.Case] {
        var cases: [OpenCLFixture.Case] = []
        let (count, width) = (size[0], size[1])
        let rows = 11
        // Some indices are outside the table.
        let indices = Slot(.int32, (0..<count + 1).map { Double($0 * 7 % 13 - 1) })
        for dtype in [DType.float32, .uint8, .int32] {
            let gather = GatherStep(
                table: Operand(slot: 0, offset: 1, dtype: dtype), rows: rows, width: width,
                indices: Operand(slot: 1, offset: 1, dtype: .int32), count: count,
                destination: Operand(slot: 2, offset: 2, dtype: dtype))
            let table =
                dtype == .float32
                ? Slot.noise(count: rows * width + 1)
                : Slot(dtype, (0...rows * width).map { Double($0 % 256) })
            let before = Slot(dtype, Array(repeating: 9, count: count * width + 3))
            cases.append(.init(steps: [.gather(gather)], slots: [table, indices, before], note: "gather \(size)"))
        }
        let scatter = ScatterAddStep(
            source: Operand(slot: 0, offset: 2, dtype: .float32), indices: Operand(slot: 1, offset: 1, dtype: .int32),
            count: count, rows: rows, width: width, destination: Operand(slot: 2, offset: 1, dtype: .float32))
        let before = Slot(.float32, Array(repeating: 9, count: rows * width + 2))
        cases.append(
            .init(
                steps: [.scatterAdd(scatter)], slots: [.noise(count: count * width + 2), indices, before],
                absolute: 1e-5, note: "scatter-add \(size)"))
        return cases
    }
}
