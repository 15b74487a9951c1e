import Tensors

/// Stochastic gradient descent with momentum, as in PyTorch's `torch.optim.SGD` (Sutskever et al. 2013):
///
///     g ← gradient + weightDecay · p
///     b ← momentum · b + g
///     p ← p - learningRate · b                      or, with Nesterov,   p - learningRate · (g + momentum · b)
public struct SGD: Optimizer, Hashable {
    public let momentum: Double
    public let nesterov: Bool
    public let weightDecay: Double

    /// - Throws: `LayerError.badSetting` where a number is out of range, or for Nesterov without momentum.
    public init(momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0) throws {
        let settings = Settings(of: "SGD")
        try settings.require(momentum >= 0 && momentum < 1, "momentum", "in 0 ..< 1", found: momentum)
        try settings.require(!nesterov || momentum > 0, "momentum", "above 0 with Nesterov", found: momentum)
        try settings.require(weightDecay >= 0, "weight decay", "0 or more", found: weightDecay)
        self.momentum = momentum
        self.nesterov = nesterov
        self.weightDecay = weightDecay
    }

    public var stateNames: [String] { momentum == 0 ? [] : ["momentum"] }

    public func moved(
        _ parameters: Tensor, gradient: Tensor, state: [Tensor], learningRate: Tensor, step: Tensor
    ) throws -> (parameters: Tensor, state: [Tensor]) {
        let g = try gradient.addingDecay(weightDecay, of: parameters)
        guard let old = state.first else { return (try parameters - learningRate * g, []) }
        let b = try (old * Float(momentum) + g).withoutSubnormals()
        let direction = nesterov ? try g + b * Float(momentum) : b
        return (try parameters - learningRate * direction, [b])
    }
}
