import Layers
import Tensors

/// The Gated PixelCNN of van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves & Kavukcuoglu 2016, "Conditional image
/// generation with PixelCNN decoders": a vertical stack that sees the rows above a pixel, and a horizontal one that sees
/// the pixels to the left and the vertical stack. Together they have no blind spot.
///
/// With classes, an embedding of an image's label is added before every gate (equation 4 of the paper). The paper's size
/// for small images is `layers=10 hidden=128`; the default is a sixteenth of its work.
///
/// With an enlargement it is a model of super-resolution: features of a small version of the image are added before every
/// gate, at their places (the paper's location-dependent condition, end of section 2.3).
public struct GatedPixelCNN: EnlargingModel, ClassConditionalModel {
    public struct Configuration: ModelConfiguration {
        /// Features of each stack.
        public var hidden = 32
        /// Gated layers, the first one included.
        public var layers = 10
        /// Height and width of the first convolution; the others are of size 3.
        public var kernel = 7
        /// Classes by which images can be asked for; nil for none.
        public var classes: Int?
        /// How many times as high and wide an image is as the small version of it that is given; nil for none.
        public var enlarge: Int?
        /// Only for two levels.
        public var binarize = Binarization.dynamic
        /// Values that a pixel is reduced to; nil for those of the data.
        public var levels: Int?

        public init() {}

        public static var options: [ModelOption<Configuration>] {
            [
                .integer("hidden", \.hidden, in: 1...4096, "features of each of the two stacks"),
                .integer("layers", \.layers, in: 1...256, "gated layers, the first included"),
                .oddInteger("kernel", \.kernel, in: 3...63, "height and width of the first convolution"),
                .integer(
                    "classes", \.classes, in: 1...256, none: "none", "classes of images, told by the data's labels"),
                .integer(
                    "enlarge", \.enlarge, in: 2...64, none: "none",
                    "times that images are larger than small versions that are given (super-resolution)"),
                .choice("binarize", \.binarize, "black-and-white pixels drawn from grey ones (levels=2)"),
                .levels(\.levels),
            ]
        }
    }

    public static let name = "gated-pixelcnn"
    public static let summary = "gated vertical and horizontal stacks, classes (van den Oord et al. 2016)"
    /// Small batches: their feature maps stay in the caches of a CPU, and an epoch has more steps.
    public static let recipe = Recipe(batchSize: 32, learningRateDecay: 0.9999)

    public let images: ImageSpace
    public let configuration: Configuration
    public let head: any PixelHead
    public var classes: Int? { configuration.classes }
    public var enlargement: Int? { configuration.enlarge }
    public var binarizes: Bool { images.levels == 2 && configuration.binarize == .dynamic }

    /// Features of the small version.
    private let small: [Conv2d]
    private let layers: [GatedLayer]
    private let last: [MaskedConv2d]

    public init(images: ImageSpace, configuration: Configuration) throws {
        try configuration.check()
        let images = try images.reduced(toLevels: configuration.levels)
        self.images = images
        self.configuration = configuration
        head = pixelHead(images)
        let (hidden, groups) = (configuration.hidden, images.channels)
        try images.requireFeatures(hidden)
        let isEnlarging = configuration.enlarge != nil
        if let factor = configuration.enlarge { try images.requireMultiple(of: factor) }
        small =
            try isEnlarging
            ? [images.channels, hidden].map { try Conv2d($0, hidden, kernel: 3, padding: 1) } : []
        layers = try (0..<configuration.layers).map {
            let kernel = $0 == 0 ? configuration.kernel : nil
            return try GatedLayer(
                first: kernel, hidden: hidden, groups: groups, classes: configuration.classes, isEnlarging: isEnlarging)
        }
        last = try [hidden, head.parameters].map {
            try MaskedConv2d(hidden, $0, kernel: 1, mask: .b, groups: groups)
        }
    }

    public func pixelParameters(_ images: Tensor, _ context: Context) throws -> Tensor {
        let labels = try labels(context)
        let x = try images * 2 - 1
        var features = try small.isEmpty ? nil : repeatedSmallVersion(of: context.originals ?? images) * 2 - 1
        for layer in small { features = try features.map { try Activation.relu(layer($0, context)) } }
        var (vertical, horizontal) = (x, x)
        for layer in layers {
            (vertical, horizontal) = try layer(vertical, horizontal, labels: labels, features: features, context)
        }
        for layer in last { horizontal = try layer(Activation.relu(horizontal), context) }
        return horizontal
    }
}

/// One gated layer of both stacks (figure 2 of the paper), both [N, H, W, hidden]. The first layer takes the images.
private struct GatedLayer: Module {
    let vertical: MaskedConv2d
    let horizontal: MaskedConv2d
    /// From the vertical stack, before its gate, to the horizontal one.
    let link: Conv2d
    let output: MaskedConv2d
    /// What a class adds before the gates: of the vertical stack, then of the horizontal one.
    let condition: Embedding?
    /// The same for the features of a small version.
    let place: Conv2d?
    private let hidden: Int
    private let isFirst: Bool

    /// - Parameter first: the size of the kernel of the layer that sees the images, with mask A and no residual; nil for
    ///   the others.
    init(first: Int?, hidden: Int, groups: Int, classes: Int?, isEnlarging: Bool) throws {
        self.hidden = hidden
        isFirst = first != nil
        let (inputs, kernel) = (first == nil ? hidden : groups, first ?? 3)
        // Of the images only rows above may be seen; the features of a row of the vertical stack know no more than that.
        let half = kernel / 2
        let taps = (-half...(first == nil ? 0 : -1)).flatMap { dy in
            (-half...half).map { ConvolutionWindow.Tap(dy: dy, dx: $0) }
        }
        vertical = try MaskedConv2d(inputs, 2 * hidden, taps: taps)
        horizontal = try MaskedConv2d(
            inputs, 2 * hidden, kernel: (1, kernel), mask: first == nil ? .b : .a, groups: groups, parts: 2)
        link = try Conv2d(2 * hidden, 2 * hidden, kernel: 1)
        output = try MaskedConv2d(hidden, hidden, kernel: 1, mask: .b, groups: groups)
        condition = try classes.map {
            try Embedding($0, 4 * hidden, initializer: .normal(mean: 0, standardDeviation: 0.1))
        }
        place = isEnlarging ? try Conv2d(hidden, 4 * hidden, kernel: 1, bias: false) : nil
    }

    func callAsFunction(
        _ v: Tensor, _ h: Tensor, labels: Tensor?, features: Tensor?, _ context: Context
    ) throws -> (vertical: Tensor, horizontal: Tensor) {
        var above = try vertical(v, context)
        var beside = try horizontal(h, context) + link(above, context)
        var conditions: [Tensor] = []
        if let condition, let labels {
            conditions.append(try condition(labels, context).reshaped([labels.count, 1, 1, 4 * hidden]))
        }
        if let place, let features { conditions.append(try place(features, context)) }
        for condition in conditions {
            let added = try condition.split([2 * hidden, 2 * hidden], axis: -1)
            above = try above + added[0]
            beside = try beside + added[1]
        }
        let out = try output(gated(beside), context)
        return (try gated(above), isFirst ? out : try h + out)
    }

    /// `tanh(a) · sigmoid(b)` of the two halves of the channels (equation 2).
    private func gated(_ x: Tensor) throws -> Tensor {
        let halves = try x.split([hidden, hidden], axis: -1)
        return try halves[0].tanh() * halves[1].sigmoid()
    }
}
