import Datasets
import Foundation
import Models
import Testing
import Training

extension TrainingTests {
    /// A run that was interrupted and one that was not.
    @Suite("Resume")
    struct ResumeTests {
        private let data: DatasetSplits
        private let temporary: TemporaryFolder

        init() throws {
            data = try DatasetCatalog.load("digits")
            temporary = try TemporaryFolder()
        }

        /// Trains a run in a folder up to `steps`, from its checkpoint if it has one.
        @discardableResult
        private func train(
            _ name: String, steps: Int, averageDecay: Double?, on target: TestTarget
        ) throws -> Trainer {
            let configuration = TrainingConfiguration(
                .steps(steps), learningRate: .constant(3e-3), gradientClip: 20, averageDecay: averageDecay, seed: 7)
            return try trainRun(smallVAE(data), data, configuration, in: "\(temporary.path)/\(name)", on: target)
        }

        private func contents(_ name: String) throws -> Data {
            try Data(contentsOf: URL(fileURLWithPath: "\(temporary.path)/\(name)"))
        }

        /// The lines of a record without their times.
        private func record(_ name: String) throws -> [[String: Double]] {
            try String(decoding: contents("\(name)/metrics.jsonl"), as: UTF8.self).split(separator: "\n").map { line in
                let members = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                return members.compactMapValues { $0 as? Double }
                    .filter { !["seconds", "examples_per_second"].contains($0.key) }
            }
        }

        @Test("a resumed run is the uninterrupted one, bit for bit", arguments: TestTarget.all, [nil, 0.9])
        func resumes(on target: TestTarget, averageDecay: Double?) throws {
            let whole = try train("whole", steps: 33, averageDecay: averageDecay, on: target)
            // Once at the end of an epoch of 11 steps, once within one.
            try train("parts", steps: 11, averageDecay: averageDecay, on: target)
            try train("parts", steps: 15, averageDecay: averageDecay, on: target)
            let parts = try train("parts", steps: 33, averageDecay: averageDecay, on: target)
            #expect(try parts.parameterBits() == whole.parameterBits())
            for file in ["model.safetensors", "optimizer.safetensors"] {
                #expect(try contents("parts/\(file)") == contents("whole/\(file)"))
            }
            #expect(try contents("parts/samples/epoch-0003.png") == contents("whole/samples/epoch-0003.png"))
            // The model's file holds the average, if there is one, and otherwise what is trained.
            let model = try Safetensors(contentsOf: "\(temporary.path)/whole/model.safetensors").byName
            let state = try Safetensors(contentsOf: "\(temporary.path)/whole/optimizer.safetensors").byName
            #expect(state.keys.contains("average") == (averageDecay != nil))
            let name = "decoder.layers.1.weight"
            let trained = try #require(state["parameters.\(name)"]?.values)
            let kept = try #require(model[name]?.values)
            #expect((kept == trained) == (averageDecay == nil))
            #expect(zip(kept, trained).allSatisfy { abs($0 - $1) < 0.1 })
        }

        @Test("a resumed run goes on with its record where its checkpoint is")
        func record() throws {
            let cpu = TestTarget(device: try TestTarget.cpu)
            try train("run", steps: 11, averageDecay: nil, on: cpu)
            let before = try record("run")
            // What an interrupted run reported after its checkpoint, and a line cut short.
            let path = "\(temporary.path)/run/metrics.jsonl"
            let more =
                try contents("run/metrics.jsonl") + Data("{\"event\": \"step\", \"step\": 12}\n{\"event\": \"st".utf8)
            try more.write(to: URL(fileURLWithPath: path))
            try train("run", steps: 22, averageDecay: nil, on: cpu)
            let after = try record("run")
            #expect(Array(after.prefix(before.count)) == before)
            #expect(after.count == 2 * before.count)
            #expect(after.dropFirst(before.count).allSatisfy { $0["step"] == 22 })
        }

        @Test func refusals() throws {
            let cpu = TestTarget(device: try TestTarget.cpu)
            try train("run", steps: 11, averageDecay: nil, on: cpu)
            let folder = RunFolder("\(temporary.path)/run")
            #expect(throws: TrainingError.alreadyTrained(path: folder.path, steps: 11)) {
                try train("run", steps: 11, averageDecay: nil, on: cpu)
            }
            #expect(throws: TrainingError.runExists(path: folder.path)) { try folder.begin(folder.description()) }
            // A checkpoint of another model, one without the average that is asked for, and damaged ones.
            #expect(throws: CheckpointError.self) { try train("run", steps: 22, averageDecay: 0.5, on: cpu) }
            let whole = try contents("run/optimizer.safetensors")
            try whole.dropLast(9).write(to: URL(fileURLWithPath: folder.optimizer))
            #expect(throws: CheckpointError.self) { try train("run", steps: 22, averageDecay: nil, on: cpu) }
            try Safetensors(tensors: [], metadata: ["step": "3"]).write(to: folder.optimizer)
            #expect(throws: CheckpointError.self) { try train("run", steps: 22, averageDecay: nil, on: cpu) }
            try Safetensors(tensors: []).write(to: folder.optimizer)
            #expect(throws: CheckpointError.self) { try train("run", steps: 22, averageDecay: nil, on: cpu) }
            // Without any checkpoint there is nothing to take up, and the folder is free again.
            try FileManager.default.removeItem(atPath: folder.optimizer)
            #expect(throws: TrainingError.noRun(path: folder.path, missing: "optimizer.safetensors")) {
                try train("run", steps: 22, averageDecay: nil, on: cpu)
            }
            try FileManager.default.removeItem(atPath: folder.model)
            #expect(!folder.holdsRun)
            try Data("{}".utf8).write(to: URL(fileURLWithPath: folder.config))
            #expect(throws: CheckpointError.self) { try folder.description() }
            #expect(throws: TrainingError.noRun(path: temporary.path, missing: "config.json")) {
                try TrainedModel(run: temporary.path, on: cpu.device)
            }
        }
    }
}
