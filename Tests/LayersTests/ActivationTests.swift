import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Activations")
struct ActivationTests {
    struct Case: Sendable {
        let activation: Activation
        let value: @Sendable (Double) -> Double
        let slope: @Sendable (Double) -> Double
    }

    private static let logistic: @Sendable (Double) -> Double = { 1 / (1 + exp(-$0)) }
    /// Slopes at zero are PyTorch's.
    static let cases: [Case] = [
        Case(activation: .identity, value: { $0 }, slope: { _ in 1 }),
        Case(activation: .relu, value: { max($0, 0) }, slope: { $0 > 0 ? 1 : 0 }),
        Case(
            activation: .leakyReLU(slope: 0.2), value: { $0 > 0 ? $0 : Double(Float(0.2)) * $0 },
            slope: { $0 > 0 ? 1 : Double(Float(0.2)) }),
        Case(
            activation: .leakyReLU(slope: 1.5), value: { $0 > 0 ? $0 : 1.5 * $0 }, slope: { $0 > 0 ? 1 : 1.5 }),
        Case(activation: .elu, value: { $0 > 0 ? $0 : expm1($0) }, slope: { $0 > 0 ? 1 : exp($0) }),
        Case(
            activation: .gelu, value: { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) },
            slope: { 0.5 * erfc(-$0 / 2.0.squareRoot()) + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot() }),
        Case(
            activation: .silu, value: { $0 * logistic($0) },
            slope: { logistic($0) * (1 + $0 * (1 - logistic($0))) }),
        Case(activation: .tanh, value: { tanh($0) }, slope: { 1 - tanh($0) * tanh($0) }),
        Case(activation: .sigmoid, value: logistic, slope: { logistic($0) * logistic(-$0) }),
        Case(activation: .softplus, value: { max($0, 0) + log1p(exp(-abs($0))) }, slope: logistic),
    ]

    @Test(arguments: TestDevice.all)
    func valuesAndSlopes(_ on: TestDevice) throws {
        let points: [Float] = [-80, -20, -5, -2, -1, -0.5, -1e-3, 0, 1e-3, 0.25, 1, 2, 5, 20, 80]
        let x = try Tensor(points, shape: [points.count])
        let results = try Self.cases.flatMap { entry in
            let y = try entry.activation(x)
            return try [y, gradients(of: y.sum(), withRespectTo: [x])[0], entry.activation(x, Context())]
        }
        let found = try Tensor.doubles(results, on: on.device)
        for (number, entry) in Self.cases.enumerated() {
            let (y, slope, again) = (found[3 * number], found[3 * number + 1], found[3 * number + 2])
            Numbers.expectClose(
                y, points.doubles.map(entry.value), tolerance: 2e-6, "values of \(entry.activation)")
            Numbers.expectClose(
                slope, points.doubles.map(entry.slope), tolerance: 2e-6, "slopes of \(entry.activation)")
            #expect(again == y, "\(entry.activation)")
        }
    }
}
