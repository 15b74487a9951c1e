import Compute
import Datasets
import Foundation
import Models
import Testing
import Training

extension TrainingTests {
    /// Models of series of numbers: reading, training, going on.
    @Suite("Sequences")
    struct SequenceTests {
        private func trainer(
            _ series: Series, cell: SequenceModel.Cell = .gru, components: Int = 3, steps: Int, on device: any Device
        ) throws -> SequenceTrainer {
            var settings = SequenceModel.Configuration()
            (settings.cell, settings.hidden, settings.components) = (cell, 16, components)
            var configuration = SequenceConfiguration()
            (configuration.steps, configuration.batchSize, configuration.window) = (steps, 16, 16)
            return try SequenceTrainer(
                SequenceModel(settings), series: series, configuration: configuration, on: device)
        }

        @Test("a cycle is learned to the least that is possible", arguments: TestTarget.all)
        func cycle(on target: TestTarget) throws {
            let series = try GeneratedSeries.cycle.series()
            let least = try #require(series.leastNats)
            let trainer = try trainer(series, cell: .lstm, steps: 300, on: target.device)
            var last = Double.nan
            try trainer.train(reports: 2) { last = $0.testNats }
            // From the last number alone, without memory, a linear prediction leaves a variance of 1 / (1 - 0.8²).
            let memoryless = least + 0.5 * log(1 / (1 - 0.64))
            #expect(last < least + 0.25 * (memoryless - least))
            #expect(last > least - 0.1)
            #expect(try last == trainer.testNats())
        }

        @Test("two ways are told apart, and simulations follow them")
        func fork() throws {
            let series = try GeneratedSeries.fork.series()
            let least = try #require(series.leastNats)
            let trainer = try trainer(series, steps: 400, on: TestTarget.cpu)
            try trainer.train()
            // One normal distribution for each number would need log(√1.04) + 1.42 nats.
            #expect(try trainer.testNats() < least + 0.2)
            let paths = try trainer.simulations(paths: 200, length: 30, seed: 3)
            #expect(paths.count == 200 && paths.allSatisfy { $0.count == 30 })
            var near = 0
            var up = 0
            for path in paths {
                for (before, after) in zip(path, path.dropFirst()) {
                    let step = after - before / 2
                    if abs(abs(step) - 1) < 0.6 { near += 1 }
                    if step > 0 { up += 1 }
                }
            }
            let count = Double(200 * 29)
            #expect(Double(near) > 0.95 * count)
            #expect(abs(Double(up) / count - 0.5) < 0.06)
        }

        @Test("simulations are a function of the seed and of what is known")
        func simulations() throws {
            let series = try GeneratedSeries.cycle.series(count: 400)
            let trainer = try trainer(series, steps: 5, on: TestTarget.cpu)
            let first = try trainer.simulations(paths: 3, length: 6, seed: 1)
            #expect(Set(first).count == 3)
            #expect(try trainer.simulations(paths: 3, length: 6, seed: 1) == first)
            #expect(try trainer.simulations(paths: 3, length: 6, seed: 2) != first)
            let high = try trainer.simulations(paths: 3, length: 6, after: [9, 9, 9, 9], seed: 1)
            #expect(high != first)
        }

        private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

        @Test("generated series are what they say")
        func generated() throws {
            let values = try GeneratedSeries.cycle.series(count: 20_000).values
            let noise = (2..<values.count).map { time -> Double in
                let predicted: Double = 1.6 * values[time - 1] - 0.8 * values[time - 2]
                return values[time] - predicted
            }
            let (mean, square) = (self.mean(noise), self.mean(noise.map { $0 * $0 }))
            #expect(abs(mean) < 0.03 && abs(square - 1) < 0.04)
            let forked = try GeneratedSeries.fork.series(count: 20_000, seed: 5).values
            let steps = zip(forked, forked.dropFirst()).map { before, after in after - before / 2 }
            let up = self.mean(steps.map { $0 > 0 ? 1 : 0 })
            let variance = self.mean(steps.map { step in (abs(step) - 1) * (abs(step) - 1) })
            #expect(abs(up - 0.5) < 0.02 && abs(variance.squareRoot() - 0.2) < 0.01)
        }

        @Test("files of numbers")
        func files() throws {
            let folder = try TemporaryFolder()
            func read(_ text: String, column: Int = 1) throws -> [Double] {
                let path = "\(folder.path)/series.csv"
                try AtomicFile.write(Array(text.utf8), to: path)
                return try Series(contentsOf: path, column: column).values
            }
            let numbers = (0..<30).map { Double($0 * $0 % 7) + 0.5 }
            let lines = numbers.map { "\($0)" }
            #expect(try read(lines.joined(separator: "\n")) == numbers)
            #expect(try read("time, value\r\n" + lines.map { "x, \($0)\r\n" }.joined(), column: 2) == numbers)
            #expect(try read(lines.map { "  1   \($0)\n" }.joined() + "\n\n", column: 2) == numbers)
            for bad in ["\(lines.joined(separator: "\n"))\nnone\n", "1,2\n" + lines.joined(separator: "\n")] {
                #expect(throws: DatasetError.self) { try read(bad, column: bad.hasPrefix("1,2") ? 2 : 1) }
            }
            #expect(throws: DatasetError.self) { try read("a\nb\n1\n") }
            #expect(throws: DatasetError.self) { try read(lines.joined(separator: "\n"), column: 0) }
            #expect(throws: DatasetError.self) { try Series(contentsOf: "\(folder.path)/none.csv") }
            #expect(throws: TrainingError.self) { try read(lines.prefix(23).joined(separator: "\n")) }
            #expect(throws: TrainingError.self) {
                try read([String](repeating: "2", count: 40).joined(separator: "\n"))
            }
            #expect(throws: TrainingError.self) { try read((lines + ["inf"]).joined(separator: "\n")) }
        }

        @Test func settings() throws {
            let series = try GeneratedSeries.cycle.series(count: 60)
            let device = try TestTarget.cpu
            func configure(_ change: (inout SequenceConfiguration) -> Void) throws {
                var configuration = SequenceConfiguration()
                configuration.window = 8
                change(&configuration)
                _ = try SequenceTrainer(SequenceModel(), series: series, configuration: configuration, on: device)
            }
            try configure { _ in }
            #expect(throws: TrainingError.self) { try configure { $0.steps = 0 } }
            #expect(throws: TrainingError.self) { try configure { $0.learningRate = -1 } }
            #expect(throws: TrainingError.self) { try configure { $0.window = 50 } }
            var settings = SequenceModel.Configuration()
            settings.hidden = 0
            #expect(throws: ModelError.self) { try SequenceModel(settings) }
        }
    }
}
