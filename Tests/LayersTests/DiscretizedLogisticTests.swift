import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("The discretised logistic distribution")
struct DiscretizedLogisticTests {
    /// The log-probability of each level, in double precision.
    private func reference(levels: Int, mean: Double, logScale: Double) -> [Double] {
        let half = 1 / Double(levels - 1)
        // log σ.
        let log1 = { (x: Double) in min(x, 0) - log1p(exp(-abs(x))) }
        return (0..<levels).map { level in
            let x = 2 * Double(level) / Double(levels - 1) - 1
            let (upper, lower) = ((x + half - mean) * exp(-logScale), (x - half - mean) * exp(-logScale))
            if level == 0 { return log1(upper) }
            if level == levels - 1 { return log1(-lower) }
            // On the side where distribution functions are small, so that their difference keeps its digits.
            let (a, b) = lower > 0 ? (log1(-lower), log1(-upper)) : (log1(upper), log1(lower))
            return a + log(-expm1(b - a))
        }
    }

    @Test(arguments: TestDevice.all, [2, 4, 16, 256])
    func matchesDoublePrecision(_ on: TestDevice, levels: Int) throws {
        let x = try Tensor((0..<levels).map { Float(2 * Double($0) / Double(levels - 1) - 1) }, shape: [levels])
        let parameters: [(mean: Float, logScale: Float)] = [
            (0.1, -1.0), (-0.7, -3), (0, 2), (0.999, -6.5), (-3, -4), (5, -2), (0.3, 6),
        ]
        let found = try parameters.map { mean, logScale in
            try DiscretizedLogistic.logLikelihood(x, mean: Tensor(mean), logScale: Tensor(logScale), levels: levels)
        }
        for ((mean, logScale), values) in zip(parameters, try Tensor.doubles(found, on: on.device)) {
            // Arguments as large as 4000 are rounded to Float32 before they are logarithms.
            Numbers.expectClose(
                values, reference(levels: levels, mean: Double(mean), logScale: Double(logScale)), tolerance: 3e-4,
                "mean \(mean), log scale \(logScale)")
            // The levels' probabilities add up to one.
            #expect(abs(values.reduce(0) { $0 + exp($1) } - 1) < 2e-4)
        }
    }

    @Test(arguments: TestDevice.all)
    func gradientsStayFiniteInTheTails(_ on: TestDevice) throws {
        let x = try Tensor([-1, -1, 1, 1, 0, 0.5, -0.25] as [Float], shape: [7])
        let mean = try Tensor([30, -30, -30, 30, 40, 0.5, -40] as [Float], shape: [7])
        let logScale = try Tensor([-7, -30, -7, -7, -6, -20, 60] as [Float], shape: [7])
        let value = try DiscretizedLogistic.logLikelihood(x, mean: mean, logScale: logScale)
        let slopes = try gradients(of: value.sum(), withRespectTo: [mean, logScale])
        let found = try Tensor.doubles([value] + slopes, on: on.device)
        #expect(found.joined().allSatisfy { $0.isFinite })
        // Towards the pixel: the mean is pulled, however far it is.
        let pulls = found[1]
        #expect(pulls[0] < 0 && pulls[2] > 0 && pulls[4] < 0)
    }

    @Test(arguments: TestDevice.all)
    func componentsBroadcast(_ on: TestDevice) throws {
        let x = try Tensor([-1, 0, 1] as [Float], shape: [3, 1])
        let y = try DiscretizedLogistic.logLikelihood(
            x, mean: Tensor([0.2, -0.4] as [Float], shape: [1, 2]),
            logScale: Tensor([-1, -2] as [Float], shape: [1, 2]), levels: 3)
        #expect(y.shape == [3, 2])
        let (a, b) = (reference(levels: 3, mean: 0.2, logScale: -1), reference(levels: 3, mean: -0.4, logScale: -2))
        Numbers.expectClose(try y.floats(on: on.device), (0..<3).flatMap { [a[$0], b[$0]] })
    }

    @Test func refusesOneLevel() {
        #expect(throws: LayerError.self) {
            try DiscretizedLogistic.logLikelihood(Tensor(0), mean: Tensor(0), logScale: Tensor(0), levels: 1)
        }
    }
}
