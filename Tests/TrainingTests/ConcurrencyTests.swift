import Compute
import Datasets
import Models
import TestSupport
import Testing
import Training

extension TrainingTests {
    /// Models trained at the same time in one process have the weights that each has when trained alone, bit for bit.
    /// `make check-sanitizers` runs these under the thread sanitizer.
    @Suite("Concurrency")
    struct ConcurrencyTests {
        /// What a thread trains: a model by its name, from a seed.
        struct Work: Sendable, CustomTestStringConvertible {
            let name: String
            let seed: UInt64
            var testDescription: String { "\(name), seed \(seed)" }

            /// Trains, evaluates and draws, and gives the bits of the parameters and of the drawn images.
            func run(on device: any Device) throws -> [UInt32] {
                let data = try DatasetCatalog.load("digits").withoutLabels()
                let small = [
                    "vae": ["hidden": "64", "latent": "8"], "pixelcnn": ["hidden": "4", "blocks": "1"],
                    "gan": ["hidden": "32", "latent": "8"],
                ]
                let model = try ModelCatalog.entry(name).model(
                    for: ImageSpace(data.train), settings: small[name] ?? [:])
                var configuration = TrainingConfiguration(.steps(12), learningRate: .constant(3e-3), seed: seed)
                configuration.reportSteps = 5
                let trainer = try Trainer(model, data: data, configuration: configuration, on: device)
                try trainer.train()
                let images = try ImagePanel.samples(of: model, count: 2, seed: seed, on: device)
                return try trainer.parameterBits() + images.values.map(\.bitPattern)
            }
        }

        /// Two threads on each device that there is, all at once.
        @Test(
            "two models on each device, all devices at once",
            arguments: [
                [Work(name: "vae", seed: 1), Work(name: "pixelcnn", seed: 2)],
                [Work(name: "gan", seed: 3), Work(name: "vae", seed: 4)],
            ])
        func sideBySideOnEveryDevice(_ works: [Work]) throws {
            let devices = TestTarget.all.map(\.device)
            #expect(devices.count >= 2, "needs an OpenCL device beside the built-in one")
            let pairs = devices.flatMap { device in works.map { (work: $0, device: device) } }
            let found = try sideBySide(pairs.map { pair in { try pair.work.run(on: pair.device) } })
            for (pair, result) in zip(pairs, found) {
                #expect(try result == pair.work.run(on: pair.device), "\(pair.work) on \(pair.device.info.name)")
            }
        }

        @Test("one model on two devices at once", arguments: ["vae", "pixelcnn"])
        func theSameOnTwoDevices(_ name: String) throws {
            let work = Work(name: name, seed: 9)
            let devices = TestTarget.all.map(\.device)
            let found = try sideBySide(devices.map { device in { try work.run(on: device) } })
            for (device, result) in zip(devices, found) { #expect(try result == work.run(on: device)) }
        }
    }
}
