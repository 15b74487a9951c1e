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

    @Test("the models that the tool names", arguments: ["autoencoder", "vae", "conv-vae", "iwae"])
    func everyModelBegins(name: String) throws {
        let model = try ModelCatalog.entry(name).model(for: space())
        let device = CPUDevice()
        let store = try ParameterStore(model, on: device, seed: 1)
        let images = try Tensor.full(model.images.batchShape(4), model.isLikelihood ? 0.5 : 1)
        let loss = try model.loss(images, Context(isTraining: true)).values
        #expect(loss.shape == [4])
        // An untrained decoder says one half of every pixel: one bit each, or a squared error of a quarter.
        let expected = model.isLikelihood ? 64 * log(2.0) : 16
        let mean = try Double(loss.mean().scalar(on: device))
        #expect(abs(mean - expected) < 0.1 * expected)
        #expect(store.flat.shape == [model.parameterCount])
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
        let model = try entry.model(for: space(), settings: ["latent": "3", "levels": "4"])
        #expect(model.configuration.settings["latent"] == "3")
        #expect(model.images.levels == 4)
        #expect((model as? any LatentModel)?.latentSize == 3)
        #expect(throws: ModelError.unknownOption(key: "depth", model: name, known: entry.options.map(\.key))) {
            try entry.completed(["depth": "3"])
        }
        for bad in ["", "0", "x", "3.5", "-1", "99999999999999999999"] {
            #expect(throws: ModelError.badOption(key: "latent", expected: "1 to 65536", found: bad)) {
                try entry.model(for: space(), settings: ["latent": bad])
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
        #expect(throws: ModelError.unknownModel("gan", known: ["autoencoder", "vae", "conv-vae", "iwae"])) {
            try ModelCatalog.entry("gan")
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
}
