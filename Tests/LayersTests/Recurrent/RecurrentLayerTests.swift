import Compute
import Layers
import Tensors
import TestSupport
import Testing

/// LSTM and GRU against PyTorch, by finite differences, and in parts.
@Suite("Recurrent layers")
struct RecurrentLayerTests {
    private let steps = 3
    private let count = 2
    private let inputs = 3
    private let hidden = 2

    /// A matrix of PyTorch's, [rows, columns], transposed.
    private func transposed<Number>(_ values: [Number], rows: Int) -> [Number] {
        let columns = values.count / rows
        return (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
    }

    private func pattern(_ shape: [Int], seed: Int) throws -> Tensor {
        try Tensor(TorchRecurrence.pattern(shape.reduce(1, *), seed: seed), shape: shape)
    }

    /// Runs a layer as the script of `TorchRecurrence` does, and compares everything.
    /// - Parameter parameters: with the gradient that PyTorch has for each.
    private func compare(
        _ layer: some RecurrentLayer, _ expected: [String: [Double]], _ parameters: [(Parameter, [Double])],
        on device: any Device
    ) throws {
        let x = try pattern([steps, count, inputs], seed: 4)
        let first = try (0..<type(of: layer).stateCount).map { try pattern([count, hidden], seed: 5 + $0) }
        let result = try layer(x, from: first)
        var loss = try (result.outputs * pattern(result.outputs.shape, seed: 7)).sum()
        for (number, part) in result.state.enumerated() {
            loss = try loss + (part * pattern(part.shape, seed: 8 + number)).sum()
        }
        let targets = try [x] + first + parameters.map { try $0.0.tensor }
        let slopes = try gradients(of: loss, withRespectTo: targets)
        var pairs: [(found: Tensor, numbers: [Double]?, what: String)] = [(result.outputs, expected["y"], "outputs")]
        pairs += result.state.enumerated().map { ($1, expected["last\($0)"], "last state \($0)") }
        pairs.append((slopes[0], expected["x"], "gradient of the inputs"))
        pairs += zip(slopes[1...], ["h", "c"].prefix(first.count)).map { ($0, expected[$1], "gradient of \($1)") }
        pairs += zip(slopes[(1 + first.count)...], parameters).map { ($0, $1.1, "gradient of \($1.0.shape)") }
        for (found, pair) in zip(try Tensor.doubles(pairs.map(\.found), on: device), pairs) {
            Numbers.expectClose(found, try #require(pair.numbers), tolerance: 1e-5, pair.what)
        }
    }

    @Test(arguments: TestDevice.all)
    func lstmIsPyTorchs(_ on: TestDevice) throws {
        let placed = try Placed(LSTM(inputs, hidden: hidden), on: on.device)
        let (layer, gates, expected) = (placed.part, 4 * hidden, TorchRecurrence.lstm)
        func gradient(_ name: String) throws -> [Double] { try #require(expected[name]) }
        try layer.inputWeight.write(transposed(TorchRecurrence.pattern(gates * inputs, seed: 0), rows: gates))
        try layer.stateWeight.write(transposed(TorchRecurrence.pattern(gates * hidden, seed: 1), rows: gates))
        try layer.bias.write(
            zip(TorchRecurrence.pattern(gates, seed: 2), TorchRecurrence.pattern(gates, seed: 3)).map(+))
        try compare(
            layer, expected,
            [
                (layer.inputWeight, transposed(gradient("weight_ih_l0"), rows: gates)),
                (layer.stateWeight, transposed(gradient("weight_hh_l0"), rows: gates)),
                (layer.bias, gradient("bias_ih_l0")),
            ], on: on.device)
    }

    @Test(arguments: TestDevice.all)
    func gruIsPyTorchs(_ on: TestDevice) throws {
        let placed = try Placed(GRU(inputs, hidden: hidden), on: on.device)
        let (layer, gates, expected) = (placed.part, 3 * hidden, TorchRecurrence.gru)
        func gradient(_ name: String) throws -> [Double] { try #require(expected[name]) }
        try layer.inputWeight.write(transposed(TorchRecurrence.pattern(gates * inputs, seed: 0), rows: gates))
        try layer.stateWeight.write(transposed(TorchRecurrence.pattern(gates * hidden, seed: 1), rows: gates))
        let (own, state) = (TorchRecurrence.pattern(gates, seed: 2), TorchRecurrence.pattern(gates, seed: 3))
        try layer.bias.write(own.indices.map { own[$0] + ($0 < 2 * hidden ? state[$0] : 0) })
        try layer.stateBias.write(Array(state[(2 * hidden)...]))
        try compare(
            layer, expected,
            [
                (layer.inputWeight, transposed(gradient("weight_ih_l0"), rows: gates)),
                (layer.stateWeight, transposed(gradient("weight_hh_l0"), rows: gates)),
                (layer.bias, gradient("bias_ih_l0")),
                (layer.stateBias, Array(gradient("bias_hh_l0")[(2 * hidden)...])),
            ], on: on.device)
    }

    @Test("gradients of weights, inputs and first states, by finite differences")
    func finiteDifferences() throws {
        func check(_ layer: some RecurrentLayer) throws {
            let states = [[Int]](repeating: [2, 3], count: type(of: layer).stateCount)
            try Fed(layer, inputs: [[4, 2, 2]] + states).check { inputs, layer in
                let result = try layer(inputs[0], from: Array(inputs[1...]))
                return [result.outputs] + result.state
            }
        }
        try check(LSTM(2, hidden: 3))
        try check(GRU(2, hidden: 3))
    }

    @Test("a sequence in two parts, with the state handed on")
    func parts() throws {
        let device = TestDevice.first
        func check(_ layer: some RecurrentLayer) throws {
            let placed = try Placed(layer, on: device)
            let x = try Tensor(Numbers.noise(5 * count * inputs, seed: 3), shape: [5, count, inputs])
            let whole = try placed.part(x, from: nil)
            let first = try placed.part(x.sliced(0..<2, axis: 0), from: nil)
            let second = try placed.part(x.sliced(2..<5, axis: 0), from: first.state)
            let outputs = try Tensor.concatenate([first.outputs, second.outputs])
            let pairs = [(outputs, whole.outputs)] + zip(second.state, whole.state)
            for (found, expected) in pairs {
                Numbers.expectClose(
                    try found.floats(on: device), try expected.floats(on: device).doubles, tolerance: 1e-6)
            }
            // The last output is the state.
            let last = try whole.outputs.sliced(4..<5, axis: 0).floats(on: device)
            #expect(try last == whole.state[0].floats(on: device))
        }
        try check(LSTM(inputs, hidden: hidden))
        try check(GRU(inputs, hidden: hidden))
    }

    @Test func whatDoesNotFit() throws {
        #expect(throws: LayerError.self) { try LSTM(0, hidden: 2) }
        #expect(throws: LayerError.self) { try GRU(2, hidden: 0) }
        let placed = try Placed(LSTM(3, hidden: 2), on: TestDevice.first)
        let x = try Tensor.zeros([4, 2, 3])
        #expect(throws: TensorError.self) { try placed.part(Tensor.zeros([4, 3]), from: nil) }
        #expect(throws: TensorError.self) { try placed.part(x, from: [.zeros([2, 2])]) }
        #expect(throws: TensorError.self) { try placed.part(x, from: [.zeros([2, 2]), .zeros([2, 3])]) }
    }
}
