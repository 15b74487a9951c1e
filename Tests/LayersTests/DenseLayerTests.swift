import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Dense layers")
struct DenseLayerTests {
    @Test(arguments: TestDevice.all)
    func linear(_ on: TestDevice) throws {
        let (rows, inputs, outputs) = (6, 5, 7)
        let placed = try Placed(Linear(inputs, outputs), on: on.device)
        let x = Numbers.noise(rows * inputs, seed: 1)
        let (w, b) = (try placed.part.weight.read().doubles, try #require(try placed.part.bias?.read()).doubles)
        var expected: [Double] = []
        for row in 0..<rows {
            for column in 0..<outputs {
                expected.append(
                    b[column] + (0..<inputs).reduce(0) { $0 + Double(x[row * inputs + $1]) * w[$1 * outputs + column] })
            }
        }
        Numbers.expectClose(try placed(x, [rows, inputs]), expected)
        Numbers.expectClose(try placed(x, [2, 3, inputs]), expected, "leading axes are rows")
    }

    @Test func linearRefusesAnotherWidth() throws {
        let placed = try Placed(Linear(3, 2), on: TestDevice.first)
        #expect(throws: TensorError.self) { try placed([1, 2], [1, 2]) }
    }

    @Test(arguments: TestDevice.all)
    func embedding(_ on: TestDevice) throws {
        let placed = try Placed(Embedding(5, 3), on: on.device)
        let table = try placed.part.weight.read()
        let indices: [Int32] = [4, 0, 2, 2, 5, -1]
        let y = try placed.part(Tensor(indices, shape: [2, 3]), Context())
        #expect(y.shape == [2, 3, 3])
        let expected = indices.flatMap { (0..<5) ~= $0 ? Array(table[(Int($0) * 3)..<(Int($0) * 3 + 3)]) : [0, 0, 0] }
        #expect(try y.floats(on: on.device) == expected)
    }

    @Test(arguments: TestDevice.all)
    func embeddingGradientCountsRepeats(_ on: TestDevice) throws {
        let placed = try Placed(Embedding(4, 2), on: on.device)
        let y = try placed.part(Tensor([1, 3, 1] as [Int32], shape: [3]), Context())
        let loss = try (y * Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2])).sum()
        #expect(try placed.store.gradient(of: loss).floats(on: on.device) == [0, 0, 6, 8, 0, 0, 3, 4])
    }

    @Test(arguments: TestDevice.all, [[6], [4, 6]])
    func layerNorm(_ on: TestDevice, shape: [Int]) throws {
        let placed = try Placed(LayerNorm(shape), on: on.device)
        // An offset far from zero, which a variance taken as a difference of squares would not survive.
        let x = Numbers.noise(3 * 4 * 6, seed: 2).map { $0 + 50 }
        let (w, b) = (try placed.part.weight.read().doubles, try placed.part.bias.read().doubles)
        let width = shape.reduce(1, *)
        var expected: [Double] = []
        for start in stride(from: 0, to: x.count, by: width) {
            let row = x[start..<(start + width)].map(Double.init)
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            expected += row.indices.map { (row[$0] - mean) / (variance + 1e-5).squareRoot() * w[$0] + b[$0] }
        }
        // The mean of numbers near 50 is known to some 4e-6.
        Numbers.expectClose(try placed(x, [3, 4, 6]), expected, tolerance: 3e-5)
        #expect(throws: TensorError.self) { try placed(x, [3, 6, 4]) }
    }

    @Test(arguments: TestDevice.all)
    func sequentialComposes(_ on: TestDevice) throws {
        let (first, second) = (try Linear(4, 3), try Linear(3, 2))
        let placed = try Placed(Sequential(Flatten(), first, Activation.tanh, second, Reshape([1, 2])), on: on.device)
        let x = Numbers.noise(5 * 4, seed: 3)
        let (w, b) = (try first.weight.read().doubles, try #require(try first.bias?.read()).doubles)
        let (v, c) = (try second.weight.read().doubles, try #require(try second.bias?.read()).doubles)
        var expected: [Double] = []
        for row in 0..<5 {
            var y = c
            for j in 0..<3 {
                var hidden = b[j]
                for i in 0..<4 { hidden += Double(x[row * 4 + i]) * w[i * 3 + j] }
                for k in 0..<2 { y[k] += tanh(hidden) * v[j * 2 + k] }
            }
            expected += y
        }
        Numbers.expectClose(try placed(x, [5, 2, 2]), expected)
        #expect(try placed.part(Tensor(x, shape: [5, 2, 2]), Context()).shape == [5, 1, 2])
    }

    @Test func reshaping() throws {
        let context = try Context()
        #expect(try Flatten()(Tensor.zeros([3, 2, 4]), context).shape == [3, 8])
        #expect(try Flatten()(Tensor.zeros([3]), context).shape == [3, 1])
        #expect(try Reshape([2, 2, 2])(Tensor.zeros([3, 8]), context).shape == [3, 2, 2, 2])
        #expect(throws: TensorError.self) { try Reshape([3])(Tensor.zeros([3, 8]), context) }
        #expect(throws: TensorError.self) { try Flatten()(Tensor(1), context) }
    }
}
