import Layers
import Tensors

/// A variational autoencoder (Kingma & Welling 2014) with strided convolutions in the encoder and transposed ones in
/// the decoder, for images of any size. Each stage halves the height and the width, rounding down, and doubles the
/// channels; the decoder takes the same sizes in reverse.
public struct ConvolutionalVAE: VariationalAutoencoder {
    public struct Configuration: ModelConfiguration {
        /// Channels after the first convolution.
        public var channels = 32
        /// Stages that halve the image.
        public var stages = 2
        /// Units of the fully connected layer next to the code.
        public var hidden = 256
        /// Latent variables.
        public var latent = 20
        public var decoder = PixelDistribution.bernoulli
        /// Only for the Bernoulli decoder.
        public var binarize = Binarization.dynamic
        /// Values that a pixel is reduced to; nil for those of the data.
        public var levels: Int?

        public init() {}

        public static var options: [ModelOption<Configuration>] {
            [
                .integer("channels", \.channels, in: 1...4096, "channels after the first convolution"),
                .integer("stages", \.stages, in: 1...8, "stages that halve height and width and double the channels"),
                .integer("hidden", \.hidden, in: 1...65536, "units of the fully connected layer next to the code"),
                .integer("latent", \.latent, in: 1...65536, "latent variables"),
                .choice("decoder", \.decoder, "distribution of a pixel"),
                .choice("binarize", \.binarize, "black-and-white pixels drawn from grey ones (bernoulli decoder)"),
                .levels(\.levels),
            ]
        }
    }

    public static let name = "conv-vae"
    public static let summary = "convolutional variational autoencoder (Kingma & Welling 2014)"
    public static let recipe = Recipe()

    public let images: ImageSpace
    public let configuration: Configuration
    public let likelihood: PixelLikelihood
    public var binarizes: Bool { configuration.decoder == .bernoulli && configuration.binarize == .dynamic }
    public var latentSize: Int { configuration.latent }

    /// Four by four taps with a stride of two: an image of n pixels becomes one of n / 2, rounded down.
    private static let halving = ConvolutionWindow(kernel: (4, 4), stride: (2, 2), padding: (1, 1))

    private let convolutions: [Conv2d]
    private let encoderHead: Perceptron
    private let decoderHead: Perceptron
    private let transposedConvolutions: [ConvTranspose2d]
    /// Height, width and channels of the smallest feature map.
    private let smallest: [Int]

    /// - Throws: `ModelError.badImages` where the stages would halve an image to nothing.
    public init(images: ImageSpace, configuration: Configuration) throws {
        try configuration.check()
        let least = 1 << configuration.stages
        guard images.height >= least, images.width >= least else {
            throw ModelError.badImages(
                expected: "height and width of at least \(least) for \(configuration.stages) stages",
                found: "\(images.height)x\(images.width); set fewer stages")
        }
        let images = try images.reduced(toLevels: configuration.levels)
        self.images = images
        self.configuration = configuration
        likelihood = PixelLikelihood(configuration.decoder, levels: images.levels)

        let stages = 0...configuration.stages
        let heights = stages.map { images.height >> $0 }
        let widths = stages.map { images.width >> $0 }
        let channels = stages.map { $0 == 0 ? images.channels : configuration.channels << ($0 - 1) }
        let last = configuration.stages
        smallest = [heights[last], widths[last], channels[last]]
        let flat = smallest.reduce(1, *)
        convolutions = try (0..<last).map {
            try Conv2d(channels[$0], channels[$0 + 1], window: Self.halving)
        }
        encoderHead = try Perceptron([flat, configuration.hidden, 2 * configuration.latent], activation: .relu)
        decoderHead = try Perceptron([configuration.latent, configuration.hidden, flat], activation: .relu)
        // A transposed stage doubles the size; where halving rounded down, it adds the lost row or column.
        transposedConvolutions = try (0..<last).reversed().map {
            try ConvTranspose2d(
                channels[$0 + 1], channels[$0], window: Self.halving,
                extra: (heights[$0] % 2, widths[$0] % 2))
        }
    }

    public func loss(_ images: Tensor, _ context: Context) throws -> LossTerms { try evidenceBound(images, context) }

    public func posteriorParameters(_ images: Tensor, _ context: Context) throws -> Tensor {
        var x = images
        for convolution in convolutions { x = try Activation.relu(convolution(x, context)) }
        return try encoderHead(x.flattened(from: 1), context)
    }

    public func decoderOutputs(_ codes: Tensor, _ context: Context) throws -> Tensor {
        var x = try decoderHead(codes, context).reshaped([codes.shape[0]] + smallest)
        for convolution in transposedConvolutions { x = try convolution(Activation.relu(x), context) }
        return try x.flattened(from: 1)
    }
}
