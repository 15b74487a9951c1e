import Compute
import Foundation
import Tensors

/// Derivatives of a scalar by central differences in double precision, with Richardson's extrapolation: the error is of
/// the fourth order in the step.
public struct FiniteDifferences {
    public var step = 1e-3
    /// Elements of each leaf that are tried one by one; of larger leaves, this many, chosen at random, and two
    /// directions through all of them.
    public var elements = 24

    public init() {}

    /// The worst disagreement between `gradients` (of `scalar` with respect to `targets`), as the interpreter evaluates
    /// them, and differences; `nil` where there is none.
    public func disagreement(
        of gradients: [Tensor], scalar: Tensor, targets: [Tensor], tolerance: Double = 2e-6
    ) throws -> String? {
        let exact = try ReferenceInterpreter().evaluate(gradients + targets + [scalar])
        let (slopes, values) = (exact.prefix(gradients.count), exact[gradients.count...].prefix(targets.count))
        guard let level = exact.last?.values.first, level.isFinite else { return "the projection is not finite" }
        var random = TestRandom(seed: 99)
        for (number, (target, (slope, value))) in zip(targets, zip(slopes, values)).enumerated() where value.count > 0 {
            let largest = slope.values.map(abs).max() ?? 0
            guard largest.isFinite else { return "gradient \(number) is not finite" }
            for direction in directions(value.count, &random) {
                func height(_ distance: Double) throws -> Double {
                    var moved = value
                    for (index, amount) in direction { moved.values[index] += distance * amount }
                    let interpreter = ReferenceInterpreter(replacing: [.init(target): moved])
                    return try interpreter.evaluate([scalar])[0].values[0]
                }
                let coarse = (try height(2 * step) - height(-2 * step)) / (4 * step)
                let fine = (try height(step) - height(-step)) / (2 * step)
                let approximation = (4 * fine - coarse) / 3
                let predicted = direction.reduce(0) { $0 + slope.values[$1.index] * $1.amount }
                let size = direction.reduce(0) { $0 + abs(slope.values[$1.index] * $1.amount) }
                let allowed = tolerance * (size + largest) + 1e-11 * abs(level) + 1e-9
                // Written so that NaN disagrees.
                if !(abs(approximation - predicted) <= allowed) {
                    return "gradient \(number) along \(direction.count == 1 ? "element \(direction[0].index)" : "all")"
                        + " of \(value.shape): \(predicted), differences give \(approximation)"
                }
            }
        }
        return nil
    }

    private func directions(_ count: Int, _ random: inout TestRandom) -> [[(index: Int, amount: Double)]] {
        if count <= elements { return (0..<count).map { [($0, 1)] } }
        let single = (0..<(elements / 2)).map { _ in [(index: random.int(0..<count), amount: 1.0)] }
        let all = (0..<2).map { _ in
            (0..<count).map { (index: $0, amount: Double(random.float(-1...1)) / Double(count).squareRoot()) }
        }
        return single + all
    }
}
