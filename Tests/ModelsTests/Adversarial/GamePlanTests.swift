import ComputeCPU
import Layers
import Models
import Tensors
import Testing

/// What the compiled steps of the two players compute: nothing for the other's parameters.
@Suite("Plans of games")
struct GamePlanTests {
    private let count = 4
    private let game: TinyGame
    /// Floating-point operations of a convolution between 16x16x1 and 8x8x4, and between 8x8x4 and 4x4x8: each network
    /// has one of both, with kernels of 4x4.
    private let large: Int
    private let small: Int

    init() throws {
        game = try TinyGame("dcgan", side: 16, on: CPUDevice())
        large = 2 * count * 8 * 8 * 16 * 4
        small = 2 * count * 4 * 4 * 16 * 4 * 8
    }

    /// The convolutions of a plan by kind, and their floating-point operations in all.
    private func convolutions(_ results: [Tensor]) throws -> (counts: [String: Int], flops: Int) {
        let plan = try CompiledFunction(on: game.device, results: results).planDescription
        var counts: [String: Int] = [:]
        var flops = 0
        for line in plan.split(separator: "\n") where line.contains("convolution ") {
            let words = line.split(separator: " ")
            let kind = try #require(words.firstIndex(of: "convolution").map { String(words[$0 + 1]) })
            counts[kind, default: 0] += 1
            flops += try #require(words.last.flatMap { Int($0) })
        }
        return (counts, flops)
    }

    @Test("the generator's step has no weight gradient of the discriminator")
    func generatorStep() throws {
        let loss = try game.model.generatorLoss(count: count, progress: Tensor(0), game.context(count)).values.mean()
        let found = try convolutions([game.store.groups[0].gradient(of: loss)])
        // The generator's forward pass is the gradient of a convolution's input; the gradient of its input is a
        // convolution.
        #expect(found.counts == ["forward": 2 + 2, "inputGradient": 2 + 2, "weightGradient": 2])
        #expect(found.flops == 5 * (large + small))
    }

    @Test("the discriminator's step goes through the generator once, forwards")
    func discriminatorStep() throws {
        let loss = try game.model.discriminatorLoss(
            game.images(count), progress: Tensor(0), game.context(count)
        ).values.mean()
        let found = try convolutions([game.store.groups[1].gradient(of: loss)])
        // Real and generated images each; the gradient of the images themselves is not wanted.
        #expect(found.counts == ["forward": 4, "inputGradient": 2 + 2, "weightGradient": 4])
        #expect(found.flops == (1 + 2 + 2) * (large + small) + 2 * small)
    }
}
