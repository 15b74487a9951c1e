import Compute
import Layers
import Tensors
import TestSupport
import Testing

/// Both normalisations send back `dx = (h - mean(h) - x̂ · mean(h · x̂)) / σ`, with `h` the gradient of the normalised
/// numbers `x̂`, over whatever is normalised together.
@Suite("Gradients of normalisation")
struct NormalizationGradientTests {
    private let rows = 6
    private let columns = 4

    private func expected(_ x: [Double], _ h: [Double]) -> [Double] {
        let count = Double(x.count)
        let mean = x.reduce(0, +) / count
        let deviation = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count + 1e-5).squareRoot()
        let normalized = x.map { ($0 - mean) / deviation }
        let (first, second) = (h.reduce(0, +) / count, zip(h, normalized).reduce(0) { $0 + $1.0 * $1.1 } / count)
        return x.indices.map { (h[$0] - first - normalized[$0] * second) / deviation }
    }

    private func gradient(_ layer: some Layer, _ x: [Float], _ seed: [Float], on device: any Device) throws -> [Float] {
        let input = try Tensor(x, shape: [rows, columns])
        let y = try layer(input, Context(isTraining: true))
        return try gradients(of: y, withRespectTo: [input], seed: Tensor(seed, shape: [rows, columns]))[0]
            .floats(on: device)
    }

    @Test(arguments: TestDevice.all)
    func layerNorm(_ on: TestDevice) throws {
        let placed = try Placed(LayerNorm(columns), on: on.device)
        let (x, seed) = (Numbers.noise(rows * columns, seed: 1), Numbers.noise(rows * columns, seed: 2))
        let weight = try placed.part.weight.read().doubles
        let dx = (0..<rows).flatMap { row in
            let range = (row * columns)..<((row + 1) * columns)
            return expected(x[range].map(Double.init), zip(seed[range], weight).map { Double($0) * $1 })
        }
        Numbers.expectClose(try gradient(placed.part, x, seed, on: on.device), dx, tolerance: 2e-5)
    }

    @Test(arguments: TestDevice.all)
    func batchNorm(_ on: TestDevice) throws {
        let placed = try Placed(BatchNorm2d(columns), on: on.device)
        let (x, seed) = (Numbers.noise(rows * columns, seed: 3), Numbers.noise(rows * columns, seed: 4))
        let weight = try placed.part.weight.read().doubles
        let channels = (0..<columns).map { column in
            let indices = (0..<rows).map { $0 * columns + column }
            return expected(indices.map { Double(x[$0]) }, indices.map { Double(seed[$0]) * weight[column] })
        }
        let dx = (0..<(rows * columns)).map { channels[$0 % columns][$0 / columns] }
        Numbers.expectClose(try gradient(placed.part, x, seed, on: on.device), dx, tolerance: 2e-5)
    }
}
