import Tensors

/// A convolution, or a transposed one, whose weight is written as a direction and a length for each output channel,
/// `weight = scale · direction / |direction|` (Salimans & Kingma 2016, "Weight normalization").
///
/// In a pass that initialises, each output channel is brought to mean 0 and standard deviation `firstDeviation` over the
/// batch, by its scale and bias (section 3 of the paper).
///
/// Shapes: `x [N, H, W, Cin]`, `direction [taps, Cin, Cout]` (transposed: `[taps, Cout, Cin]`), `scale` and `bias`
/// `[Cout]`, `y [N, H', W', Cout]`.
public struct WeightNormConv2d: Layer {
    public let direction: Parameter
    public let scale: Parameter
    public let bias: Parameter
    public let window: ConvolutionWindow
    /// Rows and columns that complete a size the stride cannot tell from a smaller one; nil if not transposed.
    public let extra: (y: Int, x: Int)?
    public let firstDeviation: Float

    /// Keeps a channel that is the same everywhere from a scale without bound.
    private static let smallestVariance: Float = 1e-6

    /// - Parameters:
    ///   - transposed: nil for a convolution; for a transposed one, rows and columns that complete its size.
    ///   - firstDeviation: of the outputs for the batch that initialises.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, window: ConvolutionWindow, transposed: (y: Int, x: Int)? = nil,
        firstDeviation: Float = 1
    ) throws {
        let settings = Settings(of: "WeightNormConv2d")
        try settings.requirePositive("input channels", inputChannels)
        try settings.requirePositive("output channels", outputChannels)
        try settings.requirePositive("taps", window.taps.count)
        try settings.requirePositive("stride", window.strideY, window.strideX)
        self.window = window
        self.firstDeviation = firstDeviation
        extra = transposed
        let channels = transposed == nil ? [inputChannels, outputChannels] : [outputChannels, inputChannels]
        direction = Parameter([window.taps.count] + channels, .normal(mean: 0, standardDeviation: 0.05))
        scale = Parameter([outputChannels], .constant(1))
        bias = Parameter([outputChannels], .constant(0))
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        let direction = try direction.tensor
        // The axis of the output channels is the last but for transposed convolutions.
        let inputs = extra == nil ? [0, 1] : [0, 2]
        let inverseLength = try (direction.square().sum(inputs, keepingDimensions: true) + 1e-12).rsqrt()
        guard context.isInitializing else {
            let length = try scale.tensor.reshaped(inverseLength.shape) * inverseLength
            return try convolved(x, direction * length) + bias.tensor
        }
        let y = try convolved(x, direction * inverseLength)
        let mean = try y.mean([0, 1, 2])
        let factor = try (y.variance([0, 1, 2]) + Self.smallestVariance).rsqrt() * firstDeviation
        context.initialize(scale, to: factor)
        context.initialize(bias, to: try -mean * factor)
        return try (y - mean) * factor
    }

    private func convolved(_ x: Tensor, _ weight: Tensor) throws -> Tensor {
        guard let extra else { return try x.convolved(weight, window: window) }
        return try x.transposeConvolved(weight, window: window, extra: extra)
    }
}
