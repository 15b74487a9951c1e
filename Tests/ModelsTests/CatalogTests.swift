import ComputeCPU
import Foundation
import Layers
import Models
import Tensors
import Testing

/// The models by name, with settings by key.
@Suite("Model catalogue")
struct CatalogTests {
    private func space(_ height: Int = 8, _ width: Int = 8, channels: Int = 1, levels: Int = 17) throws -> ImageSpace {
        try ImageSpace(height: height, width: width, channels: channels, levels: levels)
    }

    /// The models that are trained as a game, and so have no loss of their own.
    private static let games = ["gan", "dcgan", "wgan", "wgan-gp"]

    @Test func everyModelIsTrainedOneWay() throws {
        for entry in ModelCatalog.entries {
            let model = try entry.model(for: space())
            #expect((model is any AdversarialModel) == Self.games.contains(entry.name), "\(entry.name)")
            #expect((model is any LossModel) != Self.games.contains(entry.name), "\(entry.name)")
        }
    }

    @Test("the models with a loss", arguments: ModelCatalog.entries.map(\.name).filter { !games.contains($0) })
    func everyModelBegins(name: String) throws {
        let model = try #require(try ModelCatalog.entry(name).model(for: space()) as? any LossModel)
        let device = CPUDevice()
        let store = try ParameterStore(model, on: device, seed: 1)
        let images = try Tensor.full(model.images.batchShape(4), model.isLikelihood ? 0.5 : 1)
        let loss = try model.loss(images, Context(isTraining: true)).values
        #expect(loss.shape == [4])
        // An untrained decoder says one half of every pixel: one bit each, or a squared error of a quarter. An untrained
        // network that has the levels knows next to nothing of which it is.
        let isOfLevels = model is any AutoregressiveModel
        let expected = isOfLevels ? 64 * log(17.0) : model.isLikelihood ? 64 * log(2.0) : 16
        let mean = try Double(loss.mean().scalar(on: device))
        #expect(abs(mean - expected) < (isOfLevels ? 0.4 : 0.1) * expected)
        #expect(model.isExact == isOfLevels)
        #expect(store.flat.shape == [model.parameterCount])
    }

    @Test("the models of a game", arguments: games)
    func everyGameBegins(name: String) throws {
        let model = try #require(try ModelCatalog.entry(name).model(for: space()) as? any AdversarialModel)
        let device = CPUDevice()
        let store = try ParameterStore(model, on: device, seed: 1)
        #expect(store.groups.count == 2)
        #expect(store.groups.map(\.flat.shape[0]).reduce(0, +) == model.parameterCount)
        let images = try Tensor.full(model.images.batchShape(4), 0.5)
        let discriminator = try model.discriminatorLoss(images, progress: Tensor(0), Context(isTraining: true))
        let generator = try model.generatorLoss(count: 4, progress: Tensor(0), Context(isTraining: true))
        #expect(discriminator.values.shape == [4] && generator.values.shape == [4])
        // An untrained discriminator gives everything a score of about zero: one bit for each image that it sees.
        let isBits = model.rules.loss == .nonSaturating
        #expect(abs(try Double(generator.values.mean().scalar(on: device)) - (isBits ? log(2.0) : 0)) < 0.2)
        var mean = try Double(discriminator.values.mean().scalar(on: device))
        if let penalty = discriminator.terms.first(where: { $0.name == "gradient_penalty" }) {
            mean -= try Double(penalty.values.mean().scalar(on: device))
        }
        #expect(abs(mean - (isBits ? 2 * log(2.0) : 0)) < 0.2)
        let drawn = try model.samples(3, drawingPixels: false, Context())
        #expect(drawn.shape == model.images.batchShape(3))
        #expect(try drawn.floats(on: device).allSatisfy { (0...1).contains($0) })
    }

    @Test func defaultsAreThePapers() throws {
        let vae = try VAE(images: space(28, 28, levels: 256))
        #expect(vae.parameterCount == 784 * 400 + 400 + 400 * 40 + 40 + 20 * 400 + 400 + 400 * 784 + 784)
        let iwae = try IWAE(images: space(28, 28, levels: 256))
        let (d, h, z) = (784, 200, 50)
        let encoder = d * h + h + h * h + h + h * 2 * z + 2 * z
        #expect(iwae.parameterCount == encoder + z * h + h + h * h + h + h * d + d)
        #expect(iwae.configuration.samples == 5)
    }

    @Test("settings by key", arguments: ModelCatalog.entries.map(\.name))
    func settings(name: String) throws {
        let entry = try ModelCatalog.entry(name)
        #expect(
            try entry.completed([:])
                == Dictionary(uniqueKeysWithValues: entry.options.map { ($0.key, $0.defaultValue) }))
        let first = try #require(entry.options.first { Int($0.defaultValue) != nil })
        let model = try entry.model(for: space(), settings: [first.key: "3", "levels": "4"])
        #expect(model.configuration.settings[first.key] == "3")
        #expect(model.images.levels == 4)
        #expect(throws: ModelError.unknownOption(key: "depth", model: name, known: entry.options.map(\.key))) {
            try entry.completed(["depth": "3"])
        }
        for bad in ["", "0", "x", "3.5", "-1", "99999999999999999999"] {
            #expect(throws: ModelError.badOption(key: first.key, expected: first.values, found: bad)) {
                try entry.model(for: space(), settings: [first.key: bad])
            }
        }
        #expect(throws: ModelError.badImages(expected: "at least 18 levels", found: "17")) {
            try entry.model(for: space(), settings: ["levels": "18"])
        }
    }

    @Test func settingsMadeInCodeAreChecked() throws {
        var configuration = VAE.Configuration()
        configuration.hidden = -1
        #expect(throws: ModelError.badOption(key: "hidden", expected: "1 to 65536", found: "-1")) {
            try VAE(images: space(), configuration: configuration)
        }
    }

    @Test func unknownModel() {
        #expect(throws: ModelError.unknownModel("glow", known: ModelCatalog.entries.map(\.name))) {
            try ModelCatalog.entry("glow")
        }
    }

    @Test(
        "convolutions take images of any size", arguments: [(8, 8, 1), (28, 28, 1), (7, 9, 1), (5, 32, 3), (4, 4, 2)])
    func convolutionalSizes(height: Int, width: Int, channels: Int) throws {
        var configuration = ConvolutionalVAE.Configuration()
        (configuration.channels, configuration.hidden) = (4, 8)
        let model = try ConvolutionalVAE(
            images: space(height, width, channels: channels), configuration: configuration)
        let device = CPUDevice()
        _ = try ParameterStore(model, on: device, seed: 2)
        let drawn = try model.samples(2, drawingPixels: false, Context())
        #expect(drawn.shape == [2, height, width, channels])
        #expect(try drawn.floats(on: device).allSatisfy { (0...1).contains($0) })
        let loss = try model.loss(Tensor.ones(drawn.shape), Context()).values.floats(on: device)
        #expect(loss.allSatisfy { $0.isFinite })
    }

    @Test func convolutionsNeedPixelsToHalve() throws {
        #expect(throws: ModelError.self) { try ConvolutionalVAE(images: space(3, 8)) }
    }

    @Test func binarisation() throws {
        let device = CPUDevice()
        let levels: [Float] = [0, 0.25, 1]
        let images = try Tensor(levels, shape: [1, 3]).broadcast(to: [10_000, 3])
        let drawn = try binarized(images, Context(seed: 3)).floats(on: device)
        #expect(drawn.allSatisfy { $0 == 0 || $0 == 1 })
        let means = try binarized(images, Context(seed: 3)).mean([0]).floats(on: device)
        #expect(means[0] == 0 && abs(means[1] - 0.25) < 0.02 && means[2] == 1)
    }

    @Test("keys that are odd numbers, fractions or words for none")
    func autoregressiveKeys() throws {
        for (name, key, values) in [
            ("pixelcnn", "kernel", ["4", "1", "x", "65"]), ("pixelcnn++", "dropout", ["1", "-0.1", "nan", "x"]),
            ("pixelcnn++", "resolutions", ["0", "4"]), ("gated-pixelcnn", "classes", ["0", "nil", "257"]),
        ] {
            for value in values {
                #expect {
                    try ModelCatalog.entry(name).completed([key: value])
                } throws: { error in
                    guard case ModelError.badOption(key, _, value) = error else { return false }
                    return true
                }
            }
        }
        let settings = ["classes": "none", "kernel": "3"]
        #expect(try ModelCatalog.entry("gated-pixelcnn").completed(settings)["classes"] == "none")
        #expect(try ModelCatalog.entry("pixelcnn++").completed(["dropout": "0.25"])["dropout"] == "0.25")
        for name in ["pixelcnn", "gated-pixelcnn"] {
            #expect(throws: ModelError.self) {
                try ModelCatalog.entry(name).model(for: space(channels: 3), settings: ["hidden": "2"])
            }
        }
    }

    @Test func aModelWithClassesNeedsLabels() throws {
        let model = try #require(
            try ModelCatalog.entry("gated-pixelcnn").model(for: space(), settings: ["classes": "2"]) as? any LossModel)
        let device = CPUDevice()
        _ = try ParameterStore(model, on: device)
        let images = try Tensor.zeros(model.images.batchShape(2))
        #expect(throws: ModelError.self) { try model.loss(images, Context()) }
        let context = try Context()
        context.labels = try Tensor([0, 1] as [Int32], shape: [2])
        let losses = try model.loss(images, context).values.floats(on: device)
        #expect(losses[0] != losses[1])
    }

    @Test func dropoutIsForTraining() throws {
        let device = CPUDevice()
        let model = try SmallModels.model(.plusPlus, space())
        try SmallModels.place(model, on: device)
        let images = try Tensor.full(model.images.batchShape(1), 0.5)
        func loss(_ context: Context) throws -> Float { try model.loss(images, context).values.scalar(on: device) }
        #expect(try loss(Context(seed: 1)) == loss(Context(seed: 2)))
        #expect(try loss(Context(isTraining: true, seed: 1)) != loss(Context(isTraining: true, seed: 2)))
    }
}
