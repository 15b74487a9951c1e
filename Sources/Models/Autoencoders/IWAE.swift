import Foundation
import Layers
import Tensors

/// The importance-weighted autoencoder of Burda, Grosse & Salakhutdinov 2016, "Importance weighted autoencoders", with
/// one stochastic layer: a variational autoencoder trained on the bound of `samples` importance samples. With its
/// defaults it is the paper's D-200-200-50-200-200-D with tanh.
public struct IWAE: VariationalAutoencoder {
    public struct Configuration: ModelConfiguration {
        /// Importance samples an image in training: the paper's k.
        public var samples = 5
        /// Units in each hidden layer.
        public var hidden = 200
        /// Hidden layers of the encoder, and of the decoder.
        public var layers = 2
        /// Latent variables.
        public var latent = 50
        public var decoder = PixelDistribution.bernoulli
        /// Only for the Bernoulli decoder.
        public var binarize = Binarization.dynamic
        /// Values that a pixel is reduced to; nil for those of the data.
        public var levels: Int?

        public init() {}

        public static var options: [ModelOption<Configuration>] {
            [
                .integer("samples", \.samples, in: 1...5000, "importance samples an image in training (k)"),
                .integer("hidden", \.hidden, in: 1...65536, "units in each hidden layer"),
                .integer("layers", \.layers, in: 0...64, "hidden layers of the encoder and of the decoder"),
                .integer("latent", \.latent, in: 1...65536, "latent variables"),
                .choice("decoder", \.decoder, "distribution of a pixel"),
                .choice("binarize", \.binarize, "black-and-white pixels drawn from grey ones (bernoulli decoder)"),
                .levels(\.levels),
            ]
        }
    }

    public static let name = "iwae"
    public static let summary = "importance-weighted autoencoder (Burda, Grosse & Salakhutdinov 2016)"
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
        encoder = try Perceptron([images.dimensions] + hidden + [2 * configuration.latent], activation: .tanh)
        decoder = try Perceptron([configuration.latent] + hidden + [images.dimensions], activation: .tanh)
        likelihood = PixelLikelihood(configuration.decoder, levels: images.levels)
    }

    /// Minus the logarithm of the mean importance weight (equation 8), whose gradient weighs the samples by their
    /// weights (equation 14).
    public func loss(_ images: Tensor, _ context: Context) throws -> LossTerms {
        let samples = configuration.samples
        let weights = try logImportanceWeights(images, samples: samples, context)
        return LossTerms(try Float(log(Double(samples))) - weights.logSumExp(axis: 0))
    }

    /// The bound of `samples` samples, and beside it the two parts of the evidence lower bound.
    public func evaluation(_ images: Tensor, _ context: Context) throws -> LossTerms {
        try LossTerms(loss(images, context).values, terms: evidenceBound(images, context).terms)
    }

    public func posteriorParameters(_ images: Tensor, _ context: Context) throws -> Tensor {
        try encoder(images.flattened(from: 1), context)
    }

    public func decoderOutputs(_ codes: Tensor, _ context: Context) throws -> Tensor { try decoder(codes, context) }
}
