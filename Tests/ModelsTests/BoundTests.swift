import ComputeCPU
import Foundation
import Layers
import Models
import Tensors
import Testing

/// The bounds on log p(x), against log p(x) itself, which is an integral over one or two latent variables here.
@Suite("Bounds")
struct BoundTests {
    private static let draws = 4000
    private let device = CPUDevice()

    /// Three of the sixteen 2x2 images in black and white.
    private let images: [Float] = [1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0]

    /// log p(x) of each image by the trapezoidal rule over a grid, which for such integrands is exact to many digits.
    private func logEvidence(_ tiny: TinyModel<VAE>) throws -> [Double] {
        let latent = tiny.model.latentSize
        let side = latent == 1 ? 4001 : 401
        let (low, step) = (-8.0, 16.0 / Double(side - 1))
        let axis = (0..<side).map { low + Double($0) * step }
        let codes = latent == 1 ? axis.map { [$0] } : axis.flatMap { x in axis.map { [x, $0] } }
        let tensor = try Tensor(codes.flatMap { $0.map { Float($0) } }, shape: [codes.count, latent])
        let probabilities = try tiny.model.decode(tensor, Context()).floats(on: device)
        let cell = pow(step / (2 * Double.pi).squareRoot(), Double(latent))
        return (0..<3).map { image in
            var evidence = 0.0
            for (number, code) in codes.enumerated() {
                var likelihood = 1.0
                for pixel in 0..<4 {
                    let p = Double(probabilities[number * 4 + pixel])
                    likelihood *= images[image * 4 + pixel] == 1 ? p : 1 - p
                }
                evidence += likelihood * exp(-code.reduce(0) { $0 + $1 * $1 } / 2) * cell
            }
            return log(evidence)
        }
    }

    /// Many draws of the bound with `samples` importance samples, for each image.
    private func bounds(_ tiny: TinyModel<VAE>, samples: Int, draws: Int) throws -> [(mean: Double, error: Double)] {
        let x = try Tensor(images, shape: [3, 2, 2, 1])
        let weights = try tiny.model.logImportanceWeights(x, samples: samples * draws, Context(seed: 11))
        let bound = try weights.reshaped([draws, samples, 3]).logSumExp(axis: 1) - Float(log(Double(samples)))
        let values = try bound.floats(on: device)
        return (0..<3).map { image in statistics((0..<draws).map { values[$0 * 3 + image] }) }
    }

    @Test("ELBO <= IWAE-5 <= IWAE-50 <= log p(x), and the gap closes", arguments: [1, 2])
    func boundsAreOrdered(latent: Int) throws {
        let tiny = try TinyModel<VAE>(
            ImageSpace(height: 2, width: 2, channels: 1, levels: 2), .init(hidden: 8, latent: latent), on: device,
            spread: 3)
        let evidence = try logEvidence(tiny)
        let one = try bounds(tiny, samples: 1, draws: Self.draws)
        let five = try bounds(tiny, samples: 5, draws: Self.draws)
        let fifty = try bounds(tiny, samples: 50, draws: Self.draws)
        let many = try bounds(tiny, samples: 20_000, draws: 4)
        for image in 0..<3 {
            let chain = [one[image], five[image], fifty[image]]
            // Five standard errors: a bound that is not one fails, chance does not.
            for (looser, tighter) in zip(chain, chain.dropFirst()) {
                #expect(looser.mean <= tighter.mean + 5 * (looser.error + tighter.error))
            }
            #expect(fifty[image].mean <= evidence[image] + 5 * fifty[image].error)
            // The model was made so that there is a gap to close.
            #expect(evidence[image] - one[image].mean > 0.5)
            #expect(evidence[image] - fifty[image].mean < 0.35 * (evidence[image] - one[image].mean))
            #expect(abs(many[image].mean - evidence[image]) < 0.05)
        }
    }

    @Test("the two terms of the ELBO add up to the mean log importance weight")
    func termsAgreeWithWeights() throws {
        let tiny = try TinyModel<VAE>(
            ImageSpace(height: 2, width: 2, channels: 1, levels: 2), .init(hidden: 8, latent: 2), on: device)
        let copies = 20_000
        let x = try Tensor(Array(images[0..<4]), shape: [1, 2, 2, 1]).broadcast(to: [copies, 2, 2, 1])
        let loss = try tiny.model.loss(x, Context(seed: 5))
        let bound = statistics(try loss.values.floats(on: device).map { -$0 })
        let weights = try bounds(tiny, samples: 1, draws: copies)[0]
        #expect(abs(bound.mean - weights.mean) < 5 * (bound.error + weights.error))
        #expect(loss.terms.map(\.name) == ["reconstruction", "kl"])
        let sum = try (loss.terms[0].values + loss.terms[1].values).floats(on: device)
        #expect(try loss.values.floats(on: device) == sum)
    }

    @Test("the analytic KL is the Monte Carlo one")
    func divergenceIsExact() throws {
        let tiny = try TinyModel<VAE>(
            ImageSpace(height: 2, width: 2, channels: 1, levels: 2), .init(hidden: 8, latent: 2), on: device, spread: 3)
        // A decoder of zeros gives every image 4 log 1/2, so that what is left of a weight is the divergence.
        for (name, parameter) in tiny.store.parameters where name.hasPrefix("decoder") {
            try parameter.write([Float](repeating: 0, count: parameter.count))
        }
        let x = try Tensor(images, shape: [3, 2, 2, 1])
        let exact = try tiny.model.loss(x, Context()).terms[1].values.floats(on: device)
        let drawn = try bounds(tiny, samples: 1, draws: 40_000)
        for image in 0..<3 {
            #expect(exact[image] > 0.1)
            let divergence = -(drawn[image].mean + 4 * log(2))
            #expect(abs(Double(exact[image]) - divergence) < 5 * drawn[image].error)
        }
    }

    @Test("the loss of the IWAE is minus the logarithm of the mean weight")
    func importanceWeightedLoss() throws {
        let space = try ImageSpace(height: 2, width: 2, channels: 1, levels: 2)
        let tiny = try TinyModel<IWAE>(space, .init(hidden: 8, latent: 2, samples: 5), on: device)
        let x = try Tensor(images, shape: [3, 2, 2, 1])
        let loss = try tiny.model.loss(x, Context(seed: 9)).values.floats(on: device)
        let weights = try tiny.model.logImportanceWeights(x, samples: 5, Context(seed: 9)).floats(on: device)
        for image in 0..<3 {
            let mean = (0..<5).reduce(0.0) { $0 + exp(Double(weights[$1 * 3 + image])) } / 5
            #expect(abs(Double(loss[image]) + log(mean)) < 1e-4)
        }
        // An evaluation tells the parts of the evidence lower bound beside it.
        let evaluation = try tiny.model.evaluation(x, Context(seed: 9))
        #expect(evaluation.terms.map(\.name) == ["reconstruction", "kl"])
    }
}
