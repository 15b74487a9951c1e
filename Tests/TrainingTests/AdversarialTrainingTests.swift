import Compute
import Datasets
import Foundation
import Layers
import Models
import Testing
import Training

extension TrainingTests {
    /// The steps of a game: who moves when, and what stays.
    @Suite("Training games")
    struct AdversarialTrainingTests {
        private let data: DatasetSplits

        init() throws { data = try DatasetCatalog.load("digits").withoutLabels() }

        /// The digits with each pixel four times: two halvings, so that the discriminator has a normalisation.
        private func largeDigits() throws -> DatasetSplits {
            func enlarged(_ set: ImageDataset) throws -> ImageDataset {
                var pixels: [UInt8] = []
                for row in 0..<set.count * 16 {
                    let line = set.pixels[row / 2 * 8..<(row / 2 + 1) * 8]
                    for pixel in line { pixels += [pixel, pixel] }
                }
                return try ImageDataset(
                    name: "large", shape: ImageShape(height: 16, width: 16, channels: 1), levels: set.levels,
                    pixels: pixels)
            }
            return try DatasetSplits(
                train: enlarged(data.train.images(0..<80)), test: enlarged(data.test.images(0..<8)))
        }

        /// Runs so many steps of a batch of 16.
        @discardableResult
        private func run(
            _ name: String, _ settings: [String: String] = [:], steps: Int, rate: Double = 1e-3, seed: UInt64 = 1,
            reportSteps: Int = 1, data: DatasetSplits? = nil, on device: any Device,
            _ observe: (TrainingEvent) throws -> Void = { _ in }
        ) throws -> any AdversarialModel {
            let data = data ?? self.data
            let model = try smallGame(name, data.train, settings)
            var configuration = TrainingConfiguration(
                .steps(steps), batchSize: 16, learningRate: .constant(rate), seed: seed)
            (configuration.reportSteps, configuration.checkpointSteps) = (reportSteps, 10_000)
            try Trainer(model, data: data, configuration: configuration, on: device).train(observe)
            return model
        }

        @Test(
            "a player's step changes all of its own parameters and statistics, and none of the other's",
            arguments: TestTarget.all, ["batch", "spectral"])
        func players(on target: TestTarget, normalization: String) throws {
            let data = try largeDigits()
            let settings = ["normalization": normalization]
            let model = try smallGame("dcgan", data.train, settings)
            _ = try ParameterStore(model, on: target.device, seed: 1)
            let (generator, discriminator) = (try model.bits("generator."), try model.bits("discriminator."))
            #expect(generator.count + discriminator.count == model.namedParameters().count)
            // With two steps for one of the generator, the first is the discriminator's alone.
            let first = try run(
                "dcgan", settings.merging(["steps": "2"]) { $1 }, steps: 1, data: data, on: target.device)
            #expect(try first.bits("generator.") == generator)
            for (name, values) in try first.bits("discriminator.") {
                #expect(values != discriminator[name], "\(name)")
            }
            // With one for one, the generator's follows, on the same discriminator.
            let second = try run("dcgan", settings, steps: 1, data: data, on: target.device)
            #expect(try second.bits("discriminator.") == first.bits("discriminator."))
            for (name, values) in try second.bits("generator.") { #expect(values != generator[name], "\(name)") }
        }

        @Test("the generator moves at every third step")
        func steps() throws {
            let device = try TestTarget.cpu
            let generators = try (1...6).map {
                try run("gan", ["steps": "3"], steps: $0, on: device).bits("generator.")
            }
            #expect(generators[0] == generators[1] && generators[1] != generators[2])
            #expect(generators[2] == generators[3] && generators[3] == generators[4])
            #expect(generators[4] != generators[5])
        }

        @Test("instance noise is gone at the last step")
        func noise() throws {
            func scores(_ noise: String) throws -> [Double] {
                var scores: [Double] = []
                let settings = ["normalization": "none", "noise": noise]
                try run("dcgan", settings, steps: 3, rate: 0, on: TestTarget.cpu) {
                    guard case .progress(let progress) = $0 else { return }
                    scores += progress.figures.filter { $0.name == "real_score" }.map(\.value)
                }
                return scores
            }
            // Nothing is learned at a rate of zero.
            let (clean, noisy) = (try scores("0"), try scores("2"))
            #expect(clean.count == 3 && abs(noisy[0] - clean[0]) > 1e-4 && abs(noisy[1] - clean[1]) > 1e-4)
            #expect(abs(noisy[2] - clean[2]) < 1e-6)
        }

        @Test("clipped parameters stay within their bound", arguments: TestTarget.all)
        func clipping(on target: TestTarget) throws {
            let model = try run("wgan", ["clip": "0.02", "steps": "1"], steps: 3, rate: 1e-2, on: target.device)
            let values = try model.discriminatorPart.namedParameters().flatMap { try $0.parameter.read() }
            #expect(values.allSatisfy { abs($0) <= 0.02 } && values.contains { $0 == 0.02 })
            let others = try model.generatorPart.namedParameters().flatMap { try $0.parameter.read() }
            #expect(others.contains { abs($0) > 0.05 })
        }

        @Test("equal seeds, equal runs; another seed, another run", arguments: TestTarget.all)
        func repeats(on target: TestTarget) throws {
            let settings = ["noise": "0.1", "classes": "none"]
            func bits(_ seed: UInt64) throws -> [String: [UInt32]] {
                try run("dcgan", settings, steps: 4, seed: seed, on: target.device).bits("")
            }
            let first = try bits(5)
            #expect(try bits(5) == first)
            let other = try bits(6)
            #expect(first.allSatisfy { other[$0.key] != $0.value })
        }

        @Test("the figures of a run", .enabled(if: TestTarget.pocl != nil), arguments: ["dcgan", "wgan-gp"])
        func devicesAgree(name: String) throws {
            func figures(_ device: any Device) throws -> [[String: Double]] {
                var all: [[String: Double]] = []
                try run(name, ["steps": "2"], steps: 20, on: device) {
                    guard case .progress(let progress) = $0 else { return }
                    #expect(progress.losses.map(\.name) == ["discriminator_loss", "generator_loss"])
                    all.append(Dictionary(uniqueKeysWithValues: progress.figures.map { ($0.name, $0.value) }))
                }
                return all
            }
            let (cpu, pocl) = (try figures(TestTarget.cpu), try figures(#require(TestTarget.pocl).device))
            let names = ["discriminator_loss", "generator_loss", "real_score", "fake_score"]
            #expect(cpu.count == 20)
            #expect(cpu.allSatisfy { Set($0.keys) == Set(names + (name == "dcgan" ? [] : ["gradient_penalty"])) })
            for (a, b) in zip(cpu, pocl) {
                for (name, value) in a { #expect(abs(value - (b[name] ?? .nan)) < 1e-3 * (1 + abs(value)), "\(name)") }
            }
            #expect(cpu.first?["discriminator_loss"] != cpu.last?["discriminator_loss"])
            // The generator has moved by the second step, and its figure stands until it moves again.
            #expect(cpu[1]["generator_loss"] != 0 && cpu[2]["generator_loss"] == cpu[1]["generator_loss"])
        }

        @Test("a loss that is no number: whose, when, and what to do")
        func notFinite() throws {
            let device = try TestTarget.cpu
            func failure(_ name: String, _ settings: [String: String], reportSteps: Int) throws -> String {
                let error = #expect(throws: TrainingError.self) {
                    try run(name, settings, steps: 40, rate: 1e20, reportSteps: reportSteps, on: device)
                }
                return error?.description ?? ""
            }
            // The generator's first step already sees a discriminator whose parameters are out of all bounds.
            for every in [1, 40] {
                let text = try failure("gan", ["loss": "least-squares"], reportSteps: every)
                #expect(text.contains("the generator's loss") && text.contains("at step 1;"), "\(text)")
                #expect(text.contains("lower the learning rate") && text.contains("normalization=spectral"), "\(text)")
            }
            // Without a move of the generator it is the discriminator's own.
            let own = try failure("gan", ["loss": "least-squares", "steps": "30"], reportSteps: 20)
            #expect(own.contains("the discriminator's loss") && own.contains("at step 2;"), "\(own)")
            let critic = try failure("wgan", ["clip": "0", "steps": "30"], reportSteps: 20)
            #expect(critic.contains("penalty=10") && critic.contains("clip=0.01"), "\(critic)")
        }

        /// The texts of a run's warnings.
        private func warnings(
            _ name: String, _ settings: [String: String] = [:], steps: Int, rate: Double, reportSteps: Int = 10
        ) throws -> [String] {
            var texts: [String] = []
            try run(name, settings, steps: steps, rate: rate, reportSteps: reportSteps, on: TestTarget.cpu) {
                if case .warning(_, let text) = $0 { texts.append(text) }
            }
            return texts
        }

        @Test("a discriminator that wins is told once")
        func strongDiscriminator() throws {
            // The generator never moves.
            let settings = ["steps": "1000", "dropout": "0"]
            let told = try warnings("gan", settings, steps: 300, rate: 2e-3).filter { $0.contains("right about") }
            #expect(told.count == 1)
            #expect(told.first?.contains("normalization=spectral") == true)
            #expect(try warnings("gan", settings, steps: 20, rate: 1e-4).allSatisfy { !$0.contains("right about") })
        }

        @Test("scores without bound are told with what bounds them")
        func divergence() throws {
            let told = try warnings("wgan", ["clip": "0", "steps": "1000"], steps: 40, rate: 10)
                .filter { $0.contains("without bound") }
            #expect(told.count == 1 && told.first?.contains("penalty=10") == true, "\(told)")
        }

        @Test("images that are all the same are a mode collapse")
        func modeCollapse() throws {
            let model = try smallGame("dcgan", data.train)
            var configuration = TrainingConfiguration(.steps(22), batchSize: 128, learningRate: .constant(0))
            configuration.checkpointSteps = 11
            let trainer = try Trainer(model, data: data, configuration: configuration, on: TestTarget.cpu)
            for (_, parameter) in model.generatorPart.namedParameters() where parameter.isTrainable {
                try parameter.write([Float](repeating: 0, count: parameter.count))
            }
            var told: [String] = []
            var evaluations: [Figures] = []
            try trainer.train {
                if case .warning(_, let text) = $0 { told.append(text) }
                if case .evaluated(_, let figures) = $0 { evaluations.append(figures) }
            }
            // Found twice, told once.
            #expect(evaluations.map { $0.term("diversity") } == [0, 0])
            #expect(told.count == 1)
            #expect(told.first?.contains("mode collapse") == true && told.first?.contains("wgan-gp") == true)
        }
    }
}
