import Foundation
import Tensors

/// Adam (Kingma and Ba 2014), as in PyTorch's `torch.optim.Adam`, and with decoupled weight decay AdamW (Loshchilov and
/// Hutter 2017), as in `torch.optim.AdamW`:
///
///     g ← gradient + weightDecay · p                (Adam)
///     p ← p · (1 - learningRate · weightDecay)      (AdamW)
///     m ← beta1 · m + (1 - beta1) · g
///     v ← beta2 · v + (1 - beta2) · g²
///     p ← p - learningRate / (1 - beta1^t) · m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
public struct Adam: Optimizer, Hashable {
    public let beta1: Double
    public let beta2: Double
    public let epsilon: Double
    public let weightDecay: Double
    /// Whether the weight decay is AdamW's.
    public let isDecoupled: Bool

    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
    ) throws {
        try self.init(beta1, beta2, epsilon, weightDecay, isDecoupled: false, name: "Adam")
    }

    /// AdamW.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public static func decoupled(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01
    ) throws -> Adam {
        try Adam(beta1, beta2, epsilon, weightDecay, isDecoupled: true, name: "AdamW")
    }

    private init(
        _ beta1: Double, _ beta2: Double, _ epsilon: Double, _ weightDecay: Double, isDecoupled: Bool, name: String
    ) throws {
        let settings = Settings(of: name)
        try settings.require(beta1 >= 0 && beta1 < 1, "beta1", "in 0 ..< 1", found: beta1)
        try settings.require(beta2 >= 0 && beta2 < 1, "beta2", "in 0 ..< 1", found: beta2)
        try settings.require(epsilon >= 0, "epsilon", "0 or more", found: epsilon)
        try settings.require(weightDecay >= 0, "weight decay", "0 or more", found: weightDecay)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.isDecoupled = isDecoupled
    }

    /// Without `beta1` the first moment is the gradient, and nothing of it is remembered.
    public var stateNames: [String] { beta1 == 0 ? ["secondMoment"] : ["firstMoment", "secondMoment"] }

    public func moved(
        _ parameters: Tensor, gradient: Tensor, state: [Tensor], learningRate: Tensor, step: Tensor
    ) throws -> (parameters: Tensor, state: [Tensor]) {
        let g = isDecoupled ? gradient : try gradient.addingDecay(weightDecay, of: parameters)
        let m = beta1 == 0 ? g : try state[0].averaged(with: g, rate: beta1).withoutSubnormals()
        let v = try state[state.count - 1].averaged(with: g.square(), rate: beta2).withoutSubnormals()
        let rate = try learningRate / correction(beta1, step)
        let scale = try correction(beta2, step).rsqrt()
        var p = parameters
        if isDecoupled, weightDecay > 0 { p = try p * (1 - learningRate * Float(weightDecay)) }
        let moved = try p - m * v.stepSize(rate, scale: scale, epsilon: epsilon)
        return (moved, beta1 == 0 ? [v] : [m, v])
    }

    /// `1 - beta^step`, with all its digits also where beta is close to one.
    private func correction(_ beta: Double, _ step: Tensor) throws -> Tensor {
        beta == 0 ? Tensor(1) : try -(step * Float(log(beta))).expm1()
    }
}
