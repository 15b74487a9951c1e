import Compute
import Datasets
import Layers
import Models
import Testing
import Training

extension TrainingTests {
    /// With trained parameters, too, every sampler draws the same images.
    @Suite("Samplers of trained models")
    struct TrainedSamplerTests {
        private static func model(_ number: Int, _ images: ImageSpace) throws -> any AutoregressiveModel {
            switch number {
            case 0:
                var configuration = PixelCNN.Configuration()
                (configuration.hidden, configuration.blocks, configuration.kernel) = (12, 3, 5)
                return try PixelCNN(images: images, configuration: configuration)
            case 1:
                var configuration = GatedPixelCNN.Configuration()
                (configuration.hidden, configuration.layers, configuration.kernel) = (12, 3, 5)
                configuration.classes = 10
                return try GatedPixelCNN(images: images, configuration: configuration)
            default:
                var configuration = PixelCNNPlusPlus.Configuration()
                (configuration.filters, configuration.resolutions, configuration.components) = (8, 2, 3)
                return try PixelCNNPlusPlus(images: images, configuration: configuration)
            }
        }

        @Test("equal images", arguments: TestTarget.all, [0, 1, 2])
        func equalImages(on target: TestTarget, number: Int) throws {
            let data = try DatasetCatalog.load("digits")
            let model = try Self.model(number, ImageSpace(data.train))
            let configuration = TrainingConfiguration(
                .steps(60), batchSize: 32, learningRate: .constant(5e-3), averageDecay: number == 2 ? 0.99 : nil)
            let result = try Trainer(model, data: data, configuration: configuration, on: target.device).train()
            // Far better than images without any structure, of which each pixel has its own distribution.
            #expect(try #require(result.test?.nats) < 120)
            for seed: UInt64 in [1, 2, 3] {
                let request = SamplingRequest(count: 12, seed: seed)
                func images(_ method: SamplingMethod, isReplayed: Bool = false) throws -> [Float] {
                    try AutoregressiveSampler(model, method: method, on: target.device, isReplayed: isReplayed)
                        .samples(request)
                }
                let naive = try images(.naive)
                #expect(try images(.cached) == naive)
                #expect(try images(.cached, isReplayed: true) == naive)
                #expect(try images(.fixedPoint) == naive)
            }
        }
    }
}
