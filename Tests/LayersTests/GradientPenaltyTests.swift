import Compute
import ComputeCPU
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Gradient penalty")
struct GradientPenaltyTests {
    /// A small critic, and points to penalise it at.
    struct Critic: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Of the points, `[N, ...]`.
        var shape: [Int]
        var make: @Sendable () throws -> Sequential

        static let all = [
            Critic(testDescription: "MLP, tanh", shape: [4, 3]) {
                try Sequential(Linear(3, 5), Activation.tanh, Linear(5, 4), Activation.tanh, Linear(4, 1))
            },
            Critic(testDescription: "MLP, LeakyReLU", shape: [4, 3]) {
                let slope = Activation.leakyReLU(slope: 0.2)
                return try Sequential(Linear(3, 6), slope, Linear(6, 5), slope, Linear(5, 1))
            },
            Critic(testDescription: "MLP, layer normalisation", shape: [4, 3]) {
                try Sequential(Linear(3, 5), LayerNorm(5), Activation.leakyReLU(slope: 0.2), Linear(5, 1))
            },
            Critic(testDescription: "convolutions of stride 2, LeakyReLU and tanh", shape: [2, 6, 5, 1]) {
                try Sequential(
                    Conv2d(1, 2, kernel: 4, stride: 2, padding: 1), Activation.leakyReLU(slope: 0.2),
                    Conv2d(2, 2, kernel: 3, stride: 2, padding: 1), Activation.tanh, Flatten(), Linear(4, 1))
            },
        ]
    }

    /// A critic on a device, with what it says of its points.
    private struct Scene {
        let placed: Placed<Sequential>
        let points: Tensor
        let shape: [Int]

        init(_ critic: Critic, on device: any Device) throws {
            placed = try Placed(critic.make(), on: device)
            shape = critic.shape
            points = try Tensor(Numbers.noise(shape.reduce(1, *), seed: 5), shape: shape)
        }

        func scores(_ x: Tensor) throws -> Tensor {
            try placed.part(x, Context(isTraining: true)).reshaped([shape[0]])
        }

        func penalty() throws -> Tensor { try GradientPenalty.values(at: points, scores: scores) }
    }

    /// The penalty in double precision from values of the critic alone: even its slopes are differences.
    private struct Reference {
        let scores: Tensor
        let points: ReferenceInterpreter.Leaf
        let parameters: ReferenceInterpreter.Leaf
        let pointValues: [Double]
        let parameterValues: [Double]
        let shape: [Int]

        init(_ scene: Scene) throws {
            scores = try scene.scores(scene.points)
            points = .init(scene.points)
            parameters = .init(scene.placed.store.flat)
            pointValues = try scene.points.floats(on: CPUDevice()).doubles
            parameterValues = try scene.placed.store.flat.read().doubles
            shape = scene.shape
        }

        /// `10 (|∂score/∂x| - 1)²` for each example.
        func penalties(_ parameterValues: [Double]) throws -> [Double] {
            let width = pointValues.count / shape[0]
            var squares = [Double](repeating: 0, count: shape[0])
            for element in 0..<width {
                // All examples at once: none changes another's score.
                let slopes = try Self.difference { distance in
                    var moved = pointValues
                    for example in 0..<shape[0] { moved[example * width + element] += distance }
                    return try ReferenceInterpreter(replacing: [
                        points: ReferenceArray(shape: shape, values: moved),
                        parameters: ReferenceArray(shape: [parameterValues.count], values: parameterValues),
                    ]).evaluate([scores])[0].values
                }
                for (example, slope) in slopes.enumerated() { squares[example] += slope * slope }
            }
            return squares.map { 10 * ($0.squareRoot() - 1) * ($0.squareRoot() - 1) }
        }

        /// The slope of the mean penalty along one parameter.
        func slope(_ parameter: Int) throws -> Double {
            try Self.difference { distance in
                var moved = parameterValues
                moved[parameter] += distance
                return [try penalties(moved).reduce(0, +) / Double(shape[0])]
            }[0]
        }

        /// Central differences with Richardson's extrapolation.
        private static func difference(_ height: (Double) throws -> [Double]) throws -> [Double] {
            // Small, so that no unit passes the corner of its activation between the points.
            let step = 4e-5
            let near = try (height(step), height(-step))
            let far = try (height(2 * step), height(-2 * step))
            return near.0.indices.map { index in
                let fine = (near.0[index] - near.1[index]) / (2 * step)
                let coarse = (far.0[index] - far.1[index]) / (4 * step)
                return (4 * fine - coarse) / 3
            }
        }
    }

    /// Penalties, and the slopes of their mean along every parameter: the same for every device.
    private static let expected = Result {
        try Dictionary(
            uniqueKeysWithValues: Critic.all.map { critic in
                let reference = try Reference(Scene(critic, on: CPUDevice()))
                let parameters = reference.parameterValues
                let slopes = try parameters.indices.map { try reference.slope($0) }
                return (critic.testDescription, (penalties: try reference.penalties(parameters), slopes: slopes))
            })
    }

    @Test("double backward: the weights' slopes of the penalty", arguments: TestDevice.all, Critic.all)
    func doubleBackward(_ on: TestDevice, _ critic: Critic) throws {
        let scene = try Scene(critic, on: on.device)
        let penalty = try scene.penalty()
        let gradient = try scene.placed.store.gradient(of: penalty.mean())
        let step = try CompiledFunction(on: on.device, results: [penalty, gradient])
        try step.run()
        let (values, found) = (try step.floats(0), try step.floats(1).doubles)
        let expected = try #require(try Self.expected.get()[critic.testDescription])
        Numbers.expectClose(values, expected.penalties, tolerance: 1e-5, "penalties")
        let largest = expected.slopes.map(abs).max() ?? 0
        #expect(largest > 0.1 && found.count == expected.slopes.count)
        for (place, slope) in expected.slopes.enumerated() {
            #expect(abs(found[place] - slope) <= 1e-5 * largest, "\(place): \(found[place]), differences give \(slope)")
        }
    }

    /// Of `score = w · x`, whose slope is `w` everywhere.
    private func linear(_ weight: [Float], on device: any Device) throws -> (penalties: [Float], slopes: [Float]) {
        let w = try Tensor(weight, shape: [weight.count, 1])
        let points = try Tensor(Numbers.noise(3 * weight.count, seed: 6), shape: [3, weight.count])
        let penalty = try GradientPenalty.values(at: points, lambda: 7) { try $0.matmul(w).reshaped([3]) }
        let slopes = try gradients(of: penalty.mean(), withRespectTo: [w])[0]
        return (try penalty.floats(on: device), try slopes.floats(on: device))
    }

    @Test("a linear critic is penalised for the length of its weight", arguments: TestDevice.all)
    func linearCritic(_ on: TestDevice) throws {
        let weight: [Float] = [0.3, -2, 1.1, 0.7]
        let length = weight.doubles.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let found = try linear(weight, on: on.device)
        Numbers.expectClose(found.penalties, .init(repeating: 7 * (length - 1) * (length - 1), count: 3))
        Numbers.expectClose(found.slopes, weight.doubles.map { 14 * (length - 1) * $0 / length })
    }

    @Test("a critic without slope has a finite gradient", arguments: TestDevice.all)
    func flatCritic(_ on: TestDevice) throws {
        let found = try linear([0, 0], on: on.device)
        Numbers.expectClose(found.penalties, [7, 7, 7])
        #expect(found.slopes == [0, 0])
    }

    @Test("each example has its own place between real and fake", arguments: TestDevice.all)
    func interpolates(_ on: TestDevice) throws {
        let count = 500
        let real = Numbers.noise(count * 6, seed: 8)
        let fake = real.indices.map { real[$0] + Float($0 % 6 + 1) }
        let shape = [count, 3, 1, 2]
        var random = try RandomSource(seed: 11)
        let points = try GradientPenalty.interpolates(
            real: Tensor(real, shape: shape), fake: Tensor(fake, shape: shape), random: &random
        ).floats(on: on.device)
        let places = points.indices.map { Double(points[$0] - real[$0]) / Double($0 % 6 + 1) }
        for example in 0..<count {
            let own = places[(example * 6)..<(example * 6 + 6)]
            #expect(own.allSatisfy { abs($0 - own[example * 6 + 5]) < 1e-6 })
        }
        #expect(places.allSatisfy { $0 > -1e-6 && $0 < 1 + 1e-6 })
        let mean = places.reduce(0, +) / Double(places.count)
        #expect(abs(mean - 0.5) < 5 / Double(12 * count).squareRoot())
        #expect(Set(places.map { Int($0 * 1000) }).count > count / 2)
        // The next batch lies elsewhere.
        let next = try GradientPenalty.interpolates(
            real: Tensor(real, shape: shape), fake: Tensor(fake, shape: shape), random: &random)
        #expect(try next.floats(on: on.device) != points)
    }

    @Test("the generator is not asked to lower the critic's penalty")
    func pointsAreConstants() throws {
        let x = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        let penalty = try GradientPenalty.values(at: x * 2) { try $0.square().sum([1]) }
        // The slope of |x|² is 2x.
        Numbers.expectClose(
            try penalty.floats(on: TestDevice.first),
            [80.0, 400.0].map { 10 * ($0.squareRoot() - 1) * ($0.squareRoot() - 1) })
        #expect(try gradients(of: penalty.sum(), withRespectTo: [x])[0].floats(on: TestDevice.first) == [0, 0, 0, 0])
    }

    @Test func refusesWhatDoesNotFit() throws {
        var random = try RandomSource(seed: 1)
        #expect(throws: TensorError.self) {
            try GradientPenalty.interpolates(real: Tensor.zeros([3, 2]), fake: Tensor.zeros([2, 2]), random: &random)
        }
        #expect(throws: TensorError.self) { try GradientPenalty.values(at: Tensor.zeros([3, 2])) { $0 } }
        #expect(throws: TensorError.self) { try GradientPenalty.values(at: Tensor(1)) { $0 } }
    }
}
