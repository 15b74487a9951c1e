import Layers
import Tensors

/// An autoencoder with a squared loss: a network that squeezes an image through a short code and is trained to give it
/// back (Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks", without the
/// pretraining). D-hidden-latent-hidden-D with ReLU and a sigmoid at the end.
public struct Autoencoder: LatentModel {
    public struct Configuration: ModelConfiguration {
        /// Units in each hidden layer.
        public var hidden = 400
        /// Hidden layers of the encoder, and of the decoder.
        public var layers = 1
        /// Numbers in a code.
        public var latent = 20
        /// Values that a pixel is reduced to; nil for those of the data.
        public var levels: Int?

        public init() {}

        public static var options: [ModelOption<Configuration>] {
            [
                .integer("hidden", \.hidden, in: 1...65536, "units in each hidden layer"),
                .integer("layers", \.layers, in: 0...64, "hidden layers of the encoder and of the decoder"),
                .integer("latent", \.latent, in: 1...65536, "numbers in a code"),
                .levels(\.levels),
            ]
        }
    }

    public static let name = "autoencoder"
    public static let summary = "MLP autoencoder with a squared loss (Hinton & Salakhutdinov 2006)"
    public static let recipe = Recipe()

    public let images: ImageSpace
    public let configuration: Configuration
    public var binarizes: Bool { false }
    public var isLikelihood: Bool { false }
    public var measure: String { "squared error, summed over the pixels" }
    public var latentSize: Int { configuration.latent }
    public var hasNormalPrior: Bool { false }

    private let encoder: Perceptron
    private let decoder: Perceptron

    public init(images: ImageSpace, configuration: Configuration) throws {
        try configuration.check()
        let images = try images.reduced(toLevels: configuration.levels)
        self.images = images
        self.configuration = configuration
        let hidden = [Int](repeating: configuration.hidden, count: configuration.layers)
        let sizes = [images.dimensions] + hidden + [configuration.latent]
        encoder = try Perceptron(sizes, activation: .relu)
        decoder = try Perceptron(sizes.reversed(), activation: .relu)
    }

    /// The squared error of each image, summed over its pixels; reported as `squared_error`.
    public func loss(_ images: Tensor, _ context: Context) throws -> LossTerms {
        let reconstruction = try decode(encode(images, context), context)
        let error = try (reconstruction - images).square().flattened(from: 1).sum([-1])
        return LossTerms(error, terms: [("squared_error", error)])
    }

    public func encode(_ images: Tensor, _ context: Context) throws -> Tensor {
        try encoder(images.flattened(from: 1), context)
    }

    public func decode(_ codes: Tensor, _ context: Context) throws -> Tensor {
        try decoder(codes, context).sigmoid().reshaped(images.batchShape(codes.shape[0]))
    }
}
