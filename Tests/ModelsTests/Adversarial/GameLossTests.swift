import ComputeCPU
import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// What the two players minimise, recomputed from the scores, and what a pass changes.
@Suite("Losses of games")
struct GameLossTests {
    private let count = 5
    private let device = CPUDevice()

    /// The losses of a real, a generated and (for the generator) a generated example, from its score.
    private func losses(_ loss: AdversarialLoss, target: Double) -> [(Double) -> Double] {
        func softplus(_ x: Double) -> Double { log(1 + exp(x)) }
        switch loss {
        case .minimax, .nonSaturating:
            // Cross-entropy with the targets `target` and 0.
            let real = { target * softplus(-$0) + (1 - target) * softplus($0) }
            return [real, softplus, loss == .minimax ? { -softplus($0) } : { softplus(-$0) }]
        case .wasserstein: return [{ -$0 }, { $0 }, { -$0 }]
        case .leastSquares:
            return [{ ($0 - target) * ($0 - target) / 2 }, { $0 * $0 / 2 }, { ($0 - 1) * ($0 - 1) / 2 }]
        case .hinge: return [{ max(0, 1 - $0) }, { max(0, 1 + $0) }, { -$0 }]
        }
    }

    @Test("a loss for each example, of its scores", arguments: AdversarialLoss.allCases, [0, 10])
    func parts(loss: AdversarialLoss, penalty: Int) throws {
        let settings = [
            "loss": loss.rawValue, "normalization": "none", "smoothing": "0.25", "penalty": "\(penalty)",
        ]
        let game = try TinyGame("dcgan", settings, on: device)
        let terms = try game.model.discriminatorLoss(game.images(count), progress: Tensor(0), game.context(count))
        #expect(terms.terms.map(\.name) == ["real_score", "fake_score"] + (penalty > 0 ? ["gradient_penalty"] : []))
        let values = try ([terms.values] + terms.terms.map(\.values)).map {
            try $0.floats(on: device).map(Double.init)
        }
        let expected = losses(loss, target: 0.75)
        for i in 0..<count {
            let sum = expected[0](values[1][i]) + expected[1](values[2][i]) + (penalty > 0 ? values[3][i] : 0)
            #expect(abs(values[0][i] - sum) < 1e-4 * (1 + abs(sum)))
        }
        if penalty > 0 {
            // Its weight is the setting.
            let heavier = try TinyGame("dcgan", settings.merging(["penalty": "20"]) { $1 }, on: device)
            let twice = try heavier.model.discriminatorLoss(
                heavier.images(count), progress: Tensor(0), heavier.context(count)
            ).terms[2].values.floats(on: device)
            for (a, b) in zip(values[3], twice) { #expect(abs(2 * a - Double(b)) < 1e-4 * (1 + a)) }
            #expect(values[3].allSatisfy { $0 >= 0 } && values[3].contains { $0 > 0.1 })
        }

        // The generator's: the same codes, seen by the same discriminator.
        let codes = try game.context(count).random.normal([count, 3])
        let images = try game.model.generated(codes, game.context(count))
        let scores = try game.model.scores(images, game.context(count)).floats(on: device)
        let generator = try game.model.generatorLoss(count: count, progress: Tensor(0), game.context(count))
        #expect(generator.terms.isEmpty)
        for (value, score) in zip(try generator.values.floats(on: device), scores) {
            #expect(abs(Double(value) - expected[2](Double(score))) < 1e-4 * (1 + abs(Double(value))))
        }
    }

    @Test("instance noise falls to nothing, and is seen by both players")
    func noise() throws {
        func losses(_ noise: String, _ progress: Float) throws -> [[Float]] {
            let game = try TinyGame("dcgan", ["normalization": "none", "noise": noise], on: device)
            let first = try game.model.discriminatorLoss(
                game.images(count), progress: Tensor(progress), game.context(count))
            let second = try game.model.generatorLoss(
                count: count, progress: Tensor(progress), game.context(count))
            return try (first.terms.map(\.values) + [second.values]).map { try $0.floats(on: device) }
        }
        let clean = try losses("0", 0)
        let ended = try losses("0.5", 1)
        let halfway = try losses("0.5", 0.5)
        let beginning = try losses("0.25", 0)
        let strong = try losses("0.5", 0)
        for part in clean.indices {
            #expect(zip(clean[part], ended[part]).allSatisfy { abs($0 - $1) < 1e-5 })
            #expect(zip(halfway[part], beginning[part]).allSatisfy { abs($0 - $1) < 1e-5 })
            #expect(zip(clean[part], strong[part]).allSatisfy { $0 != $1 })
        }
    }

    /// The names of the parameters that a pass changes by itself.
    private func changed(
        _ game: TinyGame, by pass: (Context) throws -> LossTerms
    ) throws -> Set<String> {
        let before = try game.values()
        let context = try game.context(count)
        let values = try pass(context).values
        try CompiledFunction(on: device, results: [values], updates: context.updates).run()
        return Set(try game.values().filter { before[$0.key] != $0.value }.keys)
    }

    @Test("each player's pass changes its own statistics and none of the other's", arguments: ["batch", "spectral"])
    func statistics(normalization: String) throws {
        let game = try TinyGame("dcgan", ["normalization": normalization], side: 16, on: device)
        let kept = Set(game.store.parameters.filter { !$0.parameter.isTrainable }.map(\.name))
        let discriminators = kept.filter { $0.hasPrefix("discriminator.") }
        #expect(discriminators.count == (normalization == "batch" ? 2 : 3) && kept.count == discriminators.count + 4)
        let images = try game.images(count)
        let first = try changed(game) { try game.model.discriminatorLoss(images, progress: Tensor(0), $0) }
        #expect(first == discriminators)
        let second = try changed(game) { try game.model.generatorLoss(count: count, progress: Tensor(0), $0) }
        #expect(second == kept.subtracting(discriminators))
    }
}
