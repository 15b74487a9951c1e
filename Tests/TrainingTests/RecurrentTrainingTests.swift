import Compute
import Datasets
import Foundation
import Models
import Testing
import Training

extension TrainingTests {
    /// PixelRNNs learn what only a working recurrence can.
    @Suite("Training PixelRNNs")
    struct RecurrentTrainingTests {
        /// Black images of 3x4 whose second and last pixels are one, white in half of them: a bit of chance to be carried
        /// over two rows and two columns, out of reach of a first kernel of 3.
        private func carriedBit() throws -> DatasetSplits {
            let pixels = (0..<64).flatMap { image -> [UInt8] in
                var pixels = [UInt8](repeating: 0, count: 12)
                (pixels[1], pixels[11]) = (UInt8(image % 2), UInt8(image % 2))
                return pixels
            }
            let set = try ImageDataset(
                name: "carried", shape: ImageShape(height: 3, width: 4, channels: 1), levels: 2, pixels: pixels)
            return try DatasetSplits(train: set, test: set)
        }

        private func model(_ name: String, _ data: DatasetSplits, _ settings: [String: String]) throws -> any LossModel
        {
            let model = try ModelCatalog.entry(name).model(for: ImageSpace(data.train), settings: settings)
            return try #require(model as? any LossModel)
        }

        @Test("a bit is carried", arguments: TestTarget.all, ["row-lstm", "diagonal-bilstm"])
        func carries(on target: TestTarget, name: String) throws {
            let data = try carriedBit()
            let model = try model(name, data, ["hidden": "16", "layers": "1", "kernel": "3"])
            let configuration = TrainingConfiguration(.steps(300), batchSize: 32, learningRate: .constant(2e-2))
            let result = try Trainer(model, data: data, configuration: configuration, on: target.device).train()
            // One bit is the least; without memory two are.
            #expect(try #require(result.test?.nats) < 1.6 * log(2))
        }

        @Test("the digits are learned", arguments: ["row-lstm", "diagonal-bilstm"])
        func digits(name: String) throws {
            let data = try DatasetCatalog.load("digits")
            let model = try model(name, data, ["hidden": "8", "layers": "2", "kernel": "5", "levels": "2"])
            let configuration = TrainingConfiguration(.epochs(6), batchSize: 32, learningRate: .constant(1e-2))
            let result = try Trainer(model, data: data, configuration: configuration, on: TestTarget.cpu).train()
            // A VAE of the digits needs about 24 nats, a small PixelCNN 26.
            #expect(try #require(result.test?.nats) < 24)
        }
    }
}
