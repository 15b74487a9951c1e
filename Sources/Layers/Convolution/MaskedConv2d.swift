import Tensors

/// A convolution whose output at a pixel depends only on pixels before it in raster order (van den Oord, Kalchbrenner,
/// Kavukcuoglu: Pixel Recurrent Neural Networks, 2016). The masked taps do not exist: they cost nothing.
///
/// Shapes: `x [N, H, W, Cin]`, `weight [taps, Cin, Cout]`, `bias [Cout]`, `y [N, H, W, Cout]`.
public struct MaskedConv2d: Layer {
    public enum Mask: String, Hashable, Sendable, CaseIterable {
        /// Without the pixel itself: for the first layer.
        case a
        /// With the pixel itself: for all others.
        case b
    }

    public let weight: Parameter
    public let bias: Parameter?
    public let window: ConvolutionWindow

    /// A square kernel of odd size.
    /// - Parameter initializer: of the weight; like the bias, uniform in ±1 / sqrt(taps · Cin) by default.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: Int, mask: Mask, bias: Bool = true,
        initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        try self.init(
            inputChannels, outputChannels, taps: MaskedConv2d.taps(kernel: (kernel, kernel), mask: mask), bias: bias,
            initializer: initializer, biasInitializer: biasInitializer)
    }

    /// Any taps, such as those of a vertical stack or of one row (`taps(kernel:mask:)`).
    public init(
        _ inputChannels: Int, _ outputChannels: Int, taps: [ConvolutionWindow.Tap], bias: Bool = true,
        initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        let settings = Settings(of: "MaskedConv2d")
        try settings.requirePositive("input channels", inputChannels)
        try settings.requirePositive("output channels", outputChannels)
        try settings.requirePositive("taps", taps.count)
        window = ConvolutionWindow(sameSizeTaps: taps)
        let fanIn = taps.count * inputChannels
        weight = Parameter([taps.count, inputChannels, outputChannels], initializer ?? .fanInUniform(fanIn: fanIn))
        self.bias = bias ? Parameter([outputChannels], biasInitializer ?? .fanInUniform(fanIn: fanIn)) : nil
    }

    /// The taps of a kernel of odd height and width that come before its centre in raster order, and with mask B the
    /// centre too.
    /// - Throws: `LayerError.badSetting` unless both are odd and 1 or more.
    public static func taps(kernel: (height: Int, width: Int), mask: Mask) throws -> [ConvolutionWindow.Tap] {
        for extent in [kernel.height, kernel.width] {
            try Settings(of: "MaskedConv2d").require(
                extent >= 1 && extent % 2 == 1, "kernel", "odd and 1 or more", found: extent)
        }
        let (halfHeight, halfWidth) = (kernel.height / 2, kernel.width / 2)
        let above = (-halfHeight..<0).flatMap { dy in (-halfWidth...halfWidth).map { (dy, $0) } }
        let left = (-halfWidth..<0).map { (0, $0) }
        return (above + left + (mask == .b ? [(0, 0)] : [])).map { ConvolutionWindow.Tap(dy: $0.0, dx: $0.1) }
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        let y = try x.convolved(weight.tensor, window: window)
        return try bias.map { try y + $0.tensor } ?? y
    }
}
