import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Optimizers")
struct OptimizerTests {
    /// One element's step in double precision: parameter, gradient, what is remembered, learning rate, step.
    typealias Rule = @Sendable (inout Double, Double, inout [Double], Double, Double) -> Void

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let make: @Sendable () throws -> any Optimizer
        let rule: Rule
    }

    static let cases: [Case] = [
        Case(testDescription: "SGD", make: { try SGD() }, rule: { p, g, _, rate, _ in p -= rate * g }),
        Case(
            testDescription: "SGD with momentum and decay", make: { try SGD(momentum: 0.9, weightDecay: 0.1) },
            rule: { p, g, s, rate, _ in
                s[0] = 0.9 * s[0] + g + 0.1 * p
                p -= rate * s[0]
            }),
        Case(
            testDescription: "SGD with Nesterov", make: { try SGD(momentum: 0.8, nesterov: true) },
            rule: { p, g, s, rate, _ in
                s[0] = 0.8 * s[0] + g
                p -= rate * (g + 0.8 * s[0])
            }),
        Case(
            testDescription: "Adam", make: { try Adam() },
            rule: { p, g, s, rate, t in
                adam(&p, g, &s, rate, t, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
            }),
        Case(
            testDescription: "Adam with decay and a large epsilon",
            make: { try Adam(beta1: 0.5, beta2: 0.9, epsilon: 0.1, weightDecay: 0.2) },
            rule: { p, g, s, rate, t in
                adam(&p, g + 0.2 * p, &s, rate, t, beta1: 0.5, beta2: 0.9, epsilon: 0.1)
            }),
        Case(
            testDescription: "Adam without momentum", make: { try Adam(beta1: 0) },
            rule: { p, g, s, rate, t in
                s[0] = 0.999 * s[0] + 0.001 * g * g
                p -= rate * g / ((s[0] / (1 - pow(0.999, t))).squareRoot() + 1e-8)
            }),
        Case(
            testDescription: "AdamW", make: { try Adam.decoupled(weightDecay: 0.3) },
            rule: { p, g, s, rate, t in
                p *= 1 - rate * 0.3
                adam(&p, g, &s, rate, t, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
            }),
        Case(
            testDescription: "RMSProp", make: { try RMSProp(alpha: 0.9, epsilon: 1e-3, weightDecay: 0.1) },
            rule: { p, g, s, rate, _ in
                let g = g + 0.1 * p
                s[0] = 0.9 * s[0] + 0.1 * g * g
                p -= rate * g / (s[0].squareRoot() + 1e-3)
            }),
        Case(
            testDescription: "Adagrad", make: { try Adagrad(learningRateDecay: 0.1, weightDecay: 0.1) },
            rule: { p, g, s, rate, t in
                let g = g + 0.1 * p
                s[0] += g * g
                p -= rate / (1 + (t - 1) * 0.1) * g / (s[0].squareRoot() + 1e-10)
            }),
    ]

    private static func adam(
        _ p: inout Double, _ g: Double, _ s: inout [Double], _ rate: Double, _ t: Double, beta1: Double, beta2: Double,
        epsilon: Double
    ) {
        s[0] = beta1 * s[0] + (1 - beta1) * g
        s[1] = beta2 * s[1] + (1 - beta2) * g * g
        p -= rate / (1 - pow(beta1, t)) * s[0] / ((s[1] / (1 - pow(beta2, t))).squareRoot() + epsilon)
    }

    private static let count = 9

    /// Twenty steps down `Σ c (p - d)²` with a learning rate that changes.
    @Test(arguments: TestDevice.all, cases)
    func followsTheFormula(_ on: TestDevice, _ entry: Case) throws {
        let count = Self.count
        let start = Numbers.noise(count, seed: 1)
        let (c, d) = (Numbers.noise(count, seed: 2).map { $0 + 1.5 }, Numbers.noise(count, seed: 3).map { $0 * 2 })
        let parameters = try Variable(start, shape: [count], on: on.device)
        let state = try OptimizerState(entry.make(), of: parameters)
        let (rate, step) = (Argument([]), Argument([]))
        let gradient = try Tensor(c, shape: [count]) * 2 * (parameters.tensor - Tensor(d, shape: [count]))
        let function = try CompiledFunction(
            on: on.device, results: [],
            updates: state.updates(gradient: gradient, learningRate: rate.tensor, step: step.tensor))

        var p = start.doubles
        var remembered = p.map { _ in [Double](repeating: 0, count: state.state.count) }
        for t in 1...20 {
            let learningRate = Float(0.02 / Double(t).squareRoot())
            try rate.set([learningRate], on: on.device)
            try step.set([Float(t)], on: on.device)
            try function.run()
            for i in 0..<count {
                let gradient = 2 * Double(c[i]) * (p[i] - Double(d[i]))
                entry.rule(&p[i], gradient, &remembered[i], Double(learningRate), Double(t))
            }
            if t == 1 { Numbers.expectClose(try parameters.read(), p, tolerance: 1e-6, "after one step") }
        }
        Numbers.expectClose(try parameters.read(), p, tolerance: 1e-5, "parameters")
        for (index, entry) in state.state.enumerated() {
            Numbers.expectClose(try entry.variable.read(), remembered.map { $0[index] }, tolerance: 1e-5, entry.name)
        }
        #expect(zip(p, start).contains { abs($0 - Double($1)) > 0.01 }, "the parameters moved")
    }

    /// What fades does not end among the subnormal numbers, where multiplying the least by 0.7 gives itself.
    @Test(arguments: TestDevice.all)
    func momentsFadeToZero(_ on: TestDevice) throws {
        let rules: [any Optimizer] = [
            try Adam(beta1: 0.7, beta2: 0.7), try RMSProp(alpha: 0.7), try SGD(momentum: 0.7),
        ]
        for optimizer in rules {
            let parameters = try Variable([1, -2, 3], shape: [3], on: on.device)
            let state = try OptimizerState(optimizer, of: parameters)
            let gradient = Argument([3])
            let function = try CompiledFunction(
                on: on.device, results: [],
                updates: state.updates(gradient: gradient.tensor, learningRate: Tensor(0.1), step: Tensor(1)))
            try gradient.set([Float(1e-18), -1e-18, 1e-18], on: on.device)
            try function.run()
            for entry in state.state { #expect(try entry.variable.read().allSatisfy { $0 != 0 }, "\(optimizer)") }
            try gradient.set([Float](repeating: 0, count: 3), on: on.device)
            for _ in 0..<300 { try function.run() }
            for entry in state.state { #expect(try entry.variable.read().allSatisfy { $0 == 0 }, "\(optimizer)") }
        }
    }

    /// Without an epsilon a moment of zero would divide zero by zero.
    @Test(arguments: TestDevice.all)
    func vanishingMomentsMoveNothing(_ on: TestDevice) throws {
        let start: [Float] = [1, -2, 3]
        let rules: [any Optimizer] = [try Adam(epsilon: 0), try RMSProp(epsilon: 0), try Adagrad(epsilon: 0)]
        for optimizer in rules {
            let parameters = try Variable(start, shape: [3], on: on.device)
            let state = try OptimizerState(optimizer, of: parameters)
            let function = try CompiledFunction(
                on: on.device, results: [],
                updates: state.updates(
                    gradient: Tensor.zeros([3]), learningRate: Tensor(0.1), step: Tensor(1)))
            try function.run()
            #expect(try parameters.read() == start, "\(optimizer)")
        }
    }

    /// However many parameters, one kernel over all of them; Adam's two scalars may take one more.
    @Test(arguments: cases)
    func isOneKernel(_ entry: Case) throws {
        let device = TestDevice.first
        let count = 4096
        let parameters = try Variable(Numbers.noise(count, seed: 1), shape: [count], on: device)
        let state = try OptimizerState(entry.make(), of: parameters)
        let (rate, step, gradient) = (Argument([]), Argument([]), Argument([count]))
        let average = try ExponentialMovingAverage(of: parameters)
        var updates = try state.updates(gradient: gradient.tensor, learningRate: rate.tensor, step: step.tensor)
        updates.append(try average.update(following: updates))
        let function = try CompiledFunction(on: device, results: [], updates: updates)
        // Between the heading and the totals.
        let steps = function.planDescription.split(separator: "\n").dropFirst().dropLast()
        #expect(steps.filter { $0.contains("pointwise") && $0.contains("[\(count)]") }.count == 1)
        #expect(steps.count <= 2, "\(function.planDescription)")
    }

    /// In a whole training step gradients are computed where the optimizer reads them: nothing is gathered or copied.
    @Test func gradientsGoStraightToTheKernel() throws {
        let device = TestDevice.first
        let model = try Sequential(Linear(8, 16), Activation.relu, Linear(16, 3))
        let store = try ParameterStore(model, on: device)
        let loss = try model(Tensor.ones([4, 8]), Context(isTraining: true)).square().mean()
        let updates = try OptimizerState(Adam(), of: store.flat).updates(
            gradient: store.gradient(of: loss), learningRate: Argument([]).tensor, step: Argument([]).tensor)
        let plan = try CompiledFunction(on: device, results: [loss], updates: updates).planDescription
        #expect(plan.split(separator: "\n").filter { $0.contains("[\(model.parameterCount)]") }.count == 1, "\(plan)")
        #expect(!plan.contains("copy"), "\(plan)")
    }

    @Test func stateHasStableNames() throws {
        let parameters = try Variable([1, 2], shape: [2], on: TestDevice.first)
        #expect(try OptimizerState(Adam(), of: parameters).state.map(\.name) == ["firstMoment", "secondMoment"])
        #expect(try OptimizerState(Adam(beta1: 0), of: parameters).state.map(\.name) == ["secondMoment"])
        #expect(try OptimizerState(SGD(), of: parameters).state.isEmpty)
        #expect(try OptimizerState(SGD(momentum: 0.5), of: parameters).state.map(\.name) == ["momentum"])
        #expect(try OptimizerState(RMSProp(), of: parameters).state.map(\.name) == ["secondMoment"])
        #expect(try OptimizerState(Adagrad(), of: parameters).state.map(\.name) == ["squaredSum"])
    }

    @Test func refusesWhatDoesNotFit() throws {
        let parameters = try Variable([1, 2], shape: [2], on: TestDevice.first)
        let state = try OptimizerState(Adam(), of: parameters)
        #expect(throws: TensorError.self) {
            try state.updates(gradient: Tensor.zeros([3]), learningRate: Tensor(1), step: Tensor(1))
        }
        #expect(throws: TensorError.self) {
            try state.updates(gradient: Tensor.zeros([2]), learningRate: Tensor.zeros([2]), step: Tensor(1))
        }
        #expect(throws: LayerError.self) { try Adam(beta1: 1) }
        #expect(throws: LayerError.self) { try SGD(nesterov: true) }
        #expect(throws: LayerError.self) { try RMSProp(alpha: -0.1) }
        #expect(throws: LayerError.self) { try Adagrad(epsilon: -1) }
        #expect(throws: LayerError.self) { try Adam.decoupled(weightDecay: -1) }
    }
}
