import Compute
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Convolution layers")
struct ConvolutionLayerTests {
    struct Setting: Sendable {
        var kernel = 3
        var stride = 1
        var padding = 0
        var dilation = 1
        var extra = 0
        var text: String {
            "kernel \(kernel) stride \(stride) padding \(padding) dilation \(dilation) extra \(extra)"
        }
    }

    private let n = 2
    private let h = 7
    private let w = 6
    private let c = 3
    private let d = 5

    /// Adds `value · weight` for every pair of pixels that a tap joins: small pixel times stride plus tap.
    private func pairs(
        _ setting: Setting, small: (Int, Int), large: (Int, Int), _ body: (Int, (Int, Int), (Int, Int)) -> Void
    ) {
        for i in 0..<small.0 {
            for j in 0..<small.1 {
                for row in 0..<setting.kernel {
                    for column in 0..<setting.kernel {
                        let y = i * setting.stride + row * setting.dilation - setting.padding
                        let x = j * setting.stride + column * setting.dilation - setting.padding
                        guard (0..<large.0) ~= y, (0..<large.1) ~= x else { continue }
                        body(row * setting.kernel + column, (i, j), (y, x))
                    }
                }
            }
        }
    }

    /// Compares layers, which are computed in one plan, with sums in double precision.
    private func check(
        _ settings: [Setting], on device: any Device, _ result: (Setting) throws -> (Tensor, [Double])
    ) throws {
        let results = try settings.map(result)
        let found = try Tensor.doubles(results.map(\.0), on: device)
        for (number, setting) in settings.enumerated() {
            Numbers.expectClose(found[number], results[number].1, setting.text)
        }
    }

    @Test(arguments: TestDevice.all)
    func conv2d(_ on: TestDevice) throws {
        let settings = [
            Setting(), Setting(padding: 1), Setting(kernel: 4, stride: 2, padding: 1), Setting(padding: 2, dilation: 2),
            Setting(kernel: 1), Setting(kernel: 1, stride: 2), Setting(kernel: 5, stride: 3, padding: 2),
        ]
        try check(settings, on: on.device) { try conv2d(on, $0) }
    }

    private func conv2d(_ on: TestDevice, _ s: Setting) throws -> (Tensor, [Double]) {
        let layer = try Conv2d(
            c, d, kernel: s.kernel, stride: s.stride, padding: s.padding, dilation: s.dilation)
        let placed = try Placed(layer, on: on.device)
        let x = Numbers.noise(n * h * w * c, seed: 4)
        let (weight, bias) = (try layer.weight.read().doubles, try #require(try layer.bias?.read()).doubles)
        let size = { (extent: Int) in (extent + 2 * s.padding - s.dilation * (s.kernel - 1) - 1) / s.stride + 1 }
        let (oh, ow) = (size(h), size(w))
        var expected = (0..<(n * oh * ow * d)).map { bias[$0 % d] }
        for image in 0..<n {
            pairs(s, small: (oh, ow), large: (h, w)) { tap, out, pixel in
                for k in 0..<c {
                    for l in 0..<d {
                        expected[((image * oh + out.0) * ow + out.1) * d + l] +=
                            Double(x[((image * h + pixel.0) * w + pixel.1) * c + k]) * weight[(tap * c + k) * d + l]
                    }
                }
            }
        }
        return (try placed.part(Tensor(x, shape: [n, h, w, c]), Context()), expected)
    }

    @Test(arguments: TestDevice.all)
    func convTranspose2d(_ on: TestDevice) throws {
        let settings = [
            Setting(kernel: 4, stride: 2, padding: 1), Setting(), Setting(stride: 2, padding: 1, extra: 1),
            Setting(stride: 2, dilation: 2), Setting(kernel: 1), Setting(kernel: 2, stride: 2),
        ]
        try check(settings, on: on.device) { try convTranspose2d(on, $0) }
    }

    private func convTranspose2d(_ on: TestDevice, _ s: Setting) throws -> (Tensor, [Double]) {
        let layer = try ConvTranspose2d(
            c, d, kernel: s.kernel, stride: s.stride, padding: s.padding, dilation: s.dilation, extra: s.extra)
        let placed = try Placed(layer, on: on.device)
        let x = Numbers.noise(n * h * w * c, seed: 5)
        let (weight, bias) = (try layer.weight.read().doubles, try #require(try layer.bias?.read()).doubles)
        let size = { (extent: Int) in
            (extent - 1) * s.stride - 2 * s.padding + s.dilation * (s.kernel - 1) + 1 + s.extra
        }
        let (oh, ow) = (size(h), size(w))
        var expected = (0..<(n * oh * ow * d)).map { bias[$0 % d] }
        for image in 0..<n {
            pairs(s, small: (h, w), large: (oh, ow)) { tap, pixel, out in
                for k in 0..<c {
                    for l in 0..<d {
                        expected[((image * oh + out.0) * ow + out.1) * d + l] +=
                            Double(x[((image * h + pixel.0) * w + pixel.1) * c + k]) * weight[(tap * d + l) * c + k]
                    }
                }
            }
        }
        let y = try placed.part(Tensor(x, shape: [n, h, w, c]), Context())
        #expect(y.shape == [n, oh, ow, d])
        return (y, expected)
    }

    @Test(arguments: TestDevice.all, MaskedConv2d.Mask.allCases)
    func maskedConv2d(_ on: TestDevice, _ mask: MaskedConv2d.Mask) throws {
        let layer = try MaskedConv2d(c, d, kernel: 5, mask: mask)
        let placed = try Placed(layer, on: on.device)
        let x = Numbers.noise(n * h * w * c, seed: 6)
        let (weight, bias) = (try layer.weight.read().doubles, try #require(try layer.bias?.read()).doubles)
        var expected = (0..<(n * h * w * d)).map { bias[$0 % d] }
        let taps = mask == .a ? 12 : 13
        try #require(layer.weight.shape == [taps, c, d])
        for image in 0..<n {
            pairs(Setting(kernel: 5, padding: 2), small: (h, w), large: (h, w)) { tap, out, pixel in
                guard tap < taps else { return }
                for k in 0..<c {
                    for l in 0..<d {
                        expected[((image * h + out.0) * w + out.1) * d + l] +=
                            Double(x[((image * h + pixel.0) * w + pixel.1) * c + k]) * weight[(tap * c + k) * d + l]
                    }
                }
            }
        }
        Numbers.expectClose(try placed(x, [n, h, w, c]), expected)
    }

    /// A change of one pixel reaches only later ones; with mask A the pixel itself is not among them.
    @Test(arguments: TestDevice.all, MaskedConv2d.Mask.allCases)
    func masksKeepRasterOrder(_ on: TestDevice, _ mask: MaskedConv2d.Mask) throws {
        let placed = try Placed(MaskedConv2d(1, 1, kernel: 3, mask: mask), on: on.device)
        var x = Numbers.noise(h * w, seed: 7)
        let before = try placed(x, [1, h, w, 1])
        let pixel = 3 * w + 2
        x[pixel] += 1
        let after = try placed(x, [1, h, w, 1])
        let changed = (0..<(h * w)).filter { before[$0] != after[$0] }
        #expect(changed == (mask == .b ? [pixel] : []) + [pixel + 1, pixel + w - 1, pixel + w, pixel + w + 1])
    }

    /// At the pixel itself, a group of outputs sees the groups of inputs before it, with mask B its own too; elsewhere all.
    @Test(arguments: MaskedConv2d.Mask.allCases, [(4, 6, 1), (3, 8, 2), (7, 3, 1)])
    func masksKeepTheOrderOfChannels(
        _ mask: MaskedConv2d.Mask, _ sizes: (inputs: Int, outputs: Int, parts: Int)
    ) throws {
        let (inputs, outputs, parts) = sizes
        let layer = try MaskedConv2d(
            inputs, outputs, kernel: (1, 3), mask: mask, groups: 3, parts: parts)
        let placed = try Placed(layer, on: TestDevice.first)
        let x = Numbers.noise(3 * inputs, seed: 8)
        let before = try placed(x, [1, 1, 3, inputs])
        for input in 0..<inputs {
            var changed = x
            changed[inputs + input] += 1
            let after = try placed(changed, [1, 1, 3, inputs])
            for output in 0..<outputs {
                let part = outputs / parts
                let (from, to) = (input * 3 / inputs, output % part * 3 / part)
                let isSeen = [false, from < to || mask == .b && from == to, true]
                for pixel in 0..<3 {
                    let place = pixel * outputs + output
                    #expect((before[place] != after[place]) == isSeen[pixel], "\(input) to \(output) at \(pixel)")
                }
            }
        }
        #expect(throws: LayerError.self) { try MaskedConv2d(2, 6, kernel: 3, mask: mask, groups: 3) }
        #expect(throws: LayerError.self) { try MaskedConv2d(6, 6, kernel: (1, 3), mask: mask, groups: 4, parts: 2) }
        #expect(throws: LayerError.self) { try MaskedConv2d(3, 7, kernel: (1, 3), mask: mask, groups: 3, parts: 2) }
    }

    @Test func tapsOfOneRowAndOfTheRowsAbove() throws {
        let tap = { ConvolutionWindow.Tap(dy: $0, dx: $1) }
        #expect(try MaskedConv2d.taps(kernel: (1, 5), mask: .a) == [tap(0, -2), tap(0, -1)])
        #expect(
            try MaskedConv2d.taps(kernel: (3, 3), mask: .b) == [
                tap(-1, -1), tap(-1, 0), tap(-1, 1), tap(0, -1), tap(0, 0),
            ])
        #expect(try MaskedConv2d.taps(kernel: (1, 1), mask: .b) == [tap(0, 0)])
        #expect(
            try MaskedConv2d.taps(kernel: (3, 3), mask: .b, dilation: 2) == [
                tap(-2, -2), tap(-2, 0), tap(-2, 2), tap(0, -2), tap(0, 0),
            ])
    }

    @Test func refusesAnotherNumberOfChannels() throws {
        let placed = try Placed(Conv2d(3, 2, kernel: 3), on: TestDevice.first)
        #expect(throws: TensorError.self) { try placed([Float](repeating: 0, count: 32), [1, 4, 4, 2]) }
        #expect(throws: TensorError.self) { try placed([Float](repeating: 0, count: 12), [1, 2, 2, 3]) }
    }
}
