import Compute
import Datasets
import Foundation
import Layers
import Models
import Testing
import Training

extension TrainingTests {
    /// What autoregressive models ask of training: grey values to binarise, labels, a first batch, averages.
    @Suite("Training autoregressive models")
    struct AutoregressiveTrainingTests {
        private let data: DatasetSplits

        init() throws { data = try DatasetCatalog.load("digits") }

        /// A set of 4x4 images, each of one grey level and with a label.
        private func plainImages(levels: [UInt8], labels: [UInt8]?) throws -> DatasetSplits {
            let set = try ImageDataset(
                name: "plain", shape: ImageShape(height: 4, width: 4, channels: 1), levels: 17,
                pixels: levels.flatMap { [UInt8](repeating: $0, count: 16) }, labels: labels)
            return try DatasetSplits(train: set, test: set)
        }

        private func pixelCNN(_ images: ImageSpace, levels: Int? = 2) throws -> PixelCNN {
            var configuration = PixelCNN.Configuration()
            (configuration.hidden, configuration.blocks, configuration.levels) = (4, 1, levels)
            return try PixelCNN(images: images, configuration: configuration)
        }

        private func gated(_ images: ImageSpace, classes: Int) throws -> GatedPixelCNN {
            var configuration = GatedPixelCNN.Configuration()
            (configuration.hidden, configuration.layers, configuration.kernel) = (8, 2, 3)
            (configuration.classes, configuration.levels) = (classes, 2)
            return try GatedPixelCNN(images: images, configuration: configuration)
        }

        private func plusPlus(_ images: ImageSpace) throws -> PixelCNNPlusPlus {
            var configuration = PixelCNNPlusPlus.Configuration()
            (configuration.filters, configuration.components, configuration.resolutions) = (4, 2, 2)
            return try PixelCNNPlusPlus(images: images, configuration: configuration)
        }

        @Test("a model of two levels sees black and white drawn from the grey values, anew each step")
        func binarizesGreyValues() throws {
            let grey = try plainImages(levels: [8], labels: nil)
            let model = try pixelCNN(ImageSpace(grey.train))
            var configuration = TrainingConfiguration(.steps(12), batchSize: 1, learningRate: .constant(0))
            configuration.reportSteps = 1
            var losses: Set<Double> = []
            try Trainer(model, data: grey, configuration: configuration, on: TestTarget.cpu).train {
                if case .progress(let progress) = $0 { losses.formUnion(progress.losses.map(\.value)) }
            }
            // Reduced to two levels first, all steps would have seen one and the same image.
            #expect(losses.count == 12)
        }

        @Test("an evaluation sees one fixed draw from the grey values")
        func evaluatesOneDraw() throws {
            let model = try pixelCNN(ImageSpace(data.train))
            let device = try TestTarget.cpu
            _ = try ParameterStore(model, on: device, seed: 3)
            let evaluator = try Evaluator(model, on: device)
            let figures = try evaluator.evaluate(images: data.test)
            #expect(figures.isExact && figures.nats == figures.loss)
            #expect(try evaluator.evaluate(images: data.test.binarized(seed: 0)).perExample == figures.perExample)
            #expect(try evaluator.evaluate(images: data.test.quantized(levels: 2)).perExample != figures.perExample)
        }

        @Test("labels reach training and evaluation", arguments: TestTarget.all)
        func labels(on target: TestTarget) throws {
            // What is black and what is white, only the label says.
            let levels = (0..<40).map { UInt8($0 % 2 * 16) }
            let plain = try plainImages(levels: levels, labels: levels.map { $0 / 16 })
            let model = try gated(ImageSpace(plain.train), classes: 2)
            let configuration = TrainingConfiguration(.steps(80), batchSize: 8, learningRate: .constant(1e-2))
            let result = try Trainer(model, data: plain, configuration: configuration, on: target.device).train()
            // Without the label, one bit is the least.
            #expect(try #require(result.test?.nats) < 0.5 * log(2))
            // The same images with the labels exchanged surprise it.
            let exchanged = try plainImages(levels: levels, labels: levels.map { 1 - $0 / 16 })
            let surprised = try Evaluator(model, on: target.device).evaluate(images: exchanged.test)
            #expect(try #require(surprised.nats) > 2 * log(2))
        }

        @Test func labelsThatDoNotFit() throws {
            let device = try TestTarget.cpu
            let unlabelled = try plainImages(levels: [0, 16], labels: nil)
            let two = try gated(ImageSpace(unlabelled.train), classes: 2)
            #expect(
                throws: TrainingError.dataMismatch(
                    name: "plain", expected: "a label of 0 to 1 with each image", found: "without labels")
            ) {
                try Trainer(two, data: unlabelled, on: device)
            }
            let third = try plainImages(levels: [0, 16], labels: [0, 2])
            #expect(throws: TrainingError.self) { try Trainer(two, data: third, on: device) }
            _ = try ParameterStore(two, on: device)
            #expect(throws: TrainingError.self) { try Evaluator(two, on: device).evaluate(images: third.test) }
        }

        @Test("the first batch decides first values, which the average starts from")
        func initialization() throws {
            let temporary = try TemporaryFolder()
            let folder = RunFolder(temporary.path)
            let model = try plusPlus(ImageSpace(data.train))
            var recipe = PixelCNNPlusPlus.recipe
            recipe.learningRate = 0
            var configuration = TrainingConfiguration(recipe)
            #expect(configuration.averageDecay == 0.9995)
            configuration.length = .steps(3)
            try folder.begin(
                RunDescription(model, data: .init(name: "digits"), training: configuration, device: ""))
            try Trainer(model, data: data, configuration: configuration, on: TestTarget.cpu, folder: folder).train()
            let parameters = Dictionary(
                uniqueKeysWithValues: model.namedParameters().map { ($0.name, $0.parameter) })
            let scales = try parameters.filter { $0.key.hasSuffix("scale") }.flatMap { try $0.value.read() }
            #expect(scales.count > 50 && !scales.contains(1))
            // Nothing was learned at a rate of zero: the average is what the parameters were from the start.
            let kept = try Safetensors(contentsOf: folder.model).byName
            for (name, parameter) in parameters {
                let values = try #require(kept[name]?.values)
                #expect(try zip(values, parameter.read()).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) })
            }
        }

        @Test("a resumed run of an averaged model is the uninterrupted one, bit for bit")
        func resumes() throws {
            let device = try TestTarget.cpu
            let temporary = try TemporaryFolder()
            func train(_ name: String, steps: Int) throws {
                let folder = RunFolder("\(temporary.path)/\(name)")
                let model = try plusPlus(ImageSpace(data.train))
                var configuration = TrainingConfiguration(PixelCNNPlusPlus.recipe)
                configuration.length = .steps(steps)
                let trainer = try Trainer(
                    model, data: data, configuration: configuration, on: device, folder: folder)
                if folder.holdsRun {
                    try trainer.resume()
                } else {
                    try folder.begin(
                        RunDescription(model, data: .init(name: "digits"), training: configuration, device: ""))
                }
                try trainer.train()
            }
            try train("whole", steps: 6)
            try train("parts", steps: 2)
            try train("parts", steps: 6)
            for file in ["model.safetensors", "optimizer.safetensors"] {
                let found = try ["whole", "parts"].map {
                    try Data(contentsOf: URL(fileURLWithPath: "\(temporary.path)/\($0)/\(file)"))
                }
                #expect(found[0] == found[1])
            }
            // What is evaluated and sampled is the average.
            let trained = try TrainedModel(run: "\(temporary.path)/whole", on: device)
            let state = try Safetensors(contentsOf: "\(temporary.path)/whole/optimizer.safetensors").byName
            let average = try #require(state["average"]?.values)
            #expect(try trained.store.flat.read() == average)
            #expect(trained.description.learningRate == .exponential(initial: 1e-3, decay: 0.999_995))
        }

        @Test("a small network of levels learns", arguments: TestTarget.all)
        func learns(on target: TestTarget) throws {
            let model = try pixelCNN(ImageSpace(data.train))
            let configuration = TrainingConfiguration(.epochs(12), batchSize: 32, learningRate: .constant(1e-2))
            let result = try Trainer(model, data: data, configuration: configuration, on: target.device).train()
            // A VAE of the digits needs about 24 nats.
            #expect(try #require(result.test?.nats) < 26)
        }
    }
}
