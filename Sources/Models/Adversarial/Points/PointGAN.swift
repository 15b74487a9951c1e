import Layers
import Tensors

/// A game about points of the plane: its examples are [N, 2], and both networks perceptrons with ReLU and first weights by
/// He et al. 2015.
public struct PointGAN: AdversarialGame {
    /// The units of each hidden layer unless something else is asked for.
    public static let customaryHidden = [128, 128, 128, 128]

    public let rules: GameRules
    public let latentSize: Int
    private let generator: Perceptron
    private let discriminator: Perceptron

    /// - Parameters:
    ///   - latent: numbers in a code.
    ///   - hidden: the units of each hidden layer, of either network.
    ///   - isSpectral: whether the discriminator's weights are divided by their spectral norms.
    /// - Throws: `LayerError.badSetting` where a size is below 1.
    public init(
        rules: GameRules, latent: Int = 2, hidden: [Int] = Self.customaryHidden, isSpectral: Bool = false
    ) throws {
        self.rules = rules
        latentSize = latent
        generator = try Perceptron([latent] + hidden + [2], activation: .relu) {
            try Linear($0, $1, initializer: .heUniform(fanIn: $0), biasInitializer: .constant(0))
        }
        discriminator = try Perceptron([2] + hidden + [1], activation: .relu) { inputs, outputs -> any Layer in
            let (weights, biases) = (Initializer.heUniform(fanIn: inputs), Initializer.constant(0))
            return isSpectral
                ? try SpectralNormLinear(inputs, outputs, initializer: weights, biasInitializer: biases)
                : try Linear(inputs, outputs, initializer: weights, biasInitializer: biases)
        }
    }

    public var generatorPart: any Module { generator }
    public var discriminatorPart: any Module { discriminator }

    public func generated(_ codes: Tensor, _ context: Context) throws -> Tensor { try generator(codes, context) }

    public func scores(_ examples: Tensor, _ context: Context) throws -> Tensor {
        try discriminator(examples, context).reshaped([examples.shape[0]])
    }
}
