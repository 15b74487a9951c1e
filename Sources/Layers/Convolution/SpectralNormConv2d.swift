import Tensors

/// A `Conv2d` whose weight is divided by its spectral norm, as a matrix `[taps · Cin, Cout]`; see `SpectralNorm` for
/// what each call while training does. Shapes and window are those of `Conv2d`.
public struct SpectralNormConv2d: Layer {
    /// Before the division, `[taps, Cin, Cout]`.
    public let weight: Parameter
    public let bias: Parameter?
    public let norm: SpectralNorm
    public let window: ConvolutionWindow

    /// A square kernel.
    /// - Parameter initializer: of the weight; like the bias, uniform in ±1 / sqrt(taps · Cin) by default.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
        bias: Bool = true, initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        try self.init(
            inputChannels, outputChannels,
            window: .square(kernel, stride: stride, padding: padding, dilation: dilation, owner: "SpectralNormConv2d"),
            bias: bias, initializer: initializer, biasInitializer: biasInitializer)
    }

    /// Any window.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, window: ConvolutionWindow, bias: Bool = true,
        initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        let plain = try Conv2d(
            inputChannels, outputChannels, window: window, bias: bias, initializer: initializer,
            biasInitializer: biasInitializer)
        weight = plain.weight
        self.bias = plain.bias
        norm = try SpectralNorm(columns: outputChannels)
        self.window = window
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        let y = try x.convolved(norm(weight.tensor, context), window: window)
        return try bias.map { try y + $0.tensor } ?? y
    }
}
