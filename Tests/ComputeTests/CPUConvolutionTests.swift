import Compute
import ComputeCPU
import Testing

/// Convolutions of the CPU device against loops over pixels and taps in Float64.
@Suite struct CPUConvolutionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let geometry: ConvolutionGeometry
        var testDescription: String { name }
    }

    static func taps(_ ys: [Int], _ xs: [Int]) -> [ConvolutionGeometry.Tap] {
        ys.flatMap { y in xs.map { .init(dy: y, dx: $0) } }
    }

    static func geometry(
        _ batch: Int, _ input: (Int, Int, Int), _ output: (Int, Int, Int), stride: (Int, Int) = (1, 1),
        _ taps: [ConvolutionGeometry.Tap]
    ) -> ConvolutionGeometry {
        ConvolutionGeometry(
            batch: batch, height: input.0, width: input.1, inputChannels: input.2, outputHeight: output.0,
            outputWidth: output.1, outputChannels: output.2, strideY: stride.0, strideX: stride.1, taps: taps)
    }

    static let cases = [
        Case(name: "3x3", geometry: geometry(2, (9, 7, 5), (9, 7, 6), taps([-1, 0, 1], [-1, 0, 1]))),
        Case(name: "1x1", geometry: geometry(3, (5, 4, 7), (5, 4, 3), taps([0], [0]))),
        Case(name: "1x1 on another pixel", geometry: geometry(3, (5, 4, 7), (5, 4, 3), taps([0], [-1]))),
        Case(
            name: "1x1 of every other pixel",
            geometry: geometry(1, (6, 5, 2), (3, 3, 4), stride: (2, 2), taps([0], [0]))),
        Case(
            name: "4x4 by 2",
            geometry: geometry(2, (8, 8, 3), (4, 4, 5), stride: (2, 2), taps([-1, 0, 1, 2], [-1, 0, 1, 2]))),
        Case(
            name: "5x3 by 3 and 2, odd sizes",
            geometry: geometry(2, (11, 9, 2), (4, 5, 3), stride: (3, 2), taps([-2, -1, 0, 1, 2], [0, 1, 2]))),
        Case(
            name: "stride beyond the taps",
            geometry: geometry(1, (10, 10, 2), (4, 4, 3), stride: (3, 3), taps([0, 1], [0]))),
        Case(name: "dilated", geometry: geometry(1, (9, 9, 4), (9, 9, 2), taps([-3, 0, 3], [-2, 0, 2]))),
        Case(
            name: "masked, in no order",
            geometry: geometry(
                2, (6, 7, 3), (6, 7, 4),
                [.init(dy: 0, dx: -1), .init(dy: -1, dx: 1), .init(dy: -1, dx: -1), .init(dy: -1, dx: 0)])),
        Case(
            name: "taps beyond the image",
            geometry: geometry(1, (3, 2, 2), (3, 2, 3), taps([-4, 0], [-1, 0, 1, 2, 3]))),
        Case(name: "many pixels", geometry: geometry(3, (60, 61, 1), (60, 61, 4), taps([-1, 0, 1], [-1, 0, 1]))),
        Case(
            name: "many pixels by 2",
            geometry: geometry(4, (81, 80, 2), (41, 40, 2), stride: (2, 2), taps([-1, 0, 1], [-1, 0, 1, 2]))),
        Case(
            name: "few channels to many",
            geometry: geometry(5, (9, 8, 2), (5, 3, 9), stride: (2, 3), taps([-2, -1, 0, 1], [-1, 0, 1]))),
        Case(name: "no images", geometry: geometry(0, (4, 4, 2), (4, 4, 2), taps([0, 1], [0]))),
    ]

    static let kinds: [ConvolutionStep.Kind] = [.forward, .inputGradient, .weightGradient]

    @Test("Convolutions and their gradients", arguments: cases, kinds)
    func convolution(case: Case, kind: ConvolutionStep.Kind) throws {
        let geometry = `case`.geometry
        var random = TestRandom(17)
        let x = random.floats(geometry.inputShape.reduce(1, *))
        let y = random.floats(geometry.outputShape.reduce(1, *))
        let w = random.floats(geometry.weightShape.reduce(1, *))
        let (first, second, count, columns) =
            switch kind {
            case .forward: (x, w, y.count, geometry.outputChannels)
            case .inputGradient: (y, w, x.count, geometry.inputChannels)
            case .weightGradient: (x, y, w.count, geometry.outputChannels)
            }
        // Twice the result and a bias.
        var body = Expression()
        let view = View(shape: [1, count / columns, columns], strides: [0, 0, 1])
        let result = body.append(.accumulator, type: .float32)
        let bias = body.append(.load(operand: 0, view: view), type: .float32)
        let doubled = body.append(.binary(.add, result, result), type: .float32)
        let value = body.append(.binary(.add, doubled, bias), type: .float32)
        let biases = random.floats(columns)
        for epilogue in [
            nil, Epilogue(body: body, operands: [Operand(slot: 3, dtype: .float32)], value: value),
        ] {
            let step = ConvolutionStep(
                kind: kind, geometry: geometry, first: Operand(slot: 0, offset: 1, dtype: .float32),
                second: Operand(slot: 1, dtype: .float32), epilogue: epilogue,
                destination: Operand(slot: 2, offset: 1, dtype: .float32))
            let slots = [HostSlot([0] + first), HostSlot(second), HostSlot(room: count + 2), HostSlot(biases)]
            let one = try CPUDevice(threads: 1).results(of: [.convolution(step)], slots: slots)
            let two = try CPUDevice(threads: 2).results(of: [.convolution(step)], slots: slots)
            #expect(one == two)
            let found = two[2].floats
            var expected = CPUConvolutionTests.reference(kind, geometry, x, y, w)
            if epilogue != nil {
                for index in expected.indices {
                    expected[index] = 2 * expected[index] + Double(biases[index % columns])
                }
            }
            expectClose(Array(found[1..<count + 1]), expected, tolerance: 5e-5, `case`.name)
            #expect(found[0] == -987_654 && found[count + 1] == -987_654, "written outside the result")
        }
    }

    /// Every triple of an input pixel, an output pixel and a tap, in turn.
    static func reference(
        _ kind: ConvolutionStep.Kind, _ g: ConvolutionGeometry, _ x: [Float], _ y: [Float], _ w: [Float]
    ) -> [Double] {
        var result = [Double](
            repeating: 0, count: kind == .forward ? y.count : kind == .inputGradient ? x.count : w.count)
        for n in 0..<g.batch {
            for oy in 0..<g.outputHeight {
                for ox in 0..<g.outputWidth {
                    for (t, tap) in g.taps.enumerated() {
                        let (iy, ix) = (oy * g.strideY + tap.dy, ox * g.strideX + tap.dx)
                        guard (0..<g.height).contains(iy), (0..<g.width).contains(ix) else { continue }
                        let input = ((n * g.height + iy) * g.width + ix) * g.inputChannels
                        let output = ((n * g.outputHeight + oy) * g.outputWidth + ox) * g.outputChannels
                        for i in 0..<g.inputChannels {
                            for o in 0..<g.outputChannels {
                                let weight = (t * g.inputChannels + i) * g.outputChannels + o
                                switch kind {
                                case .forward: result[output + o] += Double(x[input + i]) * Double(w[weight])
                                case .inputGradient: result[input + i] += Double(y[output + o]) * Double(w[weight])
                                case .weightGradient: result[weight] += Double(x[input + i]) * Double(y[output + o])
                                }
                            }
                        }
                    }
                }
            }
        }
        return result
    }
}
