import Layers
import Models
import Tensors
import TestSupport
import Testing

struct PointGANTests {
    /// The gradient of both players' losses with respect to their own parameters against finite differences. Not for the
    /// gradient penalty: with ReLU it jumps where a unit turns on or off, which differences see and gradients do not.
    @Test(arguments: PointGANVariant.allCases.filter { $0 != .wganGP })
    func gradientsAreTheLosses(variant: PointGANVariant) throws {
        let device = TestDevices.cpu.device
        let game = try PointGAN(
            rules: variant.rules(), latent: 3, hidden: [16, 16], isSpectral: variant.isSpectral)
        let store = try ParameterStore(game, on: device, seed: 4)
        var random = try RandomSource(seed: 8)
        let real = try GaussianMixture.ring.points(32, random: &random).evaluate(on: device)
        for (group, parameters) in store.groups.enumerated() {
            func loss() throws -> Tensor {
                let context = try Context(isTraining: true, seed: 9)
                let terms =
                    group == 0
                    ? try game.generatorLoss(count: 32, progress: Tensor(0), context)
                    : try game.discriminatorLoss(real, progress: Tensor(0), context)
                return try terms.values.mean()
            }
            let gradient = try parameters.gradient(of: loss()).floats(on: device)
            let values = try parameters.flat.read()
            // The slope along the gradient is its length.
            let length = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(length > 1e-3)
            func moved(_ by: Double) throws -> Double {
                try parameters.flat.write(zip(values, gradient).map { $0 + Float(by / length) * $1 })
                defer { try? parameters.flat.write(values) }
                return Double(try loss().floats(on: device)[0])
            }
            let step = 1e-2
            let slope = try (moved(step) - moved(-step)) / (2 * step)
            #expect(abs(slope - length) < 0.03 * length, "\(variant), group \(group): \(slope), \(length)")
        }
    }

    @Test func partsShareNothingAndHoldAll() throws {
        let game = try PointGAN(rules: PointGANVariant.hinge.rules(), hidden: [8], isSpectral: true)
        #expect(game.generatorPart.parameterCount == 2 * 8 + 8 + 8 * 2 + 2)
        #expect(game.discriminatorPart.parameterCount == 2 * 8 + 8 + 8 * 1 + 1)
        let names = game.namedParameters().map(\.name)
        #expect(names.count == Set(names).count)
        // The two directions of the spectral norms.
        #expect(names.count == 10)
    }
}
