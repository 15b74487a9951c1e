import Tensors

/// Two-dimensional convolution (cross-correlation), channels last:
/// `y[n, i, j, :] = Σ over taps t of x[n, i · stride + dy(t), j · stride + dx(t), :] · weight[t] + bias`, where pixels
/// outside the image count as zero.
///
/// Shapes: `x [N, H, W, Cin]`, `weight [taps, Cin, Cout]`, `bias [Cout]`, `y [N, H', W', Cout]` with
/// `H' = ⌊(H + 2 padding - dilation (kernel - 1) - 1) / stride⌋ + 1`. Taps are in raster order.
public struct Conv2d: Layer {
    public let weight: Parameter
    public let bias: Parameter?
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
            window: .square(kernel, stride: stride, padding: padding, dilation: dilation, owner: "Conv2d"), bias: bias,
            initializer: initializer, biasInitializer: biasInitializer)
    }

    /// Any window.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, window: ConvolutionWindow, bias: Bool = true,
        initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        let settings = Settings(of: "Conv2d")
        try settings.requirePositive("input channels", inputChannels)
        try settings.requirePositive("output channels", outputChannels)
        try settings.requirePositive("taps", window.taps.count)
        try settings.requirePositive("stride", window.strideY, window.strideX)
        self.window = window
        let fanIn = window.taps.count * inputChannels
        weight = Parameter(
            [window.taps.count, inputChannels, outputChannels], initializer ?? .fanInUniform(fanIn: fanIn))
        self.bias = bias ? Parameter([outputChannels], biasInitializer ?? .fanInUniform(fanIn: fanIn)) : nil
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        let y = try x.convolved(weight.tensor, window: window)
        return try bias.map { try y + $0.tensor } ?? y
    }
}

extension ConvolutionWindow {
    /// A dense square window whose numbers have been checked for the layer `owner`.
    static func square(
        _ kernel: Int, stride: Int, padding: Int, dilation: Int, owner: String
    ) throws -> ConvolutionWindow {
        let settings = Settings(of: owner)
        try settings.requirePositive("kernel", kernel)
        try settings.requirePositive("stride", stride)
        try settings.requirePositive("dilation", dilation)
        try settings.require(padding >= 0, "padding", "0 or more", found: padding)
        return ConvolutionWindow(
            kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding),
            dilation: (dilation, dilation))
    }
}
