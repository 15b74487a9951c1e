import Layers
import Tensors

/// The PixelCNN++ of Salimans, Karpathy, Chen & Kingma 2017, "PixelCNN++: improving the PixelCNN with discretized logistic
/// mixture likelihood and other modifications": a stack that sees the rows above a pixel and one that sees what is above
/// and to the left, gated residual layers at several resolutions, and shortcuts from the way down to the way up.
///
/// The paper's network for CIFAR-10 is `filters=160 resnets=5 resolutions=3 components=10 dropout=0.5`; the defaults are
/// for small images on a CPU.
public struct PixelCNNPlusPlus: AutoregressiveModel, DataInitializedModel {
    public struct Configuration: ModelConfiguration {
        /// Features of each stack.
        public var filters = 32
        /// Gated residual layers of a resolution, on the way down; on the way up there is one more.
        public var resnets = 1
        /// The full one, the half, the quarter.
        public var resolutions = 3
        /// Logistic distributions in the mixture.
        public var components = 10
        /// The part of the features that training drops in each residual layer.
        public var dropout = 0.1
        /// Only for two levels.
        public var binarize = Binarization.dynamic
        /// Values that a pixel is reduced to; nil for those of the data.
        public var levels: Int?

        public init() {}

        public static var options: [ModelOption<Configuration>] {
            [
                .integer("filters", \.filters, in: 1...4096, "features of each of the two stacks"),
                .integer("resnets", \.resnets, in: 1...64, "gated residual layers of a resolution"),
                .integer("resolutions", \.resolutions, in: 1...3, "the full one, half, quarter"),
                .integer("components", \.components, in: 1...256, "logistic distributions in the mixture"),
                .fraction("dropout", \.dropout, "part of the features that training drops"),
                .choice("binarize", \.binarize, "black-and-white pixels drawn from grey ones (levels=2)"),
                .levels(\.levels),
            ]
        }
    }

    public static let name = "pixelcnn++"
    public static let summary = "mixture of logistics, several resolutions (Salimans et al. 2017)"
    public static let recipe = Recipe(batchSize: 16, learningRateDecay: 0.999_995, averageDecay: 0.9995)

    public let images: ImageSpace
    public let configuration: Configuration
    public let head: any PixelHead
    public var binarizes: Bool { images.levels == 2 && configuration.binarize == .dynamic }

    private let firstAbove: WeightNormConv2d
    private let firstBeside: [WeightNormConv2d]
    private let down: [[StackPair<GatedResnet>]]
    private let halving: [StackPair<WeightNormConv2d>]
    private let up: [[StackPair<GatedResnet>]]
    private let doubling: [StackPair<WeightNormConv2d>]
    private let last: WeightNormConv2d

    public init(images: ImageSpace, configuration: Configuration) throws {
        try configuration.check()
        let images = try images.reduced(toLevels: configuration.levels)
        self.images = images
        self.configuration = configuration
        head = LogisticMixtureHead(
            components: configuration.components, channels: images.channels, levels: images.levels)
        let (filters, resnets, stages) = (configuration.filters, configuration.resnets, configuration.resolutions)

        // One more channel than the image has: ones, which tell the image from what lies outside.
        let inputs = images.channels + 1
        firstAbove = try WeightNormConv2d(inputs, filters, window: .taps(-2 ... -1, -1...1))
        firstBeside = [
            try WeightNormConv2d(inputs, filters, window: .taps(-1 ... -1, -1...1)),
            try WeightNormConv2d(inputs, filters, window: .taps(-1...0, -1 ... -1)),
        ]
        func resnet(_ window: ConvolutionWindow, shortcut: Int) throws -> GatedResnet {
            try GatedResnet(filters, window: window, shortcut: shortcut, dropout: Float(configuration.dropout))
        }
        func pairs(_ count: Int, shortcut: Int) throws -> [StackPair<GatedResnet>] {
            try (0..<count).map { _ in
                StackPair(
                    above: try resnet(.above(), shortcut: shortcut),
                    beside: try resnet(.beside(), shortcut: shortcut + filters))
            }
        }
        down = try (0..<stages).map { _ in try pairs(resnets, shortcut: 0) }
        up = try (0..<stages).map { try pairs($0 == stages - 1 ? resnets : resnets + 1, shortcut: filters) }
        halving = try (1..<stages).map { _ in
            StackPair(
                above: try WeightNormConv2d(filters, filters, window: .above(stride: 2)),
                beside: try WeightNormConv2d(filters, filters, window: .beside(stride: 2)))
        }
        doubling = try (1..<stages).map { stage in
            // Halving rounds up: twice the coarse size, less one, is the finer size or one too few.
            let finer = [images.height, images.width].map { ($0 + (1 << (stage - 1)) - 1) >> (stage - 1) }
            let extra = (1 - finer[0] % 2, 1 - finer[1] % 2)
            return StackPair(
                above: try WeightNormConv2d(filters, filters, window: .taps(0...1, -1...1, 2), transposed: extra),
                beside: try WeightNormConv2d(filters, filters, window: .taps(0...1, 0...1, 2), transposed: extra))
        }
        last = try WeightNormConv2d(filters, head.parameters, window: .taps(0...0, 0...0))
    }

    public func pixelParameters(_ images: Tensor, _ context: Context) throws -> Tensor {
        let ones = try Tensor.ones(Array(images.shape.dropLast()) + [1])
        let x = try Tensor.concatenate([images * 2 - 1, ones], axis: -1)
        var stacks = Stacks(
            above: try firstAbove(x, context), beside: try firstBeside[0](x, context) + firstBeside[1](x, context))
        var kept = [stacks]
        for stage in down.indices {
            if stage > 0 {
                stacks = try halving[stage - 1](stacks, context)
                kept.append(stacks)
            }
            for pair in down[stage] {
                stacks = try pair(stacks, shortcut: nil, context)
                kept.append(stacks)
            }
        }
        kept.removeLast()
        for stage in up.indices.reversed() {
            if stage < up.count - 1 { stacks = try doubling[stage](stacks, context) }
            for pair in up[stage] { stacks = try pair(stacks, shortcut: kept.popLast(), context) }
        }
        return try last(Activation.elu(stacks.beside), context)
    }
}

/// The features of both stacks, [N, H, W, filters] each: of the rows above, and of what is above and to the left.
private struct Stacks {
    var above: Tensor
    var beside: Tensor
}

/// A layer of each stack.
private struct StackPair<Part: Module>: Module {
    let above: Part
    let beside: Part
}

extension StackPair where Part: Layer {
    func callAsFunction(_ x: Stacks, _ context: Context) throws -> Stacks {
        Stacks(above: try above(x.above, context), beside: try beside(x.beside, context))
    }
}

extension StackPair<GatedResnet> {
    /// - Parameter shortcut: features of the way down, on the way up.
    func callAsFunction(_ x: Stacks, shortcut: Stacks?, _ context: Context) throws -> Stacks {
        let above = try above(x.above, shortcut?.above, context)
        let side = try shortcut.map { try Tensor.concatenate([above, $0.beside], axis: -1) } ?? above
        return Stacks(above: above, beside: try beside(x.beside, side, context))
    }
}

/// `x + a · sigmoid(b)`, where a and b are the halves of the second of two convolutions with a `concat_elu` before each;
/// what comes by a shortcut is added between them. [N, H, W, filters] -> the same.
private struct GatedResnet: Module {
    let first: WeightNormConv2d
    let side: WeightNormConv2d?
    let second: WeightNormConv2d
    let dropout: Dropout

    /// - Parameter shortcut: features that come by the shortcut; 0 for none.
    init(_ filters: Int, window: ConvolutionWindow, shortcut: Int, dropout: Float) throws {
        first = try WeightNormConv2d(2 * filters, filters, window: window)
        side =
            shortcut == 0 ? nil : try WeightNormConv2d(2 * shortcut, filters, window: .taps(0...0, 0...0))
        // A residual layer begins near the identity.
        second = try WeightNormConv2d(2 * filters, 2 * filters, window: window, firstDeviation: 0.1)
        self.dropout = try Dropout(dropout)
    }

    func callAsFunction(_ x: Tensor, _ shortcut: Tensor?, _ context: Context) throws -> Tensor {
        var y = try first(x.concatELU(), context)
        if let side, let shortcut { y = try y + side(shortcut.concatELU(), context) }
        let filters = x.shape[3]
        let halves = try second(dropout(y.concatELU(), context), context).split([filters, filters], axis: -1)
        return try x + halves[0] * halves[1].sigmoid()
    }
}

extension Tensor {
    /// ELU of the features and of their negatives, one after the other: twice as many channels.
    fileprivate func concatELU() throws -> Tensor {
        try Tensor.concatenate([Activation.elu(self), Activation.elu(-self)], axis: -1)
    }
}

extension ConvolutionWindow {
    /// Every tap of a range of rows and a range of columns, with outputs of the input's size over the stride.
    fileprivate static func taps(
        _ rows: ClosedRange<Int>, _ columns: ClosedRange<Int>, _ stride: Int = 1
    ) -> ConvolutionWindow {
        ConvolutionWindow(
            sameSizeTaps: rows.flatMap { dy in columns.map { Tap(dy: dy, dx: $0) } }, stride: stride)
    }

    /// 2x3, shifted down: a row sees itself and the one above.
    fileprivate static func above(stride: Int = 1) -> ConvolutionWindow { taps(-1...0, -1...1, stride) }

    /// 2x2, shifted down and to the right.
    fileprivate static func beside(stride: Int = 1) -> ConvolutionWindow { taps(-1...0, -1...0, stride) }
}
