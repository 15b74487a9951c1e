import Datasets
import Foundation
import Models
import Testing
import Training

extension TrainingTests {
    /// A game that was interrupted and one that was not.
    @Suite("Resuming games")
    struct AdversarialResumeTests {
        private let data: DatasetSplits
        private let temporary: TemporaryFolder

        init() throws {
            data = try DatasetCatalog.load("digits").withoutLabels()
            temporary = try TemporaryFolder()
        }

        /// Trains a run in a folder up to `steps`, from its checkpoint if it has one.
        private func train(
            _ run: String, _ name: String, _ settings: [String: String], averageDecay: Double?, steps: Int,
            on target: TestTarget
        ) throws {
            let configuration = TrainingConfiguration(
                .steps(steps), learningRate: .constant(1e-3), averageDecay: averageDecay, seed: 7)
            try trainRun(
                smallGame(name, data.train, settings), data, configuration, in: "\(temporary.path)/\(run)", on: target)
        }

        private func contents(_ name: String) throws -> Data {
            try Data(contentsOf: URL(fileURLWithPath: "\(temporary.path)/\(name)"))
        }

        @Test(
            "both networks and both optimizers are taken up, bit for bit", arguments: TestTarget.all,
            [("dcgan", nil), ("wgan-gp", 0.9)] as [(String, Double?)])
        func resumes(on target: TestTarget, game: (name: String, averageDecay: Double?)) throws {
            let settings = game.name == "wgan-gp" ? ["steps": "2"] : [:]
            func train(_ run: String, _ steps: Int) throws {
                try self.train(
                    run, game.name, settings, averageDecay: game.averageDecay, steps: steps, on: target)
            }
            try train("whole", 15)
            // Once at the end of an epoch of 11 steps, once within one; between two steps of the generator both times.
            for steps in [11, 13, 15] { try train("parts", steps) }
            for file in ["model.safetensors", "optimizer.safetensors", "samples/epoch-0002.png"] {
                #expect(try contents("parts/\(file)") == contents("whole/\(file)"), "\(file)")
            }
            let state = try Safetensors(contentsOf: "\(temporary.path)/whole/optimizer.safetensors").byName
            let moments = state.filter { $0.key.hasPrefix("optimizer.") }
            // Two moments of each network.
            #expect(moments.count == 4 && moments.filter { $0.key.hasPrefix("optimizer.1.") }.count == 2)
            #expect(moments.values.allSatisfy { $0.values.contains { $0 != 0 } })
            #expect(state.keys.contains("average") == (game.averageDecay != nil))
            // The average is of the generator; the discriminator is kept as it is.
            let model = try Safetensors(contentsOf: "\(temporary.path)/whole/model.safetensors").byName
            for (name, kept) in model {
                let trained = try #require(state["parameters.\(name)"])
                let isAveraged = game.averageDecay != nil && name.hasPrefix("generator.") && !name.contains("running")
                #expect((kept.values != trained.values) == isAveraged, "\(name)")
            }
        }

        @Test func theCheckpointOfAnotherGame() throws {
            let cpu = TestTarget(device: try TestTarget.cpu)
            try train("run", "gan", [:], averageDecay: nil, steps: 2, on: cpu)
            #expect(throws: CheckpointError.self) {
                try train("run", "gan", ["hidden": "16"], averageDecay: nil, steps: 4, on: cpu)
            }
            // One optimizer's state alone is not enough.
            let folder = RunFolder("\(temporary.path)/run")
            let file = try Safetensors(contentsOf: folder.optimizer)
            let rest = file.tensors.filter { !$0.name.hasPrefix("optimizer.1.") }
            #expect(rest.count == file.tensors.count - 2)
            try Safetensors(tensors: rest, metadata: file.metadata).write(to: folder.optimizer)
            #expect(throws: CheckpointError.self) {
                try train("run", "gan", [:], averageDecay: nil, steps: 4, on: cpu)
            }
        }
    }
}
