import Layers
import Tensors
import TestSupport
import Testing

@Suite("Dropout")
struct DropoutTests {
    private let count = 20_000

    private func run(_ on: TestDevice, rate: Float, training: Bool, seed: UInt64) throws -> [Float] {
        try Dropout(rate)(Tensor.full([count], 3), Context(isTraining: training, seed: seed)).floats(on: on.device)
    }

    @Test(arguments: TestDevice.all, [0.1, 0.5, 0.9] as [Float])
    func dropsAtItsRateAndKeepsTheMean(_ on: TestDevice, rate: Float) throws {
        let values = try run(on, rate: rate, training: true, seed: 1)
        let dropped = values.filter { $0 == 0 }.count
        let error = 5 * (Double(rate) * Double(1 - rate) / Double(count)).squareRoot()
        #expect(abs(Double(dropped) / Double(count) - Double(rate)) < error)
        #expect(values.allSatisfy { $0 == 0 || abs($0 - 3 / (1 - rate)) < 1e-4 })
    }

    @Test(arguments: TestDevice.all)
    func theSeedDecides(_ on: TestDevice) throws {
        let first = try run(on, rate: 0.5, training: true, seed: 1)
        #expect(try run(on, rate: 0.5, training: true, seed: 1) == first)
        #expect(try run(on, rate: 0.5, training: true, seed: 2) != first)
    }

    @Test(arguments: TestDevice.all)
    func twoLayersDropIndependently(_ on: TestDevice) throws {
        let context = try Context(isTraining: true)
        let (a, b) = (
            try Dropout(0.5)(Tensor.ones([count]), context).floats(on: on.device),
            try Dropout(0.5)(Tensor.ones([count]), context).floats(on: on.device)
        )
        let both = zip(a, b).filter { $0 == 0 && $1 == 0 }.count
        #expect(abs(Double(both) / Double(count) - 0.25) < 0.02)
    }

    @Test(arguments: TestDevice.all)
    func identityInEvaluationAndAtRateZero(_ on: TestDevice) throws {
        #expect(try run(on, rate: 0.5, training: false, seed: 1).allSatisfy { $0 == 3 })
        #expect(try run(on, rate: 0, training: true, seed: 1).allSatisfy { $0 == 3 })
    }

    /// What is dropped has no gradient, what is kept has the scale.
    @Test(arguments: TestDevice.all)
    func theGradientIsTheMask(_ on: TestDevice) throws {
        let x = try Tensor(Numbers.noise(100, seed: 1).map { $0 + 2 }, shape: [100])
        let y = try Dropout(0.5)(x, Context(isTraining: true))
        let gradient = try gradients(of: y.sum(), withRespectTo: [x])[0]
        let pair = try Tensor.evaluate([y, gradient], on: on.device).map { try $0.floats(on: on.device) }
        #expect(pair[0].map { $0 == 0 ? 0 : 2 } == pair[1])
        #expect(Set(pair[1]) == [0, 2])
    }
}
