import Compute
import Datasets
import Foundation
import Models
import Testing
import Training

extension TrainingTests {
    /// What is kept of a run, and when.
    @Suite("Checkpoints")
    struct CheckpointTests {
        private let data: DatasetSplits
        private let temporary: TemporaryFolder
        /// Steps of an epoch.
        private static let epoch = 11

        init() throws {
            data = try DatasetCatalog.load("digits").withoutLabels()
            temporary = try TemporaryFolder()
        }

        private func folder(_ name: String = "run") -> RunFolder { RunFolder("\(temporary.path)/\(name)") }

        private func model(_ name: String) throws -> any GenerativeModel {
            name == "vae" ? try smallVAE(data) : try smallGame(name, data.train)
        }

        /// A trainer whose run has begun, or is taken up again; with a checkpoint after each epoch.
        private func trainer(
            _ model: String = "vae", _ name: String = "run", steps: Int, on device: (any Device)? = nil,
            _ change: (inout TrainingConfiguration) -> Void = { _ in }
        ) throws -> (trainer: Trainer, problems: [CheckpointError]) {
            let folder = folder(name)
            var configuration = TrainingConfiguration(.steps(steps), learningRate: .constant(3e-3), seed: 7)
            configuration.checkpointSteps = Self.epoch
            change(&configuration)
            let model = try self.model(model)
            let trainer = try Trainer(
                model, data: data, configuration: configuration, on: device ?? TestTarget.cpu, folder: folder)
            guard !folder.holdsRun else { return (trainer, try trainer.resume()) }
            try folder.begin(
                RunDescription(model, data: .init(name: "digits"), training: configuration, device: ""))
            return (trainer, [])
        }

        private func steps(_ name: String = "run") throws -> [String] {
            try folder(name).checkpoints.map { try #require(Safetensors(contentsOf: $0).metadata["step"]) }
        }

        private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

        private func hiddenFiles(_ name: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder(name).path).filter { $0.hasPrefix(".") }
        }

        private func expectEqual(_ name: String, _ other: String) throws {
            for file in ["model.safetensors", "optimizer.safetensors", "best.safetensors"] {
                let path = "\(folder(other).path)/\(file)"
                guard FileManager.default.fileExists(atPath: path) else { continue }
                #expect(try contents("\(folder(name).path)/\(file)") == contents(path), "\(file)")
            }
        }

        @Test("the last ones are kept", arguments: [(1, ["44"]), (2, ["44", "33"]), (3, ["44", "33", "22"])])
        func rotation(kept: Int, expected: [String]) throws {
            try trainer(steps: 44) { $0.keptCheckpoints = kept }.trainer.train()
            #expect(try steps() == expected)
            // Fewer from now on.
            try trainer(steps: 50) { $0.keptCheckpoints = 1 }.trainer.train()
            #expect(try steps() == ["50"])
        }

        @Test("the newest sound checkpoint is taken up, and the others are kept aside", arguments: ["vae", "gan"])
        func damaged(model: String) throws {
            try trainer(model, "whole", steps: 40).trainer.train()
            try trainer(model, steps: 33) { $0.keptCheckpoints = 4 }.trainer.train()
            let folder = folder()
            var bytes = try contents(folder.optimizer)
            // One bit of a number, which the format cannot show.
            bytes[bytes.count - 30] ^= 4
            try bytes.write(to: URL(fileURLWithPath: folder.optimizer))
            try contents(folder.checkpoint(age: 1)).dropLast(1).write(
                to: URL(fileURLWithPath: folder.checkpoint(age: 1)))
            let (trainer, problems) = try trainer(model, steps: 40) { $0.keptCheckpoints = 4 }
            #expect(trainer.step == 11 && trainer.savedStep == 11)
            #expect(problems.count == 2)
            guard case .malformed(folder.optimizer, _, _) = problems[0], case .truncated = problems[1] else {
                Issue.record("\(problems)")
                return
            }
            try trainer.train()
            try expectEqual("run", "whole")
            #expect(try steps() == ["40", "33", "22", "11"])
            #expect(try contents(folder.optimizer + ".damaged") == bytes)
        }

        @Test(
            "an error of the device in the middle of a step leaves the last checkpoint whole",
            arguments: ["vae", "gan"])
        func deviceError(model: String) throws {
            try trainer(model, "whole", steps: 30).trainer.train()
            // Learn how many runs there are up to the checkpoint of step 22, and fail a few later.
            let counting = FailingDevice(try TestTarget.cpu, limit: .max)
            try trainer(model, "counting", steps: 22, on: counting).trainer.train()
            let runs = counting.runs
            for more in 1...3 {
                let name = "run-\(more)"
                let failing = FailingDevice(try TestTarget.cpu, limit: runs + more)
                let (broken, _) = try trainer(model, name, steps: 30, on: failing)
                #expect(throws: FailingDevice.error) { try broken.train() }
                #expect(try broken.savedStep == 22 && steps(name) == ["22", "11"])
                #expect(try hiddenFiles(name).isEmpty)
                let (trainer, problems) = try trainer(model, name, steps: 30)
                #expect(trainer.step == 22 && problems.isEmpty)
                try trainer.train()
                try expectEqual(name, "whole")
            }
        }

        @Test("a request to stop is met after the step, and a resumed run ends with the same bits")
        func stopping() throws {
            try trainer("vae", "whole", steps: 40).trainer.train()
            for moment in [1, 17, 22] {
                let name = "run-\(moment)"
                let (stopped, _) = try trainer("vae", name, steps: 40) { $0.reportSteps = 1 }
                let request = StopRequest()
                stopped.stopRequest = request
                var saved: [Int] = []
                let result = try stopped.train { event in
                    if case .progress(let progress) = event, progress.step == moment { request.make() }
                    if case .saved(let step, _) = event { saved.append(step) }
                }
                #expect(result.steps == moment && saved.last == moment && stopped.savedStep == moment)
                #expect(try Safetensors(contentsOf: folder(name).model).metadata["step"] == "\(moment)")
                let (trainer, _) = try trainer("vae", name, steps: 40)
                #expect(trainer.step == moment)
                try trainer.train()
                try expectEqual(name, "whole")
            }
        }

        @Test("checkpoints within an epoch come after so many seconds, and change nothing")
        func timedCheckpoints() throws {
            try trainer("vae", "whole", steps: 30).trainer.train()
            var saved: [Int] = []
            try trainer(steps: 30) { ($0.reportSteps, $0.checkpointSeconds) = (4, 0) }.trainer.train {
                if case .saved(let step, _) = $0 { saved.append(step) }
            }
            #expect(saved == [4, 8, 11, 12, 16, 20, 22, 24, 28, 30])
            try expectEqual("run", "whole")
        }

        @Test("the best parameters are those with the lowest loss on the test images", arguments: [nil, 0.9])
        func best(averageDecay: Double?) throws {
            var losses: [(step: Int, loss: Double)] = []
            // A rate that grows spoils what was learned.
            try trainer(steps: 66) {
                $0.learningRate = .stepwise(initial: 1e-3, factor: 30, every: 22)
                $0.averageDecay = averageDecay
            }.trainer.train {
                if case .evaluated(let step, let figures) = $0 { losses.append((step, figures.loss ?? .nan)) }
            }
            let lowest = try #require(losses.min { $0.loss < $1.loss })
            #expect(lowest.step < 66 && losses.count == 6)
            let metadata = try Safetensors(contentsOf: folder().best).metadata
            #expect(metadata["step"] == "\(lowest.step)" && metadata["loss"] == "\(lowest.loss)")
            let cpu = try TestTarget.cpu
            func loss(_ choice: TrainedModel.Choice) throws -> Double? {
                let run = try TrainedModel(run: folder().path, choice, on: cpu)
                return try Evaluator(#require(run.model as? any LossModel), on: cpu).evaluate(images: data.test).loss
            }
            #expect(try loss(.best) == lowest.loss)
            #expect(try loss(.last) == losses.last?.loss)
        }

        @Test("what was left undone after the last checkpoint is done by resuming")
        func lastMoments() throws {
            try trainer("vae", "whole", steps: 22).trainer.train()
            try trainer(steps: 22).trainer.train()
            let folder = folder()
            #expect(throws: TrainingError.alreadyTrained(path: folder.path, steps: 22)) { try trainer(steps: 22) }
            // As a process leaves it that was killed right after it had written its last checkpoint.
            let old = Safetensors(tensors: [], metadata: ["step": "11"])
            try old.write(to: folder.model)
            for file in [folder.lossPlot, folder.samples(epoch: 2)] { try FileManager.default.removeItem(atPath: file) }
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/.model.safetensors.1a2b.tmp"))
            let result = try trainer(steps: 22).trainer.train()
            #expect(result.steps == 22 && result.test != nil)
            try expectEqual("run", "whole")
            for path in [folder.lossPlot, folder.samples(epoch: 2)] {
                let whole = path.replacingOccurrences(of: "/run/", with: "/whole/")
                #expect(try contents(path) == contents(whole))
            }
            #expect(try hiddenFiles("run").isEmpty)
        }

        @Test("one trainer at a time")
        func lock() throws {
            try trainer(steps: 11).trainer.train()
            let first = try trainer(steps: 22).trainer
            #expect(throws: TrainingError.runBusy(path: folder().path)) { try trainer(steps: 22) }
            try first.train()
            #expect(try trainer(steps: 33).trainer.step == 22)
        }

        /// So it has the folder, for a moment, from `fork` to `exec`.
        @Test("a lock ends with its trainer, though a process that is being started still has the folder open")
        func lockOfAnother() throws {
            try trainer(steps: 11).trainer.train()
            let first = try trainer(steps: 22).trainer
            let path = URL(fileURLWithPath: folder().path).resolvingSymlinksInPath().path
            let numbers = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
            let open = numbers.filter { number in
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")) == path
            }
            let copies = open.map { dup($0) }
            defer { for copy in copies { close(copy) } }
            #expect(!copies.isEmpty)
            try first.train()
            #expect(try trainer(steps: 33).trainer.step == 22)
        }
    }
}
