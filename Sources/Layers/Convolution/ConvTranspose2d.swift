import Tensors

/// Transposed two-dimensional convolution, channels last: the linear map whose transpose is `Conv2d` with the same
/// window, plus a bias. With a stride of two it doubles an image's size.
///
/// Shapes: `x [N, H, W, Cin]`, `weight [taps, Cout, Cin]`, `bias [Cout]`, `y [N, H', W', Cout]` with
/// `H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + 1 + extra`.
public struct ConvTranspose2d: Layer {
    public let weight: Parameter
    public let bias: Parameter?
    public let window: ConvolutionWindow
    /// Rows and columns that complete a size the stride cannot tell from a smaller one.
    public let extra: (y: Int, x: Int)

    /// A square kernel.
    /// - Parameters:
    ///   - extra: fewer than the stride; zero by default.
    ///   - initializer: of the weight; like the bias, uniform in ±1 / sqrt(taps · Cout) by default.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
        extra: Int = 0, bias: Bool = true, initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        try self.init(
            inputChannels, outputChannels,
            window: .square(kernel, stride: stride, padding: padding, dilation: dilation, owner: "ConvTranspose2d"),
            extra: (extra, extra), bias: bias, initializer: initializer, biasInitializer: biasInitializer)
    }

    /// Any window.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, window: ConvolutionWindow, extra: (y: Int, x: Int) = (0, 0),
        bias: Bool = true, initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        let settings = Settings(of: "ConvTranspose2d")
        try settings.requirePositive("input channels", inputChannels)
        try settings.requirePositive("output channels", outputChannels)
        try settings.requirePositive("taps", window.taps.count)
        try settings.requirePositive("stride", window.strideY, window.strideX)
        try settings.require(
            0..<window.strideY ~= extra.y && 0..<window.strideX ~= extra.x, "extra", "0 or more, less than the stride",
            found: "\(extra.y), \(extra.x)")
        self.window = window
        self.extra = extra
        let fanIn = window.taps.count * outputChannels
        weight = Parameter(
            [window.taps.count, outputChannels, inputChannels], initializer ?? .fanInUniform(fanIn: fanIn))
        self.bias = bias ? Parameter([outputChannels], biasInitializer ?? .fanInUniform(fanIn: fanIn)) : nil
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        let y = try x.transposeConvolved(weight.tensor, window: window, extra: extra)
        return try bias.map { try y + $0.tensor } ?? y
    }
}
