import Compute
import Layers
import Tensors
import TestSupport
import Testing

/// The recurrent layers of images against their equations, whole and in parts.
@Suite("Recurrence over images")
struct ImageRecurrenceTests {
    private let count = 2
    private let rows = 3
    private let width = 4
    private let inputs = 5
    private let hidden = 2

    private var image: Tensor {
        get throws {
            try Tensor(Numbers.noise(count * rows * width * inputs, seed: 1), shape: [count, rows, width, inputs])
        }
    }

    /// What comes from the inputs, an array for each image.
    private func gates(_ layer: MaskedConv2d, _ x: Tensor, on device: any Device) throws -> [PlainRecurrence] {
        let all = try layer(x, Context()).floats(on: device).doubles
        let size = all.count / count
        return (0..<count).map {
            PlainRecurrence(
                rows: rows, width: width, hidden: hidden, gates: Array(all[$0 * size..<($0 + 1) * size]))
        }
    }

    private func mirrored(_ values: [Double]) -> [Double] {
        var result: [Double] = []
        for row in 0..<rows {
            for column in (0..<width).reversed() {
                let start = (row * width + column) * hidden
                result += values[start..<start + hidden]
            }
        }
        return result
    }

    @Test(arguments: TestDevice.all)
    func rowLSTM(_ on: TestDevice) throws {
        let placed = try Placed(RowLSTM(inputs, hidden: hidden), on: on.device)
        let result = try placed.part(image, above: nil, Context())
        let weight = try placed.part.stateWeight.read().doubles
        let plain = try gates(placed.part.inputToState, image, on: on.device).map {
            $0.run(weight, neighbours: [(-1, -1), (-1, 0), (-1, 1)], past: (-1, 0))
        }
        Numbers.expectClose(try result.output.floats(on: on.device), plain.flatMap(\.outputs))
        let last = (rows - 1) * width * hidden
        Numbers.expectClose(try result.state[0].floats(on: on.device), plain.flatMap { $0.outputs[last...] })
        Numbers.expectClose(try result.state[1].floats(on: on.device), plain.flatMap { $0.cells[last...] })
    }

    @Test(arguments: TestDevice.all)
    func diagonalBiLSTM(_ on: TestDevice) throws {
        let placed = try Placed(DiagonalBiLSTM(inputs, hidden: hidden), on: on.device)
        let result = try placed.part(image, above: nil, Context())
        func outputs(_ direction: DiagonalLSTM, _ x: Tensor) throws -> [[Double]] {
            let weight = try direction.stateWeight.read().doubles
            return try gates(direction.inputToState, x, on: on.device).map {
                $0.run(weight, neighbours: [(-1, 0), (0, -1)], past: (0, -1)).outputs
            }
        }
        let right = try outputs(placed.part.rightward, image)
        let left = try outputs(placed.part.leftward, image.flipped([2]))
        // The second direction's own output, one row further down.
        let row = width * hidden
        let sums = zip(right, left).flatMap { right, left in
            let shifted = [Double](repeating: 0, count: row) + mirrored(left).dropLast(row)
            return zip(right, shifted).map { $0 + $1 }
        }
        Numbers.expectClose(try result.output.floats(on: on.device), sums)
        let last = (rows - 1) * row
        Numbers.expectClose(try result.state[0].floats(on: on.device), right.flatMap { $0[last...] })
        Numbers.expectClose(try result.state[1].floats(on: on.device), left.flatMap { $0[last...] })
    }

    @Test("rows in parts, with the state handed on", arguments: [[1, 1, 1], [1, 2], [2, 1]])
    func parts(sizes: [Int]) throws {
        let device = TestDevice.first
        func check(_ layer: some RowRecurrence) throws {
            let placed = try Placed(layer, on: device)
            let whole = try placed.part(image, above: nil, Context())
            var (state, start, outputs): ([Tensor]?, Int, [Tensor]) = (nil, 0, [])
            for size in sizes {
                let part = try image.sliced(start..<start + size, axis: 1)
                let result = try placed.part(part, above: state, Context())
                outputs.append(result.output)
                (state, start) = (result.state, start + size)
            }
            for (found, expected) in zip(
                [try Tensor.concatenate(outputs, axis: 1)] + (state ?? []), [whole.output] + whole.state)
            {
                #expect(found.shape == expected.shape)
                Numbers.expectClose(
                    try found.floats(on: device), try expected.floats(on: device).doubles, tolerance: 1e-6)
            }
        }
        try check(RowLSTM(inputs, hidden: hidden))
        try check(DiagonalBiLSTM(inputs, hidden: hidden))
    }

    @Test("gradients of all weights and of the input, by finite differences")
    func gradients() throws {
        func check(_ layer: some RowRecurrence, above: Bool) throws {
            let fed = Fed(layer, inputs: [[1, 3, 3, 2], [1, 3, 2], [1, 3, 2]])
            try fed.check { inputs, layer in
                let result = try layer(inputs[0], above: above ? [inputs[1], inputs[2]] : nil, Context())
                return [result.output] + result.state
            }
        }
        for above in [false, true] {
            try check(RowLSTM(2, hidden: 2), above: above)
            try check(DiagonalBiLSTM(2, hidden: 2), above: above)
        }
    }

    @Test func sizesOutOfRange() {
        #expect(throws: LayerError.self) { try RowLSTM(2, hidden: 0) }
        #expect(throws: LayerError.self) { try RowLSTM(2, hidden: 2, kernel: 2) }
        #expect(throws: LayerError.self) { try DiagonalBiLSTM(2, hidden: 0) }
        #expect(throws: LayerError.self) { try DiagonalBiLSTM(2, hidden: 2, groups: 3) }
    }
}
