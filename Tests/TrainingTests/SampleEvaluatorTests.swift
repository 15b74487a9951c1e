import Datasets
import Foundation
import Layers
import Models
import Tensors
import Testing
import Training

extension TrainingTests {
    /// Figures of generated images, and what training brings them to.
    @Suite("Evaluation of games")
    struct SampleEvaluatorTests {
        private let data: DatasetSplits

        init() throws { data = try DatasetCatalog.load("digits") }

        private func evaluator(_ model: any AdversarialModel, on target: TestTarget, count: Int = 10_000) throws
            -> SampleEvaluator
        {
            try SampleEvaluator(
                for: model, data: data, on: target.device, count: count, cache: ClassifierCache(folder: nil))
        }

        @Test("a small network learns to draw digits", arguments: TestTarget.all)
        func learns(on target: TestTarget) throws {
            let model = try smallGame("dcgan", data.train, ["channels": "16", "latent": "16"])
            var configuration = TrainingConfiguration(.steps(1000), batchSize: 32, learningRate: .constant(1e-3))
            configuration.checkpointSteps = 10_000
            let bare = try data.withoutLabels()
            let trainer = try Trainer(model, data: bare, configuration: configuration, on: target.device)
            let measure = try evaluator(model, on: target)
            let before = try measure.evaluate(model)
            var told: [String] = []
            let result = try trainer.train { if case .warning(_, let text) = $0 { told.append(text) } }
            let after = try measure.evaluate(model)

            let (first, last) = (try #require(before.term("fid")), try #require(after.term("fid")))
            // Untrained it is about 33, trained about 2, and that of other real images 0.9.
            #expect(last < 5 && last < 0.2 * first)
            #expect(try #require(after.term("kid")) < 0.3 * #require(before.term("kid")))
            #expect(try #require(before.term("diversity")) < 0.3)
            #expect((0.6..<1.4).contains(try #require(after.term("diversity"))))
            #expect(told.isEmpty, "\(told)")
            // Without labels a run knows how its images vary, and no distances.
            #expect(result.test?.term("fid") == nil)
            #expect(result.test?.term("diversity") == after.term("diversity"))

            // All images of one code: far from the digits again.
            for (name, parameter) in model.generatorPart.namedParameters() where name == "project.weight" {
                try parameter.write([Float](repeating: 0, count: parameter.count))
            }
            let broken = try measure.evaluate(model)
            #expect(try #require(broken.term("fid")) > 4 * last)
        }

        @Test("a network with classes learns to draw the one that it is told")
        func learnsClasses() throws {
            let target = TestTarget(device: try TestTarget.cpu)
            let model = try smallGame("dcgan", data.train, ["channels": "16", "latent": "16", "classes": "10"])
            let configuration = TrainingConfiguration(.steps(800), batchSize: 32, learningRate: .constant(1e-3))
            // Without test images the run itself measures nothing.
            let train = try DatasetSplits(train: data.train, test: data.test.images(0..<0))
            let result = try Trainer(model, data: train, configuration: configuration, on: target.device).train()
            #expect(result.test == nil)
            let figures = try evaluator(model, on: target).evaluate(model)
            // By chance it is a tenth.
            #expect(try #require(figures.term("class_accuracy")) > 0.5)
        }

        @Test("names, floors, repetition")
        func figures() throws {
            let target = TestTarget(device: try TestTarget.cpu)
            let model = try smallGame("gan", data.train, ["classes": "10"])
            _ = try ParameterStore(model, on: target.device, seed: 3)
            let measure = try evaluator(model, on: target, count: 230)
            let figures = try measure.evaluate(model)
            #expect(
                figures.named.map(\.name) == [
                    "fid", "fid_floor", "kid", "kid_error", "kid_floor", "class_accuracy", "diversity", "real_score",
                    "fake_score",
                ])
            #expect(figures.named.allSatisfy { $0.value.isFinite })
            #expect(figures.count == 230 && measure.count == 230 && figures.loss == nil && figures.nats == nil)
            #expect(figures.measure == measure.metrics?.name)
            #expect((0...1).contains(try #require(figures.term("class_accuracy"))))
            let again = try measure.evaluate(model)
            #expect(again.named.map(\.value) == figures.named.map(\.value))

            // Another model, without classes: the same floor, other figures.
            let other = try smallGame("gan", data.train)
            _ = try ParameterStore(other, on: target.device, seed: 4)
            let others = try measure.evaluate(other)
            #expect(others.term("fid_floor") == figures.term("fid_floor"))
            #expect(others.term("kid_floor") == figures.term("kid_floor"))
            #expect(others.term("fid") != figures.term("fid") && others.term("class_accuracy") == nil)
            #expect(try #require(others.term("fid")) > 2 * #require(others.term("fid_floor")))
        }

        @Test("scores are the discriminator's, on images in -1...1")
        func scores() throws {
            let target = TestTarget(device: try TestTarget.cpu)
            let model = try smallGame("gan", data.train)
            _ = try ParameterStore(model, on: target.device, seed: 3)
            let measure = try SampleEvaluator(for: model, data: data.withoutLabels(), on: target.device)
            let figures = try measure.evaluate(model)
            #expect(figures.named.map(\.name) == ["diversity", "real_score", "fake_score"])
            #expect(measure.metrics == nil && figures.count == 297)
            let images = try Tensor(
                data.test.pixels.map { Float($0) / 8 - 1 }, shape: model.images.batchShape(data.test.count))
            let scores = try model.scores(images, Context()).floats(on: target.device)
            let mean = scores.reduce(0.0) { $0 + Double($1) } / Double(scores.count)
            #expect(abs(try #require(figures.term("real_score")) - mean) < 1e-5)
            #expect(figures.term("fake_score") != figures.term("real_score"))
        }

        @Test func tooFewImages() throws {
            let model = try smallGame("gan", data.train)
            let few = try DatasetSplits(train: data.train, test: data.test.images(0..<3))
            #expect(throws: TrainingError.self) { try SampleEvaluator(for: model, data: few, on: TestTarget.cpu) }
        }
    }
}
