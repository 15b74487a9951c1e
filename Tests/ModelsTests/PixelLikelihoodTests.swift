import ComputeCPU
import Foundation
import Layers
import Models
import Tensors
import Testing

/// Each decoder's distribution of a pixel: its probabilities, and that what is drawn follows them.
@Suite("Pixel likelihoods")
struct PixelLikelihoodTests {
    private static let levels = 5
    private static let outputs: [Float] = [-6, -1, 0.3, 4]
    private let device = CPUDevice()

    private func likelihood(_ distribution: PixelDistribution) throws -> PixelLikelihood {
        let likelihood = PixelLikelihood(
            distribution, levels: distribution == .bernoulli ? 2 : Self.levels)
        _ = try ParameterStore(likelihood, on: device)
        return likelihood
    }

    /// The probability of each level under one output: the mean over the noise of dequantisation, where there is one.
    private func probabilities(_ likelihood: PixelLikelihood, output: Float) throws -> [Double] {
        let noise = 20_000
        return try (0..<likelihood.levels).map { level in
            let pixel = Float(level) / Float(likelihood.levels - 1)
            let images = try Tensor.full([noise, 1], pixel)
            let logs = try likelihood.logLikelihood(
                images, outputs: Tensor.full([noise, 1], output), Context(seed: UInt64(level)))
            return try logs.floats(on: device).reduce(0.0) { $0 + exp(Double($1)) } / Double(noise)
        }
    }

    @Test("the probabilities of all levels sum to one", arguments: [PixelDistribution.bernoulli, .logistic])
    func normalisation(distribution: PixelDistribution) throws {
        let likelihood = try likelihood(distribution)
        for output in Self.outputs {
            let sum = try probabilities(likelihood, output: output).reduce(0, +)
            #expect(abs(sum - 1) < 1e-5)
        }
    }

    @Test("a level's gaussian probability is the mass of its interval")
    func gaussianMass() throws {
        let likelihood = try likelihood(.gaussian)
        func below(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
        for output in Self.outputs {
            let mean = 1 / (1 + exp(-Double(output)))
            let found = try probabilities(likelihood, output: output)
            for level in 0..<Self.levels {
                let low = (Double(level) / Double(Self.levels) - mean) / exp(-2)
                let high = (Double(level + 1) / Double(Self.levels) - mean) / exp(-2)
                #expect(abs(found[level] - (below(high) - below(low))) < 0.02)
            }
        }
    }

    @Test("drawn pixels follow the probabilities", arguments: PixelDistribution.allCases)
    func draws(distribution: PixelDistribution) throws {
        let likelihood = try likelihood(distribution)
        let count = 20_000
        for output in Self.outputs {
            let drawn = try likelihood.draw(Tensor.full([count, 1], output), Context(seed: 21)).floats(on: device)
            var frequencies = [Double](repeating: 0, count: likelihood.levels)
            for value in drawn {
                let level = (value * Float(likelihood.levels - 1)).rounded()
                #expect(abs(value - level / Float(likelihood.levels - 1)) < 1e-6)
                frequencies[Int(level)] += 1 / Double(count)
            }
            var expected = try probabilities(likelihood, output: output)
            if distribution == .gaussian {
                // What lies outside the range is drawn as its ends.
                let mean = 1 / (1 + exp(-Double(output)))
                expected[0] += erfc(mean / exp(-2) / 2.0.squareRoot()) / 2
                expected[Self.levels - 1] += erfc((1 - mean) / exp(-2) / 2.0.squareRoot()) / 2
            }
            for (frequency, probability) in zip(frequencies, expected) {
                #expect(abs(frequency - probability) < 0.025)
            }
        }
    }
}
