import Compute
import Devices
import Foundation
import Layers
import Models
import Testing
import Training

extension TrainingTests {
    @Suite("Point trainer")
    struct PointTrainerTests {
        private func trainer(
            _ variant: PointGANVariant = .wganGP, mixture: GaussianMixture = .ring, steps: Int, hidden: Int,
            learningRate: Double? = nil, on device: any Device
        ) throws -> PointTrainer {
            let game = try PointGAN(
                rules: variant.rules(), hidden: [hidden, hidden, hidden], isSpectral: variant.isSpectral)
            var configuration = PointConfiguration()
            configuration.steps = steps
            configuration.batchSize = 128
            configuration.learningRate = learningRate ?? variant.learningRate
            return try PointTrainer(game, mixture: mixture, configuration: configuration, on: device)
        }

        @Test("the ring is learned", arguments: TestTarget.all)
        func learnsTheRing(on target: TestTarget) throws {
            let trainer = try trainer(steps: 1_500, hidden: 64, on: target.device)
            let start = try trainer.coverage(2_000)
            try trainer.train()
            let end = try trainer.coverage(2_000)
            #expect(start.covered == 0)
            #expect(end.covered == 8)
            // 0.49 and more were measured; shares that differ greatly would show in the divergence, measured 0.002.
            #expect(end.shareWithin > 0.3)
            #expect(end.divergence < 0.05)
        }

        @Test("every loss plays", arguments: PointGANVariant.allCases)
        func plays(variant: PointGANVariant) throws {
            let trainer = try trainer(variant, steps: 10, hidden: 8, on: TestTarget.cpu)
            var steps: [Int] = []
            try trainer.train(reports: 3) { progress in
                steps.append(progress.step)
                #expect(progress.total == 10)
                #expect(progress.figures.map(\.name).contains("generator_loss"))
                #expect(progress.figures.allSatisfy { $0.value.isFinite })
            }
            #expect(steps == [3, 6, 9, 10])
        }

        @Test("points are a function of the seed, and of the averaged parameters")
        func points() throws {
            let trainer = try trainer(steps: 5, hidden: 8, on: TestTarget.cpu)
            let before = try trainer.points(1_500, seed: 7)
            #expect(before.count == 3_000)
            #expect(try trainer.points(1_500, seed: 7) == before)
            #expect(try trainer.points(1_500, seed: 8) != before)
            // Both thousands are drawn anew.
            #expect(Array(before[..<1_000]) != Array(before[2_000...]))
            try trainer.train()
            #expect(try trainer.points(1_500, seed: 7) != before)
        }

        @Test("what is out of range, and what is no number")
        func failures() throws {
            let device = try TestTarget.cpu
            #expect(throws: TrainingError.self) { try trainer(steps: 0, hidden: 8, on: device) }
            #expect(throws: TrainingError.self) { try trainer(steps: 1, hidden: 8, learningRate: -1, on: device) }
            #expect(throws: LayerError.self) { try trainer(steps: 1, hidden: 0, on: device) }
            let wild = try trainer(.leastSquares, steps: 40, hidden: 8, learningRate: 1e20, on: device)
            #expect(throws: TrainingError.self) { try wild.train() }
        }
    }
}
