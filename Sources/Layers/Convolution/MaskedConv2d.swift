import Tensors

/// A convolution whose output at a pixel depends only on pixels before it in raster order (van den Oord, Kalchbrenner,
/// Kavukcuoglu: Pixel Recurrent Neural Networks, 2016). The masked taps do not exist: they cost nothing.
///
/// With `groups` above one the channels of a pixel have an order, too: those of an image's first channel, then those of
/// its second, and so on, in equal parts (channel c of C belongs to group ⌊c · groups / C⌋). At the pixel itself an output
/// then sees the groups before its own, and with mask B its own as well. The weights of the others are multiplied by zero
/// in the operation: they neither count nor get a gradient.
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
    /// Ones, and at the centre zeros for pairs of channels that must not meet: like the weight; nil where all may.
    private let channelMask: Tensor?

    /// A square kernel of odd size.
    /// - Parameters:
    ///   - groups: of channels in order; 1 for none.
    ///   - dilation: pixels from one tap to the next.
    ///   - initializer: of the weight; like the bias, uniform in ±1 / sqrt(taps · Cin) by default.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: Int, mask: Mask, groups: Int = 1, dilation: Int = 1,
        bias: Bool = true, initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        try self.init(
            inputChannels, outputChannels, kernel: (kernel, kernel), mask: mask, groups: groups, dilation: dilation,
            bias: bias, initializer: initializer, biasInitializer: biasInitializer)
    }

    /// A kernel of odd height and width.
    /// - Parameter parts: how many equal parts the outputs come in, each with all groups: 2 for the halves of a gate.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, kernel: (height: Int, width: Int), mask: Mask, groups: Int = 1,
        parts: Int = 1, dilation: Int = 1, bias: Bool = true, initializer: Initializer? = nil,
        biasInitializer: Initializer? = nil
    ) throws {
        let settings = Settings(of: "MaskedConv2d")
        try settings.requirePositive("groups", groups)
        try settings.requirePositive("parts", parts)
        try settings.require(
            outputChannels % parts == 0, "output channels", "a multiple of \(parts) parts", found: outputChannels)
        try settings.require(
            min(inputChannels, outputChannels / parts) >= groups, "channels", "at least \(groups), one a group",
            found: min(inputChannels, outputChannels / parts))
        let centre = ConvolutionWindow.Tap(dy: 0, dx: 0)
        var taps = try MaskedConv2d.taps(kernel: kernel, mask: mask, dilation: dilation)
        var channelMask: Tensor?
        if groups > 1 {
            if mask == .a { taps.append(centre) }
            let part = outputChannels / parts
            let values = taps.flatMap { tap in
                (0..<inputChannels).flatMap { input in
                    (0..<outputChannels).map { output -> Float in
                        let (from, to) = (input * groups / inputChannels, output % part * groups / part)
                        return tap != centre || from < to || from == to && mask == .b ? 1 : 0
                    }
                }
            }
            channelMask = try Tensor(values, shape: [taps.count, inputChannels, outputChannels])
        }
        try self.init(
            inputChannels, outputChannels, taps: taps, channelMask: channelMask, bias: bias, initializer: initializer,
            biasInitializer: biasInitializer)
    }

    /// Any taps, such as those of a vertical stack, and all pairs of channels.
    /// - Throws: `LayerError.badSetting` where a number is out of range.
    public init(
        _ inputChannels: Int, _ outputChannels: Int, taps: [ConvolutionWindow.Tap], bias: Bool = true,
        initializer: Initializer? = nil, biasInitializer: Initializer? = nil
    ) throws {
        try self.init(
            inputChannels, outputChannels, taps: taps, channelMask: nil, bias: bias, initializer: initializer,
            biasInitializer: biasInitializer)
    }

    private init(
        _ inputChannels: Int, _ outputChannels: Int, taps: [ConvolutionWindow.Tap], channelMask: Tensor?, bias: Bool,
        initializer: Initializer?, biasInitializer: Initializer?
    ) throws {
        let settings = Settings(of: "MaskedConv2d")
        try settings.requirePositive("input channels", inputChannels)
        try settings.requirePositive("output channels", outputChannels)
        try settings.requirePositive("taps", taps.count)
        window = ConvolutionWindow(sameSizeTaps: taps)
        self.channelMask = channelMask
        let fanIn = taps.count * inputChannels
        weight = Parameter([taps.count, inputChannels, outputChannels], initializer ?? .fanInUniform(fanIn: fanIn))
        self.bias = bias ? Parameter([outputChannels], biasInitializer ?? .fanInUniform(fanIn: fanIn)) : nil
    }

    /// The taps of a kernel of odd height and width that come before its centre in raster order, and with mask B the
    /// centre too.
    /// - Parameter dilation: pixels from one tap to the next.
    /// - Throws: `LayerError.badSetting` unless both are odd and 1 or more, and the dilation is 1 or more.
    public static func taps(
        kernel: (height: Int, width: Int), mask: Mask, dilation: Int = 1
    ) throws -> [ConvolutionWindow.Tap] {
        try Settings(of: "MaskedConv2d").requirePositive("dilation", dilation)
        for extent in [kernel.height, kernel.width] {
            try Settings(of: "MaskedConv2d").require(
                extent >= 1 && extent % 2 == 1, "kernel", "odd and 1 or more", found: extent)
        }
        let (halfHeight, halfWidth) = (kernel.height / 2, kernel.width / 2)
        let above = (-halfHeight..<0).flatMap { dy in (-halfWidth...halfWidth).map { (dy, $0) } }
        let left = (-halfWidth..<0).map { (0, $0) }
        return (above + left + (mask == .b ? [(0, 0)] : [])).map {
            ConvolutionWindow.Tap(dy: $0.0 * dilation, dx: $0.1 * dilation)
        }
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        let masked = try channelMask.map { try weight.tensor * $0 } ?? weight.tensor
        let y = try x.convolved(masked, window: window)
        return try bias.map { try y + $0.tensor } ?? y
    }
}
