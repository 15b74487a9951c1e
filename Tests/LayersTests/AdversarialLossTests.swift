import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Adversarial losses")
struct AdversarialLossTests {
    /// The three losses of a score, in double precision.
    private struct Formulas: Sendable {
        var real: @Sendable (_ score: Double, _ target: Double) -> Double
        var fake: @Sendable (Double) -> Double
        var generator: @Sendable (Double) -> Double
    }

    /// `-log D` and `-log(1 - D)`, of `D = sigmoid(s)`.
    private static let negativeLogReal: @Sendable (Double) -> Double = { max(-$0, 0) + log1p(exp(-abs($0))) }
    private static let negativeLogFake: @Sendable (Double) -> Double = { max($0, 0) + log1p(exp(-abs($0))) }

    private static func formulas(_ loss: AdversarialLoss) -> Formulas {
        let crossEntropy: @Sendable (Double, Double) -> Double = {
            $1 * negativeLogReal($0) + (1 - $1) * negativeLogFake($0)
        }
        return switch loss {
        case .minimax: Formulas(real: crossEntropy, fake: negativeLogFake, generator: { -negativeLogFake($0) })
        case .nonSaturating: Formulas(real: crossEntropy, fake: negativeLogFake, generator: negativeLogReal)
        case .wasserstein: Formulas(real: { score, _ in -score }, fake: { $0 }, generator: { -$0 })
        case .leastSquares:
            Formulas(
                real: { ($0 - $1) * ($0 - $1) / 2 }, fake: { $0 * $0 / 2 }, generator: { ($0 - 1) * ($0 - 1) / 2 })
        case .hinge:
            Formulas(real: { score, _ in max(0, 1 - score) }, fake: { max(0, 1 + $0) }, generator: { -$0 })
        }
    }

    /// No score is at a corner of the hinge, where differences see neither slope.
    private static let scores: [Float] = [-100, -30, -17, -5, -1.5, -0.5, 0, 0.25, 1.5, 4, 17, 30, 100]

    @Test("values and slopes, however sure the discriminator is", arguments: TestDevice.all, AdversarialLoss.allCases)
    func valuesAndSlopes(_ on: TestDevice, _ loss: AdversarialLoss) throws {
        let formulas = Self.formulas(loss)
        let scores = try Tensor(Self.scores, shape: [Self.scores.count])
        let smooth: Float = 0.9
        let cases: [(name: String, values: Tensor, formula: (Double) -> Double)] = [
            ("real", try loss.real(scores), { formulas.real($0, 1) }),
            ("real, smoothed", try loss.real(scores, target: smooth), { formulas.real($0, Double(smooth)) }),
            ("fake", try loss.fake(scores), formulas.fake),
            ("generator", try loss.generator(scores), formulas.generator),
        ]
        let slopes = try cases.map { try gradients(of: $0.values.sum(), withRespectTo: [scores])[0] }
        let found = try Tensor.doubles(cases.map(\.values) + slopes, on: on.device)
        for (index, entry) in cases.enumerated() {
            for (place, score) in Self.scores.enumerated() {
                let value = entry.formula(Double(score))
                // Relative: the loss of a sure discriminator is e^-30, and no rounding of 30 may hide it.
                #expect(
                    abs(found[index][place] - value) <= 4e-6 * abs(value) + 1e-37,
                    "\(entry.name) at \(score): \(found[index][place]), expected \(value)")
                let step = 1e-4
                let slope = (entry.formula(Double(score) + step) - entry.formula(Double(score) - step)) / (2 * step)
                let slopeFound = found[cases.count + index][place]
                #expect(
                    abs(slopeFound - slope) <= 4e-6 * abs(slope) + 1e-10 * abs(value) + 1e-37,
                    "slope of \(entry.name) at \(score): \(slopeFound), expected \(slope)")
            }
        }
    }

    @Test("where the discriminator cannot tell, it loses 2 log 2", arguments: TestDevice.all)
    func equilibrium(_ on: TestDevice) throws {
        let zero = try Tensor.zeros([1])
        for loss in [AdversarialLoss.minimax, .nonSaturating] {
            Numbers.expectClose(
                try (loss.real(zero) + loss.fake(zero)).floats(on: on.device), [2 * log(2)], tolerance: 1e-7)
        }
        Numbers.expectClose(try AdversarialLoss.minimax.generator(zero).floats(on: on.device), [-log(2)])
        Numbers.expectClose(try AdversarialLoss.nonSaturating.generator(zero).floats(on: on.device), [log(2)])
    }

    @Test("the generator of the minimax game learns nothing from images that are known to be fake; the other does")
    func saturation() throws {
        let sure = try Tensor([-20] as [Float], shape: [1])
        func slope(_ loss: AdversarialLoss) throws -> Float {
            try gradients(of: loss.generator(sure).sum(), withRespectTo: [sure])[0].scalar(on: TestDevice.first)
        }
        #expect(try abs(slope(.minimax)) < 1e-8)
        #expect(try abs(slope(.nonSaturating) + 1) < 1e-6)
    }

    @Test func namesAndSettings() throws {
        #expect(
            AdversarialLoss.allCases.map(\.rawValue) == [
                "minimax", "non-saturating", "wasserstein", "least-squares", "hinge",
            ])
        let scores = try Tensor.zeros([2])
        for loss in AdversarialLoss.allCases {
            #expect(throws: LayerError.self) { try loss.real(scores, target: 1.1) }
            #expect(throws: LayerError.self) { try loss.real(scores, target: .nan) }
        }
    }
}
