import ComputeCPU
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The two networks: their sizes, what images they make, what they refuse.
@Suite("Networks of games")
struct GameNetworkTests {
    private let device = CPUDevice()

    private func space(_ height: Int, _ width: Int, _ channels: Int = 1) throws -> ImageSpace {
        try ImageSpace(height: height, width: width, channels: channels, levels: 256)
    }

    @Test("the networks of the DCGAN paper")
    func paperSizes() throws {
        let model = try DCGAN(images: space(64, 64, 3))
        let convolutions = 16 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
        let generator = 100 * 4 * 4 * 512 + 2 * (512 + 256 + 128 + 64) + convolutions + 3
        #expect(model.generatorPart.parameterCount == generator)
        #expect(model.discriminatorPart.parameterCount == convolutions + 64 + 2 * (128 + 256 + 512) + 4 * 4 * 512 + 1)
        #expect(model.latentSize == 100 && model.rules.loss == .nonSaturating)
    }

    @Test(
        "maps are halved down to at least four",
        arguments: [
            (28, 28, 1, [4, 4], 3), (32, 32, 3, [4, 4], 3), (64, 64, 1, [4, 4], 4), (8, 8, 1, [4, 4], 1),
            (12, 20, 2, [6, 10], 1), (24, 16, 1, [6, 4], 2), (7, 10, 1, [4, 5], 1), (13, 14, 1, [4, 4], 2),
        ])
    func maps(height: Int, width: Int, channels: Int, smallest: [Int], stages: Int) throws {
        var configuration = DCGAN.Configuration()
        (configuration.latent, configuration.channels) = (3, 2)
        let model = try DCGAN(images: space(height, width, channels), configuration: configuration)
        let store = try ParameterStore(model, on: device, seed: 1)
        let shapes = Dictionary(uniqueKeysWithValues: store.parameters.map { ($0.name, $0.parameter.shape) })
        let features = smallest[0] * smallest[1] * (2 << (stages - 1))
        #expect(shapes["generator.project.weight"] == [3, features])
        #expect(shapes["discriminator.score.weight"] == [features, 1])
        for part in ["generator.convolutions", "discriminator.network.convolutions"] {
            #expect(shapes.keys.filter { $0.hasPrefix(part) && $0.hasSuffix("weight") }.count == stages)
        }
        // Codes far from zero reach the ends of the range and no farther.
        let codes = try Context(seed: 2).random.normal([4, 3]) * 100
        let images = try model.generated(codes, Context())
        #expect(images.shape == [4, height, width, channels])
        let values = try images.floats(on: device)
        #expect(values.allSatisfy { (-1...1).contains($0) } && values.contains { $0 < 0 } && values.contains { $0 > 0 })
        #expect(try model.scores(images, Context()).floats(on: device).count == 4)
        let decoded = try model.decode(codes, Context()).floats(on: device)
        for (value, image) in zip(decoded, values) { #expect(abs(value - (image + 1) / 2) < 1e-6) }
    }

    @Test("sizes that are too small to be halved", arguments: [(5, 9), (6, 6), (6, 32), (1, 1)])
    func badSizes(height: Int, width: Int) throws {
        let found = "\(height)x\(width); set network=mlp"
        #expect {
            try DCGAN(images: space(height, width))
        } throws: { error in
            guard case ModelError.badImages(_, found) = error else { return false }
            return true
        }
        // A perceptron takes them.
        let model = try GAN(images: space(height, width, 2))
        _ = try ParameterStore(model, on: device, seed: 1)
        #expect(try model.samples(2, drawingPixels: false, Context()).shape == [2, height, width, 2])
    }

    @Test(
        "a gradient penalty and batch normalisation",
        arguments: [("wgan-gp", ["normalization": "batch"]), ("dcgan", ["penalty": "1"]), ("wgan", ["penalty": "10"])])
    func penaltyWithBatchStatistics(name: String, settings: [String: String]) throws {
        #expect {
            try ModelCatalog.entry(name).model(for: space(8, 8), settings: settings)
        } throws: { error in
            guard case ModelError.badOption("normalization", _, "batch") = error else { return false }
            return true
        }
    }

    @Test("the families' defaults")
    func defaults() throws {
        func rules(_ name: String, _ settings: [String: String] = [:]) throws -> GameRules {
            try TinyGame(name, settings, on: device).model.rules
        }
        let wgan = try rules("wgan")
        #expect(wgan.loss == .wasserstein && wgan.weightClip == 0.01 && wgan.discriminatorSteps == 5)
        #expect(wgan.gradientPenalty == 0 && wgan.optimizer is RMSProp)
        let penalty = try rules("wgan-gp")
        #expect(penalty.loss == .wasserstein && penalty.weightClip == nil && penalty.discriminatorSteps == 5)
        #expect(penalty.gradientPenalty == 10 && penalty.optimizer is Adam)
        let gan = try rules("gan", ["smoothing": "0.1", "steps": "3", "noise": "0.2", "clip": "0.5"])
        #expect(gan.loss == .nonSaturating && gan.realTarget == 0.9 && gan.discriminatorSteps == 3)
        #expect(gan.instanceNoise == 0.2 && gan.weightClip == 0.5)
    }

    @Test("a class changes the image and its score, and that of no other image", arguments: ["conv", "mlp"])
    func classes(network: String) throws {
        let game = try TinyGame("gan", ["network": network, "classes": "3"], on: device)
        let codes = try Context(seed: 5).random.normal([1, 3]).broadcast(to: [4, 3])
        let images = try game.images(1).broadcast(to: game.model.images.batchShape(4))
        func results(_ labels: [Int32]) throws -> (images: [Float], scores: [Float]) {
            let context = try Context()
            context.labels = try Tensor(labels, shape: [4])
            return (
                try game.model.generated(codes, context).floats(on: device),
                try game.model.scores(images, context).floats(on: device)
            )
        }
        let (drawn, scores) = try results([0, 1, 2, 1])
        let rows = (0..<4).map { Array(drawn[$0 * 64..<($0 + 1) * 64]) }
        #expect(Set(rows[..<3]).count == 3 && rows[1] == rows[3])
        #expect(Set(scores[..<3]).count == 3 && scores[1] == scores[3])
        let other = try results([2, 1, 2, 1])
        #expect(Array(other.images[64...]) == Array(drawn[64...]) && Array(other.images[..<64]) != rows[0])
        #expect(Array(other.scores[1...]) == Array(scores[1...]) && other.scores[0] != scores[0])
        // Without labels there is no telling.
        #expect(throws: ModelError.self) { try game.model.generated(codes, Context()) }
        #expect(throws: ModelError.self) { try game.model.scores(images, Context()) }
    }

    @Test(
        "the parts share no parameter and hold them all", arguments: ["gan", "dcgan", "wgan", "wgan-gp"],
        ["none", "spectral"])
    func parts(name: String, normalization: String) throws {
        let game = try TinyGame(name, ["normalization": normalization, "classes": "2"], side: 16, on: device)
        func parameters(_ module: any Module) -> Set<ObjectIdentifier> {
            Set(module.namedParameters().map { ObjectIdentifier($0.parameter) })
        }
        let (generator, discriminator) = (
            parameters(game.model.generatorPart), parameters(game.model.discriminatorPart)
        )
        #expect(generator.isDisjoint(with: discriminator))
        #expect(generator.union(discriminator) == parameters(game.model))
        // The first group is the generator's.
        #expect(
            game.store.groups.map(\.flat.shape[0])
                == [game.model.generatorPart, game.model.discriminatorPart].map(
                    \.parameterCount))
    }
}
