import Layers
import Tensors

/// A game about points of the plane: its examples are [N, 2], and both networks perceptrons.
public struct PointGAN: AdversarialGame {
    /// The units of each hidden layer unless something else is asked for.
    public static let customaryHidden = [128, 128, 128, 128]

    public let rules: GameRules
    public let latentSize: Int
    private let generator: PointNetwork
    private let discriminator: PointNetwork

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
        generator = try PointNetwork([latent] + hidden + [2])
        discriminator = try PointNetwork([2] + hidden + [1], isSpectral: isSpectral)
    }

    public var generatorPart: any Module { generator }
    public var discriminatorPart: any Module { discriminator }

    public func generated(_ codes: Tensor, _ context: Context) throws -> Tensor { try generator(codes, context) }

    public func scores(_ examples: Tensor, _ context: Context) throws -> Tensor {
        try discriminator(examples, context).reshaped([examples.shape[0]])
    }
}

/// Linear layers with ReLU between them, first weights by He et al. 2015: [N, sizes.first] -> [N, sizes.last].
private struct PointNetwork: Layer {
    private let layers: [any Layer]

    init(_ sizes: [Int], isSpectral: Bool = false) throws {
        layers = try zip(sizes, sizes.dropFirst()).map { inputs, outputs -> any Layer in
            let (weights, biases) = (Initializer.heUniform(fanIn: inputs), Initializer.constant(0))
            guard isSpectral else {
                return try Linear(inputs, outputs, initializer: weights, biasInitializer: biases)
            }
            return try SpectralNormLinear(inputs, outputs, initializer: weights, biasInitializer: biases)
        }
    }

    func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        var x = x
        for (index, layer) in layers.enumerated() {
            x = try layer(index == 0 ? x : Activation.relu(x), context)
        }
        return x
    }
}
