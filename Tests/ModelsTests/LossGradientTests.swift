import ComputeCPU
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The gradient of each model's loss with respect to its parameters, by finite differences in double precision.
@Suite("Loss gradients")
struct LossGradientTests {
    private func check<Model: LossModel>(
        _ type: Model.Type, levels: Int, _ configuration: Model.Configuration, side: Int = 2, channels: Int = 1,
        labels: [Int32]? = nil, noise: Float = 0, every step: Int = 1
    ) throws {
        let space = try ImageSpace(height: side, width: side, channels: channels, levels: levels)
        let tiny = try TinyModel<Model>(space, configuration, on: CPUDevice(), spread: 1)
        if noise > 0 { try tiny.scatter(noise) }
        var random = TestRandom(seed: 4)
        let pixels = (0..<3 * space.dimensions).map { _ in UInt8(random.int(0..<levels)) }
        let images = try Tensor(pixels, shape: space.batchShape(3)).unitValues(levels: levels)
        let context = try Context(isTraining: true, seed: 2)
        context.labels = try labels.map { try Tensor($0, shape: [$0.count]) }
        let scalar = try tiny.model.loss(images, context).values.mean()
        let values = try tiny.store.flat.read().map(Double.init)
        func evaluate(_ tensor: Tensor, at values: [Double]) throws -> [Double] {
            let parameters = ReferenceArray(shape: [values.count], dtype: .float32, values: values)
            let interpreter = ReferenceInterpreter(replacing: [.init(tiny.store.flat): parameters])
            return try interpreter.evaluate([tensor])[0].values
        }
        let slopes = try evaluate(tiny.store.gradient(of: scalar), at: values)
        let largest = slopes.map(abs).max() ?? 0
        #expect(largest > 0.01)
        for element in stride(from: 0, to: values.count, by: step) {
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

    @Test("masked weights of colour channels included", arguments: [(2, 1), (2, 3), (3, 2)])
    func pixelCNN(levels: Int, channels: Int) throws {
        var configuration = PixelCNN.Configuration()
        (configuration.hidden, configuration.blocks, configuration.kernel) = (channels, 1, 3)
        try check(PixelCNN.self, levels: levels, configuration, channels: channels, noise: 0.3)
    }

    @Test(arguments: [1, 2])
    func gatedPixelCNN(channels: Int) throws {
        var configuration = GatedPixelCNN.Configuration()
        (configuration.hidden, configuration.layers, configuration.kernel) = (2, 2, 3)
        configuration.classes = 2
        try check(
            GatedPixelCNN.self, levels: 2, configuration, channels: channels, labels: [1, 0, 1], noise: 0.3)
    }

    @Test(arguments: [1, 3])
    func pixelCNNPlusPlus(channels: Int) throws {
        var configuration = PixelCNNPlusPlus.Configuration()
        (configuration.filters, configuration.components, configuration.resolutions) = (2, 2, 2)
        configuration.dropout = 0.25
        try check(PixelCNNPlusPlus.self, levels: 5, configuration, side: 3, channels: channels, noise: 0.3, every: 13)
    }

    @Test("weights between channels that must not meet get no gradient at all")
    func maskedWeightsStay() throws {
        var configuration = PixelCNN.Configuration()
        (configuration.hidden, configuration.blocks, configuration.kernel) = (3, 1, 3)
        let space = try ImageSpace(height: 3, width: 3, channels: 3, levels: 2)
        let tiny = try TinyModel<PixelCNN>(space, configuration, on: CPUDevice())
        try tiny.scatter(0.5)
        let images = try Tensor([0, 1, 1].flatMap { [Float](repeating: $0, count: 27) }, shape: [3, 3, 3, 3])
        let loss = try tiny.model.loss(images, Context()).values.mean()
        let weights = Dictionary(uniqueKeysWithValues: tiny.store.parameters.map { ($0.name, $0.parameter) })
        for (name, mask) in [("first", MaskedConv2d.Mask.a), ("blocks.0.masked", .b), ("last.1", .b)] {
            let weight = try #require(weights["\(name).weight"])
            let slopes = try gradients(of: loss, withRespectTo: [weight.tensor])[0].floats(on: tiny.device)
            let (inputs, outputs) = (weight.shape[1], weight.shape[2])
            let centre = weight.count - inputs * outputs
            for input in 0..<inputs {
                for output in 0..<outputs {
                    let (from, to) = (input * 3 / inputs, output * 3 / outputs)
                    let isOpen = from < to || from == to && mask == .b
                    let slope = slopes[centre + input * outputs + output]
                    if !isOpen { #expect(slope == 0, "\(name) from \(input) to \(output)") }
                }
            }
            #expect(slopes.contains { $0 != 0 })
        }
    }
}
