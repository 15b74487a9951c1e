import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Weight normalisation")
struct WeightNormTests {
    struct Setting: Sendable, CustomTestStringConvertible {
        var stride = 1
        var transposed: (y: Int, x: Int)?
        var testDescription: String { "stride \(stride), \(transposed == nil ? "forward" : "transposed")" }

        static let all = [Setting(), Setting(stride: 2), Setting(stride: 2, transposed: (1, 0))]
    }

    private func layer(_ setting: Setting) throws -> WeightNormConv2d {
        let rows = setting.transposed == nil ? -1...0 : 0...1
        let taps = rows.flatMap { dy in (-1...1).map { ConvolutionWindow.Tap(dy: dy, dx: $0) } }
        return try WeightNormConv2d(
            3, 5, window: ConvolutionWindow(sameSizeTaps: taps, stride: setting.stride),
            transposed: setting.transposed, firstDeviation: 0.5)
    }

    @Test("the length of a weight is its scale", arguments: TestDevice.all, Setting.all)
    func weight(_ on: TestDevice, _ setting: Setting) throws {
        let layer = try layer(setting)
        let placed = try Placed(layer, on: on.device)
        let (v, g) = (try layer.direction.read(), try layer.scale.read())
        // [taps, in, out], or transposed [taps, out, in].
        func output(_ place: Int) -> Int { setting.transposed == nil ? place % 5 : place / 3 % 5 }
        var squares = [Double](repeating: 0, count: 5)
        for (place, value) in v.enumerated() { squares[output(place)] += Double(value) * Double(value) }
        let weight = v.enumerated().map { place, value in
            value * g[output(place)] / Float(squares[output(place)].squareRoot())
        }
        let x = Numbers.noise(2 * 5 * 4 * 3, seed: 3)
        let image = try Tensor(x, shape: [2, 5, 4, 3])
        let plain = try Tensor(weight, shape: layer.direction.shape)
        let expected =
            try setting.transposed.map {
                try image.transposeConvolved(plain, window: layer.window, extra: $0)
            } ?? image.convolved(plain, window: layer.window)
        let y = try layer(image, Context())
        // A stride halves and rounds up; the transposed one makes up for it.
        let size = setting.transposed != nil ? [10, 7] : setting.stride == 2 ? [3, 2] : [5, 4]
        #expect(y.shape == [2] + size + [5])
        Numbers.expectClose(
            try y.floats(on: on.device), try (expected + layer.bias.tensor).floats(on: on.device).doubles)
        _ = placed
    }

    @Test("a first batch makes outputs of mean 0 and the asked deviation", arguments: TestDevice.all, Setting.all)
    func initialization(_ on: TestDevice, _ setting: Setting) throws {
        let layer = try layer(setting)
        let placed = try Placed(layer, on: on.device)
        let image = try Tensor(Numbers.noise(2 * 5 * 4 * 3, seed: 3).map { $0 * 7 + 2 }, shape: [2, 5, 4, 3])
        let context = Context(isTraining: true, isInitializing: true, random: try RandomSource(seed: 1))
        let first = try layer(image, context).floats(on: on.device)
        try context.writeFirstValues(on: on.device)
        let later = try layer(image, Context(isTraining: true)).floats(on: on.device)
        Numbers.expectClose(later, first.doubles, tolerance: 1e-5)
        for channel in 0..<5 {
            let values = stride(from: channel, to: later.count, by: 5).map { Double(later[$0]) }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            #expect(abs(mean) < 1e-5 && abs(variance.squareRoot() - 0.5) < 1e-4)
        }
        _ = placed
    }
}
