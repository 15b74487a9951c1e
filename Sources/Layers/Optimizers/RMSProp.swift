import Tensors

/// RMSProp (Tieleman and Hinton 2012), as in PyTorch's `torch.optim.RMSprop`:
///
///     g ← gradient + weightDecay · p
///     v ← alpha · v + (1 - alpha) · g²
///     p ← p - learningRate · g / (sqrt(v) + epsilon)
public struct RMSProp: Optimizer, Hashable {
    public let alpha: Double
    public let epsilon: Double
    public let weightDecay: Double

    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(alpha: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0) throws {
        let settings = Settings(of: "RMSProp")
        try settings.require(alpha >= 0 && alpha < 1, "alpha", "in 0 ..< 1", found: alpha)
        try settings.require(epsilon >= 0, "epsilon", "0 or more", found: epsilon)
        try settings.require(weightDecay >= 0, "weight decay", "0 or more", found: weightDecay)
        self.alpha = alpha
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    public var stateNames: [String] { ["secondMoment"] }

    public func moved(
        _ parameters: Tensor, gradient: Tensor, state: [Tensor], learningRate: Tensor, step: Tensor
    ) throws -> (parameters: Tensor, state: [Tensor]) {
        let g = try gradient.addingDecay(weightDecay, of: parameters)
        let v = try state[0].averaged(with: g.square(), rate: alpha).withoutSubnormals()
        return (try parameters - g * v.stepSize(learningRate, epsilon: epsilon), [v])
    }
}
