import Tensors

/// Normalises each channel: `y = (x - mean) / sqrt(variance + epsilon) · weight + bias` (Ioffe and Szegedy 2015).
///
/// While training, mean and variance are those of the batch (over every axis but the last, the variance divided by the
/// number of elements), and the running statistics move towards them:
/// `running = (1 - momentum) · running + momentum · batch`, with the variance divided by one less. Otherwise the running
/// statistics are used. Their new values are in `Context.updates`.
///
/// Shapes: `x [..., C]` (`[N, H, W, C]`, also `[N, C]`), everything else `[C]`, `y` like `x`.
public struct BatchNorm2d: Layer {
    public let weight: Parameter
    public let bias: Parameter
    public let runningMean: Parameter
    public let runningVariance: Parameter
    public let momentum: Float
    public let epsilon: Float

    /// - Parameter initializer: of the weight; all ones by default.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        _ channels: Int, momentum: Float = 0.1, epsilon: Float = 1e-5, initializer: Initializer = .constant(1)
    ) throws {
        let settings = Settings(of: "BatchNorm2d")
        try settings.requirePositive("channels", channels)
        try settings.require(momentum >= 0 && momentum <= 1, "momentum", "in 0 ... 1", found: momentum)
        weight = Parameter([channels], initializer)
        bias = Parameter([channels], .constant(0))
        runningMean = Parameter([channels], .constant(0), isTrainable: false)
        runningVariance = Parameter([channels], .constant(1), isTrainable: false)
        self.momentum = momentum
        self.epsilon = epsilon
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        guard x.rank >= 2, x.shape.last == weight.count else {
            throw TensorError.shapeMismatch(
                operation: "BatchNorm2d", expected: "[..., \(weight.count)]", found: [x.shape])
        }
        guard context.isTraining else {
            let scale = try weight.tensor * (runningVariance.tensor + epsilon).rsqrt()
            return try (x - runningMean.tensor) * scale + bias.tensor
        }
        let samples = x.count / weight.count
        guard samples >= 2 else {
            throw TensorError.shapeMismatch(
                operation: "BatchNorm2d", expected: "two or more values a channel while training", found: [x.shape])
        }
        let axes = Array(0..<(x.rank - 1))
        // The mean is subtracted as a number c without a gradient. With the exact identities, for any c,
        //     x - mean = (x - c) - (mean - c)    and    variance = mean((x - c)²) - (mean - c)²
        // the gradient flows through `offset`, a zero for each channel, and no further sum over all elements is needed.
        let mean = try x.mean(axes)
        let shift = mean.stoppedGradient()
        let deviation = try x - shift
        let offset = try mean - shift
        let variance = try deviation.square().mean(axes) - offset.square()
        try context.update(runningMean) { try $0 * (1 - momentum) + mean * momentum }
        let unbiased = momentum * Float(samples) / Float(samples - 1)
        try context.update(runningVariance) { try $0 * (1 - momentum) + variance * unbiased }
        let scale = try weight.tensor * (variance + epsilon).rsqrt()
        return try deviation * scale + (bias.tensor - offset * scale)
    }
}
