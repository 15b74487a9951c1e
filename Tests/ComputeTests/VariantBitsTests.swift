import Compute
import ComputeOpenCL
import Testing

/// Tuning changes time, never bits.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct VariantBitsTests {
    typealias Shape = OpenCLFixture.Shape
    typealias Slot = OpenCLFixture.Slot

    /// Numbers to compute with: whole sums, and ones whose products vanish, so that zeros of both signs come out.
    enum Numbers: CaseIterable { case plain, tiny }

    /// Products of each form, those whose sums end inside a step of the depth among them, and one that is divided.
    private static let products: [(rows: Int, columns: Int, depth: Int, isTransposed: (a: Bool, b: Bool))] = [
        (33, 70, 129, (false, false)), (70, 90, 24, (true, false)), (40, 36, 40, (false, true)),
        (17, 16, 15, (false, false)), (5, 70, 30, (false, false)), (64, 64, 2100, (true, false)),
        (20, 24, 200, (false, true)), (64, 1, 100, (false, false)), (12, 40, 4100, (false, false)),
    ]

    @Test(arguments: Shape.allCases)
    func productsHaveTheSameBits(_ shape: Shape) throws {
        var tried = 0
        for (number, product) in Self.products.enumerated() {
            let (rows, columns, depth, isTransposed) = product
            let batch = 1 + number % 2
            let step = ContractionStep(
                batch: batch, rows: rows, columns: columns, depth: depth,
                a: matrix(slot: 0, rows, depth, isTransposed: isTransposed.a),
                b: matrix(slot: 1, depth, columns, isTransposed: isTransposed.b),
                epilogue: number % 3 == 0
                    ? OpenCLProductTests.epilogue([batch, rows, columns], storing: .float32, slots: (3, 4)) : nil,
                destination: Operand(slot: 2, dtype: .float32))
            let counts = [batch * rows * depth, batch * depth * columns, batch * rows * columns]
            tried += try compare([.contraction(step)], counts, columns, shape)
        }
        #expect(tried >= 8)
    }

    @Test(arguments: Shape.allCases)
    func convolutionsHaveTheSameBits(_ shape: Shape) throws {
        typealias Tap = ConvolutionGeometry.Tap
        let square = (0..<9).map { Tap(dy: $0 / 3 - 1, dx: $0 % 3 - 1) }
        let geometries = [
            // Wide enough for several panels of columns, in each of the kinds; and many small images.
            ConvolutionGeometry(
                batch: 2, height: 9, width: 9, inputChannels: 40, outputHeight: 9, outputWidth: 9, outputChannels: 56,
                strideY: 1, strideX: 1, taps: square),
            ConvolutionGeometry(
                batch: 16, height: 4, width: 4, inputChannels: 36, outputHeight: 2, outputWidth: 2, outputChannels: 40,
                strideY: 2, strideX: 2, taps: square),
            ConvolutionGeometry(
                batch: 4, height: 20, width: 20, inputChannels: 2, outputHeight: 20, outputWidth: 20,
                outputChannels: 40, strideY: 1, strideX: 1, taps: square),
            // Enough channels for minimal filtering, in tiles of two results a side and of four.
            ConvolutionGeometry(
                batch: 5, height: 12, width: 12, inputChannels: 64, outputHeight: 12, outputWidth: 12,
                outputChannels: 96, strideY: 1, strideX: 1, taps: square),
            ConvolutionGeometry(
                batch: 8, height: 12, width: 12, inputChannels: 64, outputHeight: 12, outputWidth: 12,
                outputChannels: 96, strideY: 1, strideX: 1, taps: square),
        ]
        var tried = 0
        for geometry in geometries {
            for kind in [ConvolutionStep.Kind.forward, .inputGradient, .weightGradient] {
                let (x, y, w) = (geometry.inputShape, geometry.outputShape, geometry.weightShape)
                let shapes =
                    switch kind {
                    case .forward: [x, w, y]
                    case .inputGradient: [y, w, x]
                    case .weightGradient: [x, y, w]
                    }
                let counts = shapes.map { $0.reduce(1, *) }
                let columns = shapes[2][shapes[2].count - 1]
                let step = ConvolutionStep(
                    kind: kind, geometry: geometry, first: Operand(slot: 0, dtype: .float32),
                    second: Operand(slot: 1, dtype: .float32),
                    epilogue: geometry.batch == 2
                        ? OpenCLProductTests.epilogue(
                            [1, counts[2] / columns, columns], storing: .float32, slots: (3, 4)) : nil,
                    destination: Operand(slot: 2, dtype: .float32))
                tried += try compare([.convolution(step)], counts, columns, shape)
            }
        }
        #expect(tried >= 12)
    }

    /// The gradient of a bias, which is added up beside that of weights: sums that end inside a step of the depth and such
    /// as do not, and ones that are divided.
    @Test(arguments: Shape.allCases)
    func sumsOfColumnsHaveTheSameBits(_ shape: Shape) throws {
        var tried = 0
        for (rows, columns, depth) in [(130, 140, 80), (130, 140, 85), (300, 20, 48), (70, 90, 4100)] {
            let step = ContractionStep(
                batch: 1, rows: rows, columns: columns, depth: depth,
                a: matrix(slot: 0, rows, depth, isTransposed: true),
                b: matrix(slot: 1, depth, columns, isTransposed: false),
                destination: Operand(slot: 2, dtype: .float32))
            let sums = OpenCLWeightGradientTests.sums(rows: depth, columns: columns, offset: 0)
            tried += try compare(
                [.contraction(step), sums], [rows * depth, depth * columns, rows * columns], columns, shape)
        }
        for (side, inputs, outputs) in [(8, 300, 140), (40, 20, 70), (8, 150, 12)] {
            let geometry = ConvolutionGeometry(
                batch: 2, height: side, width: side, inputChannels: inputs, outputHeight: side, outputWidth: side,
                outputChannels: outputs, strideY: 1, strideX: 1, taps: [.init(dy: 0, dx: 0), .init(dy: -1, dx: 1)])
            let step = ConvolutionStep(
                kind: .weightGradient, geometry: geometry, first: Operand(slot: 0, dtype: .float32),
                second: Operand(slot: 1, dtype: .float32), destination: Operand(slot: 2, dtype: .float32))
            let counts = [geometry.inputShape, geometry.outputShape, geometry.weightShape].map { $0.reduce(1, *) }
            let sums = OpenCLWeightGradientTests.sums(rows: counts[1] / outputs, columns: outputs, offset: 0)
            tried += try compare([.convolution(step), sums], counts, outputs, shape)
        }
        #expect(tried >= 4)
    }

    private func matrix(slot: Int, _ rows: Int, _ columns: Int, isTransposed: Bool) -> Matrix {
        Matrix(
            operand: Operand(slot: slot, dtype: .float32), batchStride: rows * columns,
            rowStride: isTransposed ? 1 : columns, columnStride: isTransposed ? rows : 1)
    }

    /// Runs steps with each of the first one's candidates. It stores into slot 2; one after it into slot 3, which epilogues
    /// of it read otherwise.
    /// - Returns: how many there are beside the default.
    private func compare(_ steps: [Step], _ counts: [Int], _ columns: Int, _ shape: Shape) throws -> Int {
        let device = try OpenCLFixture.device(shape)
        let tunable = try #require(TunableStep(steps[0]))
        let names = tunable.candidates(device.traits)
        let prepared = try device.prepare(
            steps, choosing: names.map { VariantPolicy(winners: [tunable.key: $0]) })
        for numbers in Numbers.allCases {
            let buffers = try buffers(counts + [columns + 2, counts[2] + 2], numbers, on: device)
            let results = [2: counts[2], 3: columns + 2].filter { $0.key == 2 || steps.count > 1 }
            var expected: [Int: [UInt32]] = [:]
            for (index, steps) in prepared.enumerated() {
                for (slot, count) in results {
                    let marks = [UInt32](repeating: .max, count: count)
                    try marks.withUnsafeBytes { try device.upload($0, to: buffers[slot], offset: 0) }
                }
                try device.run(steps, bindings: buffers)
                for (slot, count) in results {
                    var bits = [UInt32](repeating: 0, count: count)
                    try bits.withUnsafeMutableBytes { try device.download(buffers[slot], offset: 0, into: $0) }
                    let wanted = expected[slot, default: bits]
                    expected[slot] = wanted
                    if let place = bits.indices.first(where: { bits[$0] != wanted[$0] }) {
                        Issue.record(
                            "\(tunable.key) of \(numbers) numbers: \(names[index]) differs at \(place) of slot \(slot)")
                    }
                }
            }
        }
        // Each choice is really taken.
        #expect(device.usedVariants.isSuperset(of: names))
        return names.count - 1
    }

    /// Two operands, a result, and what an epilogue reads.
    private func buffers(_ sizes: [Int], _ numbers: Numbers, on device: OpenCLDevice) throws -> [Buffer] {
        try sizes.enumerated().map { number, count in
            var values = Slot.noise(count: count, seed: number + 1).values.map { Float($0) }
            if numbers == .tiny && number < 2 { values = values.map { $0 * 1e-23 } }
            if numbers == .tiny && number == 3 { values = values.map { _ in 0 } }
            let buffer = try device.allocate(bytes: 4 * count)
            try values.withUnsafeBytes { try device.upload($0, to: buffer, offset: 0) }
            return buffer
        }
    }
}
