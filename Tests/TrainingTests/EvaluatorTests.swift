import Datasets
import Foundation
import Layers
import Models
import Testing
import Training

extension TrainingTests {
    /// Figures over whole sets, whatever the batches.
    @Suite("Evaluator")
    struct EvaluatorTests {
        private let data: DatasetSplits

        init() throws { data = try DatasetCatalog.load("digits") }

        @Test("every image counts once, whatever the batch", arguments: [1, 7, 100, 297, 1000])
        func batches(size: Int) throws {
            // An autoencoder's loss has nothing random in it.
            let model = try Autoencoder(images: ImageSpace(data.test))
            let device = try TestTarget.cpu
            _ = try ParameterStore(model, on: device, seed: 3)
            let images = try data.test.images(0..<101)
            let figures = try Evaluator(model, on: device, batchSize: size).evaluate(images: images)
            let single = try Evaluator(model, on: device, batchSize: 101).evaluate(images: images)
            #expect(figures.count == 101 && figures.perExample.count == 101)
            for (a, b) in zip(figures.perExample, single.perExample) { #expect(abs(a - b) < 1e-4) }
            #expect(abs(try #require(figures.loss) + figures.perExample.reduce(0, +) / 101) < 1e-9)
            #expect(figures.nats == nil && figures.bitsPerDimension == nil && figures.elbo == nil)
            #expect(figures.term("squared_error") == figures.loss)
        }

        @Test("importance samples tighten the bound, in chunks or at once", arguments: TestTarget.all)
        func importanceSamples(on target: TestTarget) throws {
            let model = try smallVAE(data)
            let trainer = try Trainer(
                model, data: data, configuration: TrainingConfiguration(.epochs(30)), on: target.device)
            try trainer.train()
            let images = try data.test.images(0..<60)
            let plain = try Evaluator(model, on: target.device).evaluate(images: images)
            let nats = try [1, 10, 1000].map {
                try Evaluator(model, on: target.device).evaluate(images: images, importanceSamples: $0).nats ?? .nan
            }
            let elbo = try #require(plain.elbo)
            #expect(abs(nats[0] + elbo) < 0.5)
            #expect(nats[1] < nats[0] - 0.1)
            #expect(nats[2] < nats[1])
            #expect(plain.bitsPerDimension == (plain.nats ?? 0) / (64 * log(2.0)))
            let again = try Evaluator(model, on: target.device).evaluate(images: images, importanceSamples: 10)
            #expect(again.nats == nats[1])
            #expect(again.perExample.count == 60 && again.importanceSamples == 10)
            #expect(abs(nats[1] + again.perExample.reduce(0, +) / 60) < 1e-9)
        }

        @Test("a Bernoulli model is evaluated on one fixed draw")
        func fixedDraw() throws {
            let model = try smallVAE(data)
            let device = try TestTarget.cpu
            _ = try ParameterStore(model, on: device, seed: 3)
            let first = try Evaluator(model, on: device).evaluate(images: data.test)
            let second = try Evaluator(model, on: device).evaluate(images: data.test)
            #expect(first.perExample == second.perExample)
            // The draw is of the data: an evaluation of images that are that draw already gives the same.
            let drawn = try Evaluator(model, on: device).evaluate(images: data.test.binarized(seed: 0))
            #expect(drawn.perExample == first.perExample)
        }

        @Test func noBound() throws {
            let model = try Autoencoder(images: ImageSpace(data.test))
            let device = try TestTarget.cpu
            _ = try ParameterStore(model, on: device)
            #expect(throws: ModelError.self) {
                try Evaluator(model, on: device).evaluate(images: data.test, importanceSamples: 5)
            }
        }
    }
}
