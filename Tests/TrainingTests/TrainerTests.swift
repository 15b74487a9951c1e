import Compute
import Datasets
import Devices
import Foundation
import Models
import Testing
import Training

extension TrainingTests {
    /// Training as a whole, on every device: what it reaches, that it repeats itself, and how it fails.
    @Suite("Trainer")
    struct TrainerTests {
        private let data: DatasetSplits

        init() throws { data = try DatasetCatalog.load("digits") }

        @Test("the digits are learned", arguments: TestTarget.all)
        func learns(on target: TestTarget) throws {
            let configuration = TrainingConfiguration(.epochs(100), learningRate: .constant(3e-3))
            let result = try Trainer(smallVAE(data), data: data, configuration: configuration, on: target.device)
                .train()
            let test = try #require(result.test)
            let nats = try #require(test.nats)
            // A decoder that knows nothing of the image can do no better than one probability a pixel.
            #expect(nats < 24)
            #expect(try nats < independentPixels() - 2.5)
            #expect(result.steps == 1100)
        }

        /// The nats of the test images under the mean of each pixel over the training images.
        private func independentPixels() throws -> Double {
            let size = data.train.shape.count
            var means = [Double](repeating: 0, count: size)
            for (place, pixel) in data.train.pixels.enumerated() {
                means[place % size] += Double(pixel) / 16 / Double(data.train.count)
            }
            let test = try data.test.binarized(seed: 0)
            return test.pixels.enumerated().reduce(0.0) { sum, pixel in
                let p = min(max(means[pixel.offset % size], 1e-3), 1 - 1e-3)
                return sum - log(pixel.element == 1 ? p : 1 - p)
            } / Double(test.count)
        }

        @Test("same seed, same device: same bits; another seed: others", arguments: TestTarget.all)
        func repeats(on target: TestTarget) throws {
            func bits(seed: UInt64) throws -> [UInt32] {
                let trainer = try Trainer(
                    smallVAE(data), data: data, configuration: TrainingConfiguration(.steps(20), seed: seed),
                    on: target.device)
                try trainer.train()
                return try trainer.parameterBits()
            }
            let first = try bits(seed: 5)
            #expect(try bits(seed: 5) == first)
            #expect(try bits(seed: 6) != first)
        }

        @Test("CPU and PoCL: losses equal to 1e-4 over 100 steps", .enabled(if: TestTarget.pocl != nil))
        func devicesAgree() throws {
            func losses(_ device: any Device) throws -> [Double] {
                var configuration = TrainingConfiguration(.steps(100), seed: 1)
                configuration.reportSteps = 1
                var losses: [Double] = []
                try Trainer(smallVAE(data), data: data, configuration: configuration, on: device).train {
                    if case .progress(let progress) = $0 { losses += progress.losses.map(\.value) }
                }
                return losses
            }
            let pocl = try losses(#require(TestTarget.pocl).device)
            let cpu = try losses(TestTarget.cpu)
            #expect(cpu.count == 100)
            for (a, b) in zip(cpu, pocl) { #expect(abs(a - b) <= 1e-4 * abs(a)) }
            #expect((cpu.last ?? 0) < 0.8 * (cpu.first ?? 0))
        }

        @Test("memory is flat after the first steps", arguments: TestTarget.all)
        func memoryIsFlat(on target: TestTarget) throws {
            var configuration = TrainingConfiguration(.steps(1000))
            // The evaluation that goes with a checkpoint takes memory of its own.
            (configuration.reportSteps, configuration.batchSize, configuration.checkpointSteps) = (10, 16, 1000)
            var usage: [Int: Int] = [:]
            try Trainer(smallVAE(data), data: data, configuration: configuration, on: target.device).train {
                if case .progress(let progress) = $0 {
                    let memory = target.device.memory
                    usage[progress.step] = memory.inUse + memory.pooled
                }
            }
            #expect(usage.count >= 100)
            #expect(Set(usage.values).count == 1)
        }

        @Test("a loss that is no number is an error that names the step, and leaves nothing", arguments: TestTarget.all)
        func notFinite(on target: TestTarget) throws {
            let temporary = try TemporaryFolder()
            let folder = RunFolder(temporary.path + "/run")
            let model = try smallVAE(data)
            let configuration = TrainingConfiguration(.steps(60), learningRate: .constant(1e20))
            try folder.begin(description(model, configuration))
            let trainer = try Trainer(
                model, data: data, configuration: configuration, on: target.device, folder: folder)
            #expect(throws: TrainingError.notFinite(what: "the loss", step: 2, learningRate: 1e20, saved: nil)) {
                try trainer.train()
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path).isEmpty)
        }

        @Test("the last checkpoint outlives a loss that is no number")
        func checkpointStays() throws {
            let temporary = try TemporaryFolder()
            let folder = RunFolder(temporary.path)
            let model = try smallVAE(data)
            // The first epoch trains; then the rate grows without bound.
            var configuration = TrainingConfiguration(
                .steps(60), learningRate: .stepwise(initial: 1e-3, factor: 1e25, every: 11))
            configuration.checkpointSteps = 11
            try folder.begin(description(model, configuration))
            let trainer = try Trainer(
                model, data: data, configuration: configuration, on: TestTarget.cpu, folder: folder)
            #expect {
                try trainer.train()
            } throws: { error in
                guard case TrainingError.notFinite(_, let step, _, let saved, _) = error else { return false }
                return step > 11 && saved == 11
            }
            #expect(try Safetensors(contentsOf: folder.optimizer).metadata["step"] == "11")
            let trained = try TrainedModel(run: folder.path, on: TestTarget.cpu)
            #expect(try trained.store.flat.read().allSatisfy { $0.isFinite })
        }

        @Test(
            "an evaluation comes after so many steps, at the end of an epoch, and at the end", arguments: [true, false])
        func evaluations(keepsRun: Bool) throws {
            let temporary = try TemporaryFolder()
            let folder = keepsRun ? RunFolder(temporary.path) : nil
            let model = try smallVAE(data)
            var configuration = TrainingConfiguration(.steps(70))
            configuration.checkpointSteps = 20
            try folder?.begin(description(model, configuration))
            var evaluated: [Int] = []
            var saved: [Int] = []
            try Trainer(model, data: data, configuration: configuration, on: TestTarget.cpu, folder: folder).train {
                if case .evaluated(let step, _) = $0 { evaluated.append(step) }
                if case .saved(let step, _) = $0 { saved.append(step) }
            }
            // Epochs of eleven steps.
            #expect(evaluated == [22, 44, 66, 70])
            #expect(saved == (keepsRun ? evaluated : []))
        }

        @Test func badSettings() throws {
            let device = try TestTarget.cpu
            for (configuration, name) in [
                (TrainingConfiguration(.steps(0)), "steps"), (TrainingConfiguration(.epochs(0)), "epochs"),
                (TrainingConfiguration(.epochs(.max)), "epochs"), (TrainingConfiguration(.steps(1 << 40)), "steps"),
                (TrainingConfiguration(.steps(1), batchSize: 0), "batch size"),
                (TrainingConfiguration(.steps(1), batchSize: 1501), "batch size"),
                (TrainingConfiguration(.steps(1), learningRate: .constant(-1)), "learning rate"),
                (TrainingConfiguration(.steps(1), learningRate: .constant(.nan)), "learning rate"),
            ] {
                #expect {
                    try Trainer(smallVAE(data), data: data, configuration: configuration, on: device)
                } throws: { error in
                    guard case TrainingError.badSetting(name, _, _) = error else { return false }
                    return true
                }
            }
        }

        @Test func dataOfAnotherShape() throws {
            let model = try VAE(images: ImageSpace(height: 28, width: 28, channels: 1, levels: 17))
            #expect(throws: TrainingError.dataMismatch(name: "digits", expected: "28x28x1", found: "8x8x1")) {
                try Trainer(model, data: data, on: TestTarget.cpu)
            }
        }

        private func description(_ model: any GenerativeModel, _ configuration: TrainingConfiguration) -> RunDescription
        {
            RunDescription(model, data: .init(name: "digits"), training: configuration, device: "a device")
        }
    }
}
