import Layers
import Tensors

/// The variational autoencoder of Kingma & Welling 2014, "Auto-encoding variational Bayes": fully connected, ReLU, a
/// standard normal prior. With its defaults it is D-400-20-400-D with a Bernoulli decoder.
public struct VAE: VariationalAutoencoder {
    public struct Configuration: ModelConfiguration {
        /// Units in each hidden layer.
        public var hidden = 400
        /// Hidden layers of the encoder, and of the decoder.
        public var layers = 1
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
                .integer("hidden", \.hidden, in: 1...65536, "units in each hidden layer"),
                .integer("layers", \.layers, in: 0...64, "hidden layers of the encoder and of the decoder"),
                .integer("latent", \.latent, in: 1...65536, "latent variables"),
                .choice("decoder", \.decoder, "distribution of a pixel"),
                .choice("binarize", \.binarize, "black-and-white pixels drawn from grey ones (bernoulli decoder)"),
                .levels(\.levels),
            ]
        }
    }

    public static let name = "vae"
    public static let summary = "MLP variational autoencoder (Kingma & Welling 2014)"
    public static let recipe = Recipe()

    public let images: ImageSpace
    public let configuration: Configuration
    public let likelihood: PixelLikelihood
    public var binarizes: Bool { configuration.decoder == .bernoulli && configuration.binarize == .dynamic }
    public var latentSize: Int { configuration.latent }

    private let encoder: Perceptron
    private let decoder: Perceptron

    public init(images: ImageSpace, configuration: Configuration) throws {
        try configuration.check()
        let images = try images.reduced(toLevels: configuration.levels)
        self.images = images
        self.configuration = configuration
        let hidden = [Int](repeating: configuration.hidden, count: configuration.layers)
        encoder = try Perceptron([images.dimensions] + hidden + [2 * configuration.latent], activation: .relu)
        decoder = try Perceptron([configuration.latent] + hidden + [images.dimensions], activation: .relu)
        likelihood = PixelLikelihood(configuration.decoder, levels: images.levels)
    }

    public func loss(_ images: Tensor, _ context: Context) throws -> LossTerms { try evidenceBound(images, context) }

    public func posteriorParameters(_ images: Tensor, _ context: Context) throws -> Tensor {
        try encoder(images.flattened(from: 1), context)
    }

    public func decoderOutputs(_ codes: Tensor, _ context: Context) throws -> Tensor { try decoder(codes, context) }
}
