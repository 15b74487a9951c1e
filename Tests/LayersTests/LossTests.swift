import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Losses")
struct LossTests {
    private let n = 4
    private let k = 6

    @Test(arguments: TestDevice.all)
    func binaryCrossEntropy(_ on: TestDevice) throws {
        let logits: [Float] = Numbers.noise(20, seed: 1).map { $0 * 4 } + [100, -100, 100, -100]
        let targets: [Float] = Numbers.noise(20, seed: 2).map { ($0 + 1) / 2 } + [1, 0, 0, 1]
        let elements = zip(logits.doubles, targets.doubles).map { max($0, 0) + log1p(exp(-abs($0))) - $0 * $1 }
        let (l, t) = (try Tensor(logits, shape: [4, 2, 3]), try Tensor(targets, shape: [4, 2, 3]))
        let rows = (0..<4).map { elements[($0 * 6)..<($0 * 6 + 6)].reduce(0, +) }
        let losses = try [LossReduction.none, .perExample, .mean, .batchMean].map {
            try Loss.binaryCrossEntropy(logits: l, targets: t, reduction: $0)
        }
        let slopes = try gradients(of: losses[3], withRespectTo: [l])
        let found = try Tensor.doubles(losses + slopes, on: on.device)
        Numbers.expectClose(found[0], elements)
        Numbers.expectClose(found[1], rows)
        Numbers.expectClose(found[2], [elements.reduce(0, +) / 24])
        Numbers.expectClose(found[3], [rows.reduce(0, +) / 4])
        Numbers.expectClose(
            found[4],
            zip(logits.doubles, targets.doubles).map { (1 / (1 + exp(-$0)) - $1) / 4 })
        #expect(throws: TensorError.self) { try Loss.binaryCrossEntropy(logits: l, targets: Tensor(1)) }
    }

    @Test(arguments: TestDevice.all)
    func crossEntropy(_ on: TestDevice) throws {
        var logits = Numbers.noise(n * k, seed: 3).map { $0 * 5 }
        logits[7] = 300
        logits[13] = -300
        let labels: [Int32] = [2, 1, 0, 5]
        var (losses, slopes): ([Double], [Double]) = ([], [])
        for row in 0..<n {
            let values = logits[(row * k)..<(row * k + k)].map(Double.init)
            let peak = values.max() ?? 0
            let sum = values.reduce(0) { $0 + exp($1 - peak) }
            losses.append(peak + log(sum) - values[Int(labels[row])])
            slopes += values.indices.map { exp(values[$0] - peak) / sum - ($0 == Int(labels[row]) ? 1 : 0) }
        }
        let (l, y) = (try Tensor(logits, shape: [n, k]), try Tensor(labels, shape: [n]))
        let loss = try Loss.crossEntropy(logits: l, labels: y, reduction: .none)
        // Images of labels: the classes are the last axis.
        let image = try Loss.crossEntropy(
            logits: l.reshaped([2, 2, k]), labels: y.reshaped([2, 2]), reduction: .perExample)
        let results = try [
            loss, Loss.crossEntropy(logits: l, labels: y), gradients(of: loss.sum(), withRespectTo: [l])[0], image,
        ]
        let found = try Tensor.doubles(results, on: on.device)
        Numbers.expectClose(found[0], losses)
        Numbers.expectClose(found[1], [losses.reduce(0, +) / Double(n)])
        Numbers.expectClose(found[2], slopes, tolerance: 3e-6)
        Numbers.expectClose(found[3], [losses[0] + losses[1], losses[2] + losses[3]])
    }

    @Test(arguments: TestDevice.all)
    func aLabelThatIsNoClassShows(_ on: TestDevice) throws {
        let labels = try Tensor([0, -1, 3, 2] as [Int32], shape: [4])
        let losses = try Loss.crossEntropy(logits: Tensor.zeros([4, 3]), labels: labels, reduction: .none)
        #expect(try losses.floats(on: on.device).map(\.isNaN) == [false, true, true, false])
        #expect(throws: TensorError.self) {
            try Loss.crossEntropy(logits: Tensor.zeros([4, 3]), labels: Tensor.zeros([4]))
        }
    }

    @Test(arguments: TestDevice.all)
    func squaredErrorAndGaussians(_ on: TestDevice) throws {
        let (x, m, v) = (
            Numbers.noise(12, seed: 4), Numbers.noise(12, seed: 5), Numbers.noise(12, seed: 6).map { $0 * 3 }
        )
        let tensors = try [x, m, v].map { try Tensor($0, shape: [3, 4]) }
        let (dx, dm, dv) = (x.doubles, m.doubles, v.doubles)
        let per = { (element: (Int) -> Double) in (0..<3).map { r in (0..<4).reduce(0.0) { $0 + element(r * 4 + $1) } }
        }
        let general = try Gaussian.divergence(
            mean: tensors[1], logVariance: tensors[2], priorMean: tensors[0], priorLogVariance: tensors[1])
        let none = try Gaussian.divergence(mean: Tensor.zeros([1, 3]), logVariance: Tensor.zeros([1, 3]))
        let results = try [
            Loss.squaredError(tensors[0], tensors[1], reduction: .perExample),
            Gaussian.negativeLogLikelihood(tensors[0], mean: tensors[1], logVariance: tensors[2]),
            Gaussian.divergence(mean: tensors[1], logVariance: tensors[2]), general, none,
        ]
        let found = try Tensor.doubles(results, on: on.device)
        Numbers.expectClose(
            found[0],
            per { (dx[$0] - dm[$0]) * (dx[$0] - dm[$0]) })
        Numbers.expectClose(
            found[1],
            per { 0.5 * (log(2 * Double.pi) + dv[$0] + (dx[$0] - dm[$0]) * (dx[$0] - dm[$0]) * exp(-dv[$0])) })
        Numbers.expectClose(
            found[2],
            per { 0.5 * (exp(dv[$0]) + dm[$0] * dm[$0] - 1 - dv[$0]) })
        Numbers.expectClose(
            found[3],
            per {
                let square = (dm[$0] - dx[$0]) * (dm[$0] - dx[$0])
                return 0.5 * (dm[$0] - dv[$0] + (exp(dv[$0]) + square) * exp(-dm[$0]) - 1)
            })
        #expect(found[4] == [0])
    }

    @Test(arguments: TestDevice.all)
    func gaussianDrawsHaveTheirMoments(_ on: TestDevice) throws {
        var random = try RandomSource(seed: 4)
        let count = 20_000
        let draws = try Gaussian.sample(
            mean: Tensor.full([count], 2), logVariance: Tensor.full([count], Float(log(0.25))), random: &random
        ).floats(on: on.device).doubles
        let mean = draws.reduce(0, +) / Double(count)
        let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        #expect(abs(mean - 2) < 5 * 0.5 / Double(count).squareRoot())
        #expect(abs(variance / 0.25 - 1) < 5 * (2 / Double(count)).squareRoot())
    }
}
