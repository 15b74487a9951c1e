import Layers

/// What sets the members of one family of adversarial networks apart from others: a name and defaults.
public protocol GANFamily: Hashable, SendableMetatype {
    static var name: String { get }
    static var summary: String { get }
    static var recipe: Recipe { get }
    /// Changes the settings that differ from the first ones of `GANConfiguration`.
    static func setDefaults(_ configuration: inout GANConfiguration<Self>)
}

/// Goodfellow et al. 2014: perceptrons. `loss=minimax` is the paper's equation 1, the default its section 3.
public typealias GAN = ImageGAN<PerceptronFamily>
/// Radford, Metz and Chintala 2016.
public typealias DCGAN = ImageGAN<ConvolutionalFamily>
/// Arjovsky, Chintala and Bottou 2017: the Wasserstein distance by a critic with clipped weights.
public typealias WGAN = ImageGAN<WassersteinFamily>
/// Gulrajani et al. 2017: the Wasserstein distance by a critic whose gradient is kept near length one.
public typealias WGANGP = ImageGAN<GradientPenaltyFamily>

public enum PerceptronFamily: GANFamily {
    public static var name: String { "gan" }
    public static var summary: String { "generative adversarial network, perceptrons (Goodfellow et al. 2014)" }
    public static var recipe: Recipe { Recipe(epochs: 50, batchSize: 128, learningRate: 2e-4) }
    public static func setDefaults(_ configuration: inout GANConfiguration<Self>) {
        configuration.network = .perceptron
        configuration.dropout = 0.3
    }
}

public enum ConvolutionalFamily: GANFamily {
    public static var name: String { "dcgan" }
    public static var summary: String { "convolutional adversarial network (Radford, Metz & Chintala 2016)" }
    public static var recipe: Recipe { Recipe(epochs: 20, batchSize: 128, learningRate: 2e-4) }
    public static func setDefaults(_ configuration: inout GANConfiguration<Self>) {
        configuration.normalization = .batch
    }
}

public enum WassersteinFamily: GANFamily {
    public static var name: String { "wgan" }
    public static var summary: String { "Wasserstein GAN, clipped weights (Arjovsky, Chintala & Bottou 2017)" }
    public static var recipe: Recipe { Recipe(epochs: 50, batchSize: 64, learningRate: 5e-5) }
    public static func setDefaults(_ configuration: inout GANConfiguration<Self>) {
        configuration.loss = .wasserstein
        configuration.normalization = .batch
        configuration.steps = 5
        configuration.clip = 0.01
        configuration.optimizer = .rmsprop
    }
}

public enum GradientPenaltyFamily: GANFamily {
    public static var name: String { "wgan-gp" }
    public static var summary: String { "Wasserstein GAN with gradient penalty (Gulrajani et al. 2017)" }
    public static var recipe: Recipe { Recipe(epochs: 50, batchSize: 64, learningRate: 1e-4) }
    public static func setDefaults(_ configuration: inout GANConfiguration<Self>) {
        configuration.loss = .wasserstein
        configuration.steps = 5
        configuration.penalty = 10
        configuration.beta2 = 0.9
    }
}
