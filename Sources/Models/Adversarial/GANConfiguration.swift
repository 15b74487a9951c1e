import Layers

/// The settings of an adversarial network; the defaults are its family's.
public struct GANConfiguration<Family: GANFamily>: ModelConfiguration {
    public var network = GANNetwork.convolutional
    public var loss = AdversarialLoss.nonSaturating
    /// Numbers in a code.
    public var latent = 100
    /// Channels of the largest feature maps (convolutional networks); each halving of the image doubles them.
    public var channels = 64
    /// Units in each hidden layer (perceptrons).
    public var hidden = 512
    /// Hidden layers of each network (perceptrons).
    public var layers = 2
    /// The discriminator's dropout, after each of its activations.
    public var dropout = 0.0
    public var normalization = DiscriminatorNormalization.none
    /// Steps of the discriminator for one of the generator.
    public var steps = 1
    /// The weight of the gradient penalty; 0 for none.
    public var penalty = 0.0
    /// The bound of the discriminator's parameters; 0 for none.
    public var clip = 0.0
    /// By how much the target of real images is less than 1.
    public var smoothing = 0.0
    /// The deviation of the noise on what the discriminator sees, at the beginning.
    public var noise = 0.0
    public var optimizer = GANOptimizer.adam
    public var beta1 = 0.5
    public var beta2 = 0.999
    /// Classes to generate images of; nil for none.
    public var classes: Int?
    /// Values that a pixel is reduced to; nil for those of the data.
    public var levels: Int?

    public init() { Family.setDefaults(&self) }

    public static var options: [ModelOption<GANConfiguration>] {
        [
            .choice("network", \.network, "the two networks"),
            .choice("loss", \.loss, "what the networks minimise"),
            .integer("latent", \.latent, in: 1...65536, "numbers in a code"),
            .integer("channels", \.channels, in: 1...4096, "channels of the largest maps (network=conv)"),
            .integer("hidden", \.hidden, in: 1...65536, "units in each hidden layer (network=mlp)"),
            .integer("layers", \.layers, in: 1...64, "hidden layers of each network (network=mlp)"),
            .fraction("dropout", \.dropout, "dropout of the discriminator"),
            .choice("normalization", \.normalization, "normalization of the discriminator"),
            .integer("steps", \.steps, in: 1...1000, "steps of the discriminator for one of the generator"),
            .number("penalty", \.penalty, in: 0...1e6, "weight of the gradient penalty, 0 for none"),
            .number("clip", \.clip, in: 0...1e6, "bound of the discriminator's parameters, 0 for none"),
            .fraction("smoothing", \.smoothing, "by how much the target of real images is less than 1"),
            .number("noise", \.noise, in: 0...10, "deviation of the noise on all images at first; it falls to 0"),
            .choice("optimizer", \.optimizer, "optimizer of each network"),
            .fraction("beta1", \.beta1, "decay of Adam's first moment"),
            .fraction("beta2", \.beta2, "decay of Adam's second moment"),
            .integer("classes", \.classes, in: 1...65536, none: "none", "classes to generate images of, by labels"),
            .levels(\.levels),
        ]
    }

    /// - Throws: `ModelError.badOption` for settings that do not go together.
    func rules() throws -> GameRules {
        if normalization == .batch {
            // The penalty is on each example's own gradient, which batch statistics mix.
            let reason = penalty > 0 ? "a gradient penalty" : network == .perceptron ? "network=mlp" : nil
            if let reason {
                throw ModelError.badOption(
                    key: "normalization", expected: "none or spectral with \(reason)", found: "batch")
            }
        }
        let optimizer: any Optimizer =
            switch optimizer {
            case .adam: try Adam(beta1: beta1, beta2: beta2)
            case .rmsprop: try RMSProp()
            }
        var rules = GameRules(loss: loss, optimizer: optimizer)
        rules.discriminatorSteps = steps
        rules.gradientPenalty = Float(penalty)
        rules.weightClip = clip > 0 ? Float(clip) : nil
        rules.realTarget = Float(1 - smoothing)
        rules.instanceNoise = Float(noise)
        return rules
    }
}

/// What the two networks are made of.
public enum GANNetwork: String, CaseIterable, Hashable, Sendable {
    /// Radford et al. 2016.
    case convolutional = "conv"
    case perceptron = "mlp"
}

public enum GANOptimizer: String, CaseIterable, Hashable, Sendable {
    case adam, rmsprop
}
