import Tensors

/// Adagrad (Duchi, Hazan, Singer 2011), as in PyTorch's `torch.optim.Adagrad`:
///
///     g ← gradient + weightDecay · p
///     s ← s + g²
///     p ← p - learningRate / (1 + (t - 1) · learningRateDecay) · g / (sqrt(s) + epsilon)
public struct Adagrad: Optimizer, Hashable {
    public let learningRateDecay: Double
    public let epsilon: Double
    public let weightDecay: Double

    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(learningRateDecay: Double = 0, epsilon: Double = 1e-10, weightDecay: Double = 0) throws {
        let settings = Settings(of: "Adagrad")
        try settings.require(learningRateDecay >= 0, "learning-rate decay", "0 or more", found: learningRateDecay)
        try settings.require(epsilon >= 0, "epsilon", "0 or more", found: epsilon)
        try settings.require(weightDecay >= 0, "weight decay", "0 or more", found: weightDecay)
        self.learningRateDecay = learningRateDecay
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    public var stateNames: [String] { ["squaredSum"] }

    public func moved(
        _ parameters: Tensor, gradient: Tensor, state: [Tensor], learningRate: Tensor, step: Tensor
    ) throws -> (parameters: Tensor, state: [Tensor]) {
        let g = try gradient.addingDecay(weightDecay, of: parameters)
        let s = try state[0] + g.square()
        let decay = Float(learningRateDecay)
        let rate = decay == 0 ? learningRate : try learningRate / ((step - 1) * decay + 1)
        return (try parameters - g * s.stepSize(rate, epsilon: epsilon), [s])
    }
}
