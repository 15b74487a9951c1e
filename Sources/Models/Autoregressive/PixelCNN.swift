import Layers
import Tensors

/// The PixelCNN of van den Oord, Kalchbrenner & Kavukcuoglu 2016, "Pixel recurrent neural networks" (section 3.4 and
/// table 1): a masked convolution with mask A, residual blocks with mask B, and two 1x1 convolutions.
///
/// The channels of a pixel come one after the other, too: all features are in as many groups as there are channels, and
/// a group sees those before it (section 3.2 of the paper). A black-and-white channel has a Bernoulli distribution, any
/// other a softmax over its levels.
///
/// The field of view has the well-known blind spot: pixels above and to the right, beyond the reach of one layer a row.
/// `GatedPixelCNN` has none.
public struct PixelCNN: AutoregressiveModel {
    public struct Configuration: ModelConfiguration {
        /// Features inside a residual block; there are twice as many between them.
        public var hidden = 16
        /// Residual blocks.
        public var blocks = 15
        /// Height and width of the first convolution.
        public var kernel = 7
        /// Only for two levels.
        public var binarize = Binarization.dynamic
        /// Values that a pixel is reduced to; nil for those of the data.
        public var levels: Int?

        public init() {}

        public static var options: [ModelOption<Configuration>] {
            [
                .integer("hidden", \.hidden, in: 1...4096, "features inside a block, half of those between blocks"),
                .integer("blocks", \.blocks, in: 0...256, "residual blocks"),
                .oddInteger("kernel", \.kernel, in: 3...63, "height and width of the first convolution"),
                .choice("binarize", \.binarize, "black-and-white pixels drawn from grey ones (levels=2)"),
                .levels(\.levels),
            ]
        }
    }

    public static let name = "pixelcnn"
    public static let summary = "masked convolutions, pixel after pixel (van den Oord et al. 2016)"
    /// Small batches: their feature maps stay in the caches of a CPU, and an epoch has more steps.
    public static let recipe = Recipe(batchSize: 32, learningRateDecay: 0.999_977)

    public let images: ImageSpace
    public let configuration: Configuration
    public let head: any PixelHead
    public var binarizes: Bool { images.levels == 2 && configuration.binarize == .dynamic }

    private let first: MaskedConv2d
    private let blocks: [PixelCNNBlock]
    private let last: [MaskedConv2d]

    public init(images: ImageSpace, configuration: Configuration) throws {
        try configuration.check()
        let images = try images.reduced(toLevels: configuration.levels)
        self.images = images
        self.configuration = configuration
        head = pixelHead(images)
        let (hidden, groups) = (configuration.hidden, images.channels)
        try images.requireFeatures(hidden)
        first = try MaskedConv2d(groups, 2 * hidden, kernel: configuration.kernel, mask: .a, groups: groups)
        blocks = try (0..<configuration.blocks).map { _ in try PixelCNNBlock(hidden: hidden, groups: groups) }
        last = try [2 * hidden, head.parameters].map {
            try MaskedConv2d(2 * hidden, $0, kernel: 1, mask: .b, groups: groups)
        }
    }

    public func pixelParameters(_ images: Tensor, _ context: Context) throws -> Tensor {
        var x = try first(images * 2 - 1, context)
        for block in blocks { x = try block(x, context) }
        for layer in last { x = try layer(Activation.relu(x), context) }
        return x
    }
}

/// `x + W3 relu(W2 * relu(W1 relu(x)))`, where W2 is a 3x3 convolution with mask B between two 1x1 ones (figure 5 of the
/// paper): [N, H, W, 2 hidden] -> the same.
private struct PixelCNNBlock: Layer {
    let narrowing: MaskedConv2d
    let masked: MaskedConv2d
    let widening: MaskedConv2d

    /// The first two layers keep the scale of what a ReLU lets through (He et al. 2015), which the paper leaves open; the
    /// last one starts smaller, so that blocks start near the identity.
    init(hidden: Int, groups: Int) throws {
        func layer(_ inputs: Int, _ outputs: Int, kernel: Int, _ initializer: Initializer) throws -> MaskedConv2d {
            try MaskedConv2d(
                inputs, outputs, kernel: kernel, mask: .b, groups: groups, initializer: initializer,
                biasInitializer: .constant(0))
        }
        narrowing = try layer(2 * hidden, hidden, kernel: 1, .heUniform(fanIn: 2 * hidden))
        masked = try layer(hidden, hidden, kernel: 3, .heUniform(fanIn: 5 * hidden))
        widening = try layer(hidden, 2 * hidden, kernel: 1, .fanInUniform(fanIn: hidden))
    }

    func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        var y = x
        for layer in [narrowing, masked, widening] { y = try layer(Activation.relu(y), context) }
        return try x + y
    }
}
