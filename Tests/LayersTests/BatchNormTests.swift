import Layers
import Tensors
import TestSupport
import Testing

@Suite("Batch normalisation")
struct BatchNormTests {
    /// Running statistics and outputs over several batches, in double precision.
    private struct Reference {
        var mean: [Double]
        var variance: [Double]

        init(channels: Int) {
            mean = .init(repeating: 0, count: channels)
            variance = .init(repeating: 1, count: channels)
        }

        mutating func train(_ x: [Float], weight: [Double], bias: [Double]) -> [Double] {
            let channels = weight.count
            let samples = x.count / channels
            var y = [Double](repeating: 0, count: x.count)
            for channel in 0..<channels {
                let values = (0..<samples).map { Double(x[$0 * channels + channel]) }
                let mean = values.reduce(0, +) / Double(samples)
                let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                for (index, value) in values.enumerated() {
                    y[index * channels + channel] =
                        (value - mean) / (squares / Double(samples) + 1e-5).squareRoot() * weight[channel]
                        + bias[channel]
                }
                self.mean[channel] = 0.9 * self.mean[channel] + 0.1 * mean
                variance[channel] = 0.9 * variance[channel] + 0.1 * squares / Double(samples - 1)
            }
            return y
        }

        func evaluate(_ x: [Float], weight: [Double], bias: [Double]) -> [Double] {
            x.enumerated().map { index, value in
                let channel = index % weight.count
                return (Double(value) - mean[channel]) / (variance[channel] + 1e-5).squareRoot() * weight[channel]
                    + bias[channel]
            }
        }
    }

    @Test(arguments: TestDevice.all)
    func trainsAndEvaluates(_ on: TestDevice) throws {
        let layer = try BatchNorm2d(4)
        let placed = try Placed(layer, on: on.device)
        let (w, b) = (try layer.weight.read().doubles, try layer.bias.read().doubles)
        let shape = [2, 3, 5, 4]
        let x = Argument(shape)
        let context = try Context(isTraining: true)
        let step = try CompiledFunction(
            on: on.device, results: [layer(x.tensor, context)], updates: context.updates)
        var reference = Reference(channels: 4)
        for seed in 0..<3 {
            let values = Numbers.noise(120, seed: UInt64(seed)).map { $0 * Float(seed + 1) + 10 }
            try x.set(values, on: on.device)
            try step.run()
            Numbers.expectClose(try step.floats(), reference.train(values, weight: w, bias: b), tolerance: 5e-5)
        }
        Numbers.expectClose(try layer.runningMean.read(), reference.mean, "running mean")
        Numbers.expectClose(try layer.runningVariance.read(), reference.variance, "running variance")

        let test = Numbers.noise(120, seed: 9)
        let before = try layer.runningMean.read()
        Numbers.expectClose(try placed(test, shape), reference.evaluate(test, weight: w, bias: b), tolerance: 5e-5)
        #expect(try layer.runningMean.read() == before)
    }

    /// Real and generated images go through one discriminator in one step: both move the statistics, in order.
    @Test(arguments: TestDevice.all)
    func twoCallsInOneStepMoveTheStatisticsTwice(_ on: TestDevice) throws {
        let layer = try BatchNorm2d(2)
        let placed = try Placed(layer, on: on.device)
        let (w, b) = (try layer.weight.read().doubles, try layer.bias.read().doubles)
        let (first, second) = (Numbers.noise(16, seed: 1), Numbers.noise(16, seed: 2).map { $0 + 3 })
        let context = try Context(isTraining: true)
        let results = try [first, second].map { try layer(Tensor($0, shape: [8, 2]), context) }
        #expect(context.updates.count == 2)
        try CompiledFunction(on: placed.store.device, results: results, updates: context.updates).run()
        var reference = Reference(channels: 2)
        _ = reference.train(first, weight: w, bias: b)
        _ = reference.train(second, weight: w, bias: b)
        Numbers.expectClose(try layer.runningMean.read(), reference.mean)
        Numbers.expectClose(try layer.runningVariance.read(), reference.variance)
    }

    @Test func runningStatisticsAreNotTrained() throws {
        let placed = try Placed(BatchNorm2d(3), on: TestDevice.first)
        #expect(placed.store.flat.shape == [6])
    }

    @Test func refusesWhatHasNoVariance() throws {
        let placed = try Placed(BatchNorm2d(3), on: TestDevice.first)
        #expect(throws: TensorError.self) { try placed([1, 2, 3], [1, 3], training: true) }
        #expect(throws: TensorError.self) { try placed([1, 2, 3, 4], [2, 2]) }
        #expect(try placed([1, 2, 3], [1, 3]).count == 3)
    }
}
