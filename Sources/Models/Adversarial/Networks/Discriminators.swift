import Layers
import Tensors

/// What keeps a discriminator's activations in bounds.
public enum DiscriminatorNormalization: String, CaseIterable, Hashable, Sendable {
    case none
    /// Batch normalisation of every convolution but the first (Radford et al. 2016).
    case batch
    /// Spectral normalisation of every weight (Miyato et al. 2018).
    case spectral
}

/// The part of a discriminator before its last layer: [N, height, width, channels] in -1...1 -> [N, features].
protocol FeatureNetwork: Module {
    var features: Int { get }
    func callAsFunction(_ images: Tensor, _ context: Context) throws -> Tensor
}

/// The discriminator of Radford, Metz and Chintala 2016: convolutions that halve the map and double its channels, leaky
/// ReLU. Dropout, which is not in the paper, keeps it from winning too soon.
struct ConvolutionalFeatures: FeatureNetwork {
    private let convolutions: [any Layer]
    private let normalizations: [BatchNorm2d?]
    private let dropout: Dropout
    let features: Int

    init(
        _ images: ImageSpace, channels: Int, normalization: DiscriminatorNormalization, dropout: Double
    ) throws {
        let maps = try FeatureMaps(images)
        let widths = [images.channels] + (0..<maps.stages).map { channels << $0 }
        // Small first weights need a normalization that makes up for them.
        let weights: Initializer? = normalization == .batch ? .normal(mean: 0, standardDeviation: 0.02) : nil
        convolutions = try (0..<maps.stages).map { stage -> any Layer in
            let (inputs, outputs) = (widths[stage], widths[stage + 1])
            guard normalization == .spectral else {
                return try Conv2d(
                    inputs, outputs, window: maps.window(stage), bias: normalization == .none || stage == 0,
                    initializer: weights,
                    biasInitializer: .constant(0))
            }
            return try SpectralNormConv2d(
                inputs, outputs, window: maps.window(stage), initializer: weights, biasInitializer: .constant(0))
        }
        normalizations = try widths.dropFirst().enumerated().map { stage, width in
            guard normalization == .batch, stage > 0 else { return nil }
            return try BatchNorm2d(width, initializer: .normal(mean: 1, standardDeviation: 0.02))
        }
        self.dropout = try Dropout(Float(dropout))
        features = maps.smallest.height * maps.smallest.width * widths[maps.stages]
    }

    func callAsFunction(_ images: Tensor, _ context: Context) throws -> Tensor {
        var x = images
        for (convolution, normalization) in zip(convolutions, normalizations) {
            x = try convolution(x, context)
            if let normalization { x = try normalization(x, context) }
            x = try dropout(Activation.leakyReLU(slope: 0.2)(x), context)
        }
        return try x.flattened(from: 1)
    }
}

/// A multilayer perceptron with leaky ReLU and dropout.
struct PerceptronFeatures: FeatureNetwork {
    private let layers: [any Layer]
    private let dropout: Dropout
    let features: Int

    init(_ images: ImageSpace, hidden: [Int], isSpectral: Bool, dropout: Double) throws {
        let sizes = [images.dimensions] + hidden
        layers = try zip(sizes, sizes.dropFirst()).map { inputs, outputs -> any Layer in
            guard isSpectral else { return try Linear(inputs, outputs) }
            return try SpectralNormLinear(inputs, outputs)
        }
        self.dropout = try Dropout(Float(dropout))
        features = sizes[sizes.count - 1]
    }

    func callAsFunction(_ images: Tensor, _ context: Context) throws -> Tensor {
        var x = try images.flattened(from: 1)
        for layer in layers { x = try dropout(Activation.leakyReLU(slope: 0.2)(layer(x, context)), context) }
        return x
    }
}

/// A discriminator: features, and a linear score of them. With classes the score has a second part, the features'
/// product with a vector of the class (Miyato and Koyama 2018, "cGANs with projection discriminator", equation 3).
struct Discriminator: Module {
    private let network: any FeatureNetwork
    private let score: any Layer
    private let projection: Embedding?

    init(_ network: any FeatureNetwork, classes: Int?, isSpectral: Bool) throws {
        let weights = Initializer.normal(mean: 0, standardDeviation: 0.02)
        self.network = network
        score =
            isSpectral
            ? try SpectralNormLinear(network.features, 1, initializer: weights, biasInitializer: .constant(0))
            : try Linear(network.features, 1, initializer: weights, biasInitializer: .constant(0))
        projection = try classes.map { try Embedding($0, network.features, initializer: weights) }
    }

    /// - Parameter labels: Int32 [N], where it was made for classes.
    /// - Returns: [N].
    func callAsFunction(_ images: Tensor, labels: Tensor?, _ context: Context) throws -> Tensor {
        let features = try network(images, context)
        let scores = try score(features, context).reshaped([images.shape[0]])
        guard let projection, let labels else { return scores }
        return try scores + (projection(labels, context) * features).sum([-1])
    }
}
