import Layers
import Tensors

/// A generative adversarial network of images. The members of a family share everything but their defaults: see `GAN`,
/// `DCGAN`, `WGAN` and `WGANGP`.
public struct ImageGAN<Family: GANFamily>: AdversarialModel {
    public static var name: String { Family.name }
    public static var summary: String { Family.summary }
    public static var recipe: Recipe { Family.recipe }

    public let images: ImageSpace
    public let configuration: GANConfiguration<Family>
    public let rules: GameRules

    private let generator: any GeneratorNetwork
    private let discriminator: Discriminator

    /// - Throws: `ModelError`.
    public init(images: ImageSpace, configuration: GANConfiguration<Family>) throws {
        try configuration.check()
        let images = try images.reduced(toLevels: configuration.levels)
        self.images = images
        self.configuration = configuration
        rules = try configuration.rules()
        let inputs = configuration.latent + (configuration.classes ?? 0)
        let isSpectral = configuration.normalization == .spectral
        let hidden = [Int](repeating: configuration.hidden, count: configuration.layers)
        let features: any FeatureNetwork
        switch configuration.network {
        case .convolutional:
            generator = try ConvolutionalGenerator(images, inputs: inputs, channels: configuration.channels)
            features = try ConvolutionalFeatures(
                images, channels: configuration.channels, normalization: configuration.normalization,
                dropout: configuration.dropout)
        case .perceptron:
            generator = try PerceptronGenerator(images, inputs: inputs, hidden: hidden)
            features = try PerceptronFeatures(
                images, hidden: hidden, isSpectral: isSpectral, dropout: configuration.dropout)
        }
        discriminator = try Discriminator(features, classes: configuration.classes, isSpectral: isSpectral)
    }

    public var latentSize: Int { configuration.latent }
    public var classes: Int? { configuration.classes }
    public var generatorPart: any Module { generator }
    public var discriminatorPart: any Module { discriminator }

    /// A class is given to the generator as a vector with a one at its place, behind the code.
    public func generated(_ codes: Tensor, _ context: Context) throws -> Tensor {
        guard let classes, let labels = try labels(context) else { return try generator(codes, context) }
        let isClass = try labels.reshaped([codes.shape[0], 1]).equal(Tensor.arange(classes))
        return try generator(Tensor.concatenate([codes, isClass.cast(to: .float32)], axis: 1), context)
    }

    public func scores(_ examples: Tensor, _ context: Context) throws -> Tensor {
        try discriminator(examples, labels: labels(context), context)
    }
}
