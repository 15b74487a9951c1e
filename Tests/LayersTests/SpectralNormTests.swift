import Compute
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Spectral normalisation")
struct SpectralNormTests {
    /// A matrix in double precision, row-major.
    private struct Matrix {
        var values: [Double]
        var columns: Int
        var rows: Int { values.count / columns }

        func times(_ u: [Double]) -> [Double] {
            (0..<rows).map { row in u.indices.reduce(0) { $0 + values[row * columns + $1] * u[$1] } }
        }

        func transposedTimes(_ v: [Double]) -> [Double] {
            (0..<columns).map { column in v.indices.reduce(0) { $0 + values[$1 * columns + column] * v[$1] } }
        }

        /// By as many steps of power iteration as it takes.
        var largestSingularValue: Double {
            var u = (0..<columns).map { 1 + Double($0 % 3) }
            for _ in 0..<5000 { u = unit(transposedTimes(times(u))) }
            return length(times(u))
        }
    }

    private static func length(_ x: [Double]) -> Double { dot(x, x).squareRoot() }
    private static func unit(_ x: [Double]) -> [Double] { x.map { $0 / length(x) } }
    private static func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }

    /// What PyTorch's `torch.nn.utils.spectral_norm` does at each call, for the matrix `W = Mᵀ`, outputs first:
    /// `v = normalize(Wᵀ u)`, `u = normalize(W v)`, `σ = u · W v`.
    private struct Iteration {
        var u: [Double]
        var v: [Double] = []
        var norm = 0.0

        mutating func step(_ m: Matrix) {
            v = unit(m.times(u))
            u = unit(m.transposedTimes(v))
            norm = dot(u, m.transposedTimes(v))
        }

        /// Of `Σ seed · M / σ` with respect to `M`, `u` and `v` being constants.
        func gradient(_ m: Matrix, seed: [Double]) -> [Double] {
            let share = dot(seed, m.values) / (norm * norm)
            return seed.indices.map { seed[$0] / norm - share * v[$0 / m.columns] * u[$0 % m.columns] }
        }
    }

    private static func matrix(_ values: [Float], columns: Int) -> Matrix {
        Matrix(values: values.doubles, columns: columns)
    }

    /// Of a convolution: taps, inputs, outputs.
    private let shape = [3, 2, 5]

    @Test("three passes over a changing weight are PyTorch's", arguments: TestDevice.all)
    func iterations(_ on: TestDevice) throws {
        let norm = try Placed(SpectralNorm(columns: 5), on: on.device).part
        let weight = Argument(shape)
        let context = try Context(isTraining: true)
        let seed = Numbers.noise(30, seed: 4)
        let result = try norm(weight.tensor, context)
        let gradient = try gradients(of: result, withRespectTo: [weight.tensor], seed: Tensor(seed, shape: shape))
        let step = try CompiledFunction(on: on.device, results: [result] + gradient, updates: context.updates)
        var reference = Iteration(u: try norm.direction.read().doubles)
        for pass in 0..<3 {
            let values = Numbers.noise(30, seed: UInt64(10 + pass))
            let matrix = Self.matrix(values, columns: 5)
            try weight.set(values, on: on.device)
            try step.run()
            reference.step(matrix)
            Numbers.expectClose(try step.floats(0), matrix.values.map { $0 / reference.norm }, "weight")
            Numbers.expectClose(try step.floats(1), reference.gradient(matrix, seed: seed.doubles), "gradient")
            Numbers.expectClose(try norm.direction.read(), reference.u, "direction")
        }
    }

    @Test("a second call in a pass steps on from the first", arguments: TestDevice.all)
    func twoCalls(_ on: TestDevice) throws {
        let norm = try Placed(SpectralNorm(columns: 5), on: on.device).part
        let values = Numbers.noise(30, seed: 3)
        let matrix = Self.matrix(values, columns: 5)
        let context = try Context(isTraining: true)
        let results = try (0..<2).map { _ in try norm(Tensor(values, shape: shape), context) }
        #expect(context.updates.count == 1)
        var reference = Iteration(u: try norm.direction.read().doubles)
        let step = try CompiledFunction(on: on.device, results: results, updates: context.updates)
        try step.run()
        for call in 0..<2 {
            reference.step(matrix)
            Numbers.expectClose(try step.floats(call), matrix.values.map { $0 / reference.norm }, "call \(call)")
        }
        Numbers.expectClose(try norm.direction.read(), reference.u)
    }

    @Test("outside training the estimate of the kept vector is used, and stays", arguments: TestDevice.all)
    func evaluation(_ on: TestDevice) throws {
        let norm = try Placed(SpectralNorm(columns: 5), on: on.device).part
        // Of any length: nothing has trained yet.
        try norm.direction.write([3, -1, 2, 0.5, 1])
        let values = Numbers.noise(30, seed: 3)
        let matrix = Self.matrix(values, columns: 5)
        let u = Self.unit([3, -1, 2, 0.5, 1])
        let reference = Iteration(u: u, v: Self.unit(matrix.times(u)), norm: Self.length(matrix.times(u)))
        let weight = try Tensor(values, shape: shape)
        let context = try Context()
        let result = try norm(weight, context)
        #expect(context.updates.isEmpty)
        Numbers.expectClose(try result.floats(on: on.device), matrix.values.map { $0 / reference.norm })
        let seed = Numbers.noise(30, seed: 4)
        let gradient = try gradients(of: result, withRespectTo: [weight], seed: Tensor(seed, shape: shape))[0]
        Numbers.expectClose(
            try gradient.floats(on: on.device), reference.gradient(matrix, seed: seed.doubles), "gradient")
    }

    @Test("after some passes the largest singular value is one", arguments: TestDevice.all)
    func convergence(_ on: TestDevice) throws {
        let linear = try Placed(SpectralNormLinear(7, 4), on: on.device).part
        let convolution = try Placed(SpectralNormConv2d(2, 5, kernel: 3, stride: 2, padding: 1), on: on.device).part
        let head = try Placed(SpectralNormLinear(7, 1), on: on.device).part
        for (norm, weight) in [
            (linear.norm, linear.weight), (convolution.norm, convolution.weight), (head.norm, head.weight),
        ] {
            let context = try Context(isTraining: true)
            let pass = try CompiledFunction(
                on: on.device, results: [norm(weight.tensor, context)], updates: context.updates)
            for _ in 0..<40 { try pass.run() }
            for values in [try pass.floats(), try norm(weight.tensor, Context()).floats(on: on.device)] {
                let largest = Self.matrix(values, columns: weight.shape[weight.shape.count - 1]).largestSingularValue
                #expect(abs(largest - 1) < 1e-3, "\(weight.shape): \(largest)")
            }
            #expect(Self.matrix(try weight.read(), columns: norm.direction.count).largestSingularValue > 1.2)
        }
    }

    @Test("layers are the plain ones with another weight", arguments: TestDevice.all)
    func layers(_ on: TestDevice) throws {
        func check(_ layer: some Layer, _ plain: some Layer, _ shape: [Int], by norm: SpectralNorm) throws {
            let (own, other) = (try Placed(layer, on: on.device), try Placed(plain, on: on.device))
            let names = other.store.parameters.map(\.name)
            #expect(own.store.parameters.map(\.name) == names + ["norm.direction"])
            #expect(own.store.flat.shape == other.store.flat.shape)
            let (present, weight) = (try own.store.read(), try #require(own.store.parameters.first).parameter)
            for (entry, values) in zip(other.store.parameters, present) { try entry.parameter.write(values.values) }
            try #require(other.store.parameters.first).parameter.write(
                norm(weight.tensor, Context()).floats(on: on.device))
            let x = Numbers.noise(shape.reduce(1, *), seed: 2)
            Numbers.expectClose(try own(x, shape), try other(x, shape).doubles)
        }
        for bias in [true, false] {
            let linear = try SpectralNormLinear(4, 3, bias: bias)
            try check(linear, Linear(4, 3, bias: bias), [2, 4], by: linear.norm)
            let convolution = try SpectralNormConv2d(2, 3, kernel: 4, stride: 2, padding: 1, bias: bias)
            let plain = try Conv2d(2, 3, kernel: 4, stride: 2, padding: 1, bias: bias)
            try check(convolution, plain, [2, 6, 4, 2], by: convolution.norm)
        }
    }

    @Test func refusesWhatDoesNotFit() throws {
        #expect(throws: LayerError.self) { try SpectralNorm(columns: 0) }
        #expect(throws: LayerError.self) { try SpectralNormLinear(3, 0) }
        #expect(throws: LayerError.self) { try SpectralNormConv2d(3, 2, kernel: 0) }
        let norm = try Placed(SpectralNorm(columns: 5), on: TestDevice.first).part
        #expect(throws: TensorError.self) { try norm(Tensor.zeros([5, 4]), Context()) }
        #expect(throws: TensorError.self) { try norm(Tensor(1), Context()) }
    }
}
