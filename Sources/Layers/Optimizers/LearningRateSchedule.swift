import Foundation

/// The learning rate as a function of the step.
public indirect enum LearningRateSchedule: Hashable, Sendable, Codable {
    case constant(Double)
    /// `initial · decay^(step - 1)`.
    case exponential(initial: Double, decay: Double)
    /// Half a cosine from `initial` in the first step to `final` after `steps` steps, and `final` from there on
    /// (Loshchilov and Hutter 2016, without restarts).
    case cosine(initial: Double, final: Double = 0, steps: Int)
    /// `initial`, multiplied by `factor` after every `every` steps.
    case stepwise(initial: Double, factor: Double, every: Int)
    /// A straight line from zero to the first rate of another schedule, reached in step `steps`; then that schedule,
    /// from its first step.
    case warmUp(steps: Int, then: LearningRateSchedule)

    /// - Parameter step: 1 in the first step, then 2, 3, … (lower numbers count as 1).
    public func value(at step: Int) -> Double {
        let step = max(step, 1)
        switch self {
        case .constant(let rate):
            return rate
        case .exponential(let initial, let decay):
            return initial * pow(decay, Double(step - 1))
        case .cosine(let initial, let final, let steps):
            let progress = min(Double(step - 1) / Double(max(steps, 1)), 1)
            return final + (initial - final) * (1 + cos(Double.pi * progress)) / 2
        case .stepwise(let initial, let factor, let every):
            return initial * pow(factor, Double((step - 1) / max(every, 1)))
        case .warmUp(let steps, let then):
            if step > steps { return then.value(at: step - steps) }
            return then.value(at: 1) * Double(step) / Double(steps)
        }
    }
}
