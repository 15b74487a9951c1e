import ComputeCPU
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The gradient of each model's loss with respect to every parameter, by finite differences in double precision.
@Suite("Loss gradients")
struct LossGradientTests {
    private func check<Model: GenerativeModel>(
        _ type: Model.Type, levels: Int, _ configuration: Model.Configuration, side: Int = 2
    ) throws {
        let space = try ImageSpace(height: side, width: side, channels: 1, levels: levels)
        let tiny = try TinyModel<Model>(space, configuration, on: CPUDevice(), spread: 1)
        var random = TestRandom(seed: 4)
        let pixels = (0..<3 * space.dimensions).map { _ in UInt8(random.int(0..<levels)) }
        let images = try Tensor(pixels, shape: space.batchShape(3)).unitValues(levels: levels)
        let scalar = try tiny.model.loss(images, Context(isTraining: true, seed: 2)).values.mean()
        let values = try tiny.store.flat.read().map(Double.init)
        func evaluate(_ tensor: Tensor, at values: [Double]) throws -> [Double] {
            let parameters = ReferenceArray(shape: [values.count], dtype: .float32, values: values)
            let interpreter = ReferenceInterpreter(replacing: [.init(tiny.store.flat): parameters])
            return try interpreter.evaluate([tensor])[0].values
        }
        let slopes = try evaluate(tiny.store.gradient(of: scalar), at: values)
        let largest = slopes.map(abs).max() ?? 0
        #expect(largest > 0.01)
        for element in values.indices {
            func height(_ distance: Double) throws -> Double {
                var moved = values
                moved[element] += distance
                return try evaluate(scalar, at: moved)[0]
            }
            let coarse = (try height(2e-4) - height(-2e-4)) / 4e-4
            let fine = (try height(1e-4) - height(-1e-4)) / 2e-4
            let difference = (4 * fine - coarse) / 3
            #expect(abs(slopes[element] - difference) < 1e-6 * largest, "element \(element)")
        }
    }

    @Test(arguments: PixelDistribution.allCases)
    func vae(decoder: PixelDistribution) throws {
        let configuration = VAE.Configuration(hidden: 5, latent: 2, decoder: decoder)
        try check(VAE.self, levels: decoder == .bernoulli ? 2 : 5, configuration)
    }

    @Test func iwae() throws {
        try check(IWAE.self, levels: 2, .init(hidden: 5, latent: 2, samples: 3))
    }

    @Test func autoencoder() throws {
        var configuration = Autoencoder.Configuration()
        (configuration.hidden, configuration.latent) = (5, 2)
        try check(Autoencoder.self, levels: 5, configuration)
    }

    @Test func convolutional() throws {
        var configuration = ConvolutionalVAE.Configuration()
        (configuration.channels, configuration.stages, configuration.hidden, configuration.latent) = (2, 2, 4, 2)
        try check(ConvolutionalVAE.self, levels: 2, configuration, side: 5)
    }
}
