import Foundation
import Layers
import Tensors
import TestSupport
import Testing

/// What a wrong gradient could not reach.
@Suite("Learning")
struct LearningTests {
    /// One compiled training step over all the data, run `steps` times.
    /// - Returns: the last loss.
    private func train(
        _ store: ParameterStore, _ optimizer: any Optimizer, rate: Float, steps: Int, updates: [Update] = [],
        loss: Tensor
    ) throws -> Float {
        let state = try OptimizerState(optimizer, of: store.flat)
        let step = Argument([])
        let all =
            try updates
            + state.updates(
                gradient: store.gradient(of: loss), learningRate: Tensor(rate), step: step.tensor)
        let function = try CompiledFunction(on: store.device, results: [loss], updates: all)
        for number in 1...steps {
            try step.set([Float(number)], on: store.device)
            try function.run()
        }
        return try function.floats()[0]
    }

    @Test(arguments: TestDevice.all)
    func twoMoons(_ on: TestDevice) throws {
        var random = TestRandom(seed: 5)
        let count = 200
        var (points, targets): ([Float], [Float]) = ([], [])
        for index in 0..<count {
            let angle = random.float(0...Float.pi)
            let isUpper = index % 2 == 0
            points += [
                (isUpper ? cos(angle) : 1 - cos(angle)) + random.float(-0.08...0.08),
                (isUpper ? sin(angle) : 0.5 - sin(angle)) + random.float(-0.08...0.08),
            ]
            targets.append(isUpper ? 1 : 0)
        }
        let model = try Sequential(
            Linear(2, 32), Activation.relu, Linear(32, 32), Activation.silu, Linear(32, 1))
        let store = try ParameterStore(model, on: on.device, seed: 1)
        let logits = try model(Tensor(points, shape: [count, 2]), Context(isTraining: true))
        let loss = try Loss.binaryCrossEntropy(logits: logits, targets: Tensor(targets, shape: [count, 1]))
        let first = try loss.scalar(on: on.device)
        let last = try train(store, Adam(), rate: 0.01, steps: 300, loss: loss)
        #expect(first > 0.6)
        #expect(last < 0.02)
    }

    /// Through a masked convolution, batch statistics and a transposed convolution: an autoencoder of random images.
    @Test(arguments: TestDevice.all)
    func convolutionsLearn(_ on: TestDevice) throws {
        let x = try Tensor(Numbers.noise(8 * 4 * 4, seed: 8), shape: [8, 4, 4, 1])
        let model = try Sequential(
            Conv2d(1, 16, kernel: 3, padding: 1), BatchNorm2d(16), Activation.leakyReLU(slope: 0.1),
            MaskedConv2d(16, 16, kernel: 3, mask: .b), Activation.elu, Conv2d(16, 24, kernel: 4, stride: 2, padding: 1),
            LayerNorm(24), Activation.gelu, ConvTranspose2d(24, 1, kernel: 4, stride: 2, padding: 1))
        let store = try ParameterStore(model, on: on.device, seed: 1)
        let context = try Context(isTraining: true)
        let loss = try Loss.squaredError(model(x, context), x)
        let first = try loss.scalar(on: on.device)
        let last = try train(store, Adam(), rate: 0.01, steps: 300, updates: context.updates, loss: loss)
        #expect(first > 0.2)
        #expect(last < 0.005)
    }

    /// Gradient descent reaches the solution of the normal equations.
    @Test(arguments: TestDevice.all)
    func linearRegression(_ on: TestDevice) throws {
        let (rows, inputs) = (40, 3)
        let x = Numbers.noise(rows * inputs, seed: 9)
        let noise = Numbers.noise(rows, seed: 10)
        let y = (0..<rows).map { row in
            let signal: Float = 2 * x[row * 3] - x[row * 3 + 1] + 0.5 * x[row * 3 + 2]
            return signal + 0.3 + 0.2 * noise[row]
        }
        let model = try Linear(inputs, 1)
        let store = try ParameterStore(model, on: on.device, seed: 1)
        let prediction = try model(Tensor(x, shape: [rows, inputs]), Context(isTraining: true))
        let loss = try Loss.squaredError(prediction, Tensor(y, shape: [rows, 1]))
        _ = try train(store, SGD(momentum: 0.9), rate: 0.1, steps: 400, loss: loss)

        // The columns of x and one of ones; elimination without pivoting, as the matrix is positive definite.
        let columns = (0..<4).map { column in
            (0..<rows).map { column < 3 ? Double(x[$0 * 3 + column]) : 1 }
        }
        let sides = columns + [y.doubles]
        var matrix = columns.map { a in sides.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } }
        for pivot in 0..<4 {
            for row in 0..<4 where row != pivot {
                let factor = matrix[row][pivot] / matrix[pivot][pivot]
                for column in 0..<5 { matrix[row][column] -= factor * matrix[pivot][column] }
            }
        }
        let solution = (0..<4).map { matrix[$0][4] / matrix[$0][$0] }
        Numbers.expectClose(try store.flat.read(), solution, tolerance: 1e-4)
    }
}
