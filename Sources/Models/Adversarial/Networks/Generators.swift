import Layers
import Tensors

/// A network that makes images in -1...1 of codes: [N, inputs] -> [N, height, width, channels].
protocol GeneratorNetwork: Module {
    func callAsFunction(_ codes: Tensor, _ context: Context) throws -> Tensor
}

/// The generator of Radford, Metz and Chintala 2016: a linear map to the smallest feature map, then transposed
/// convolutions that double it and halve its channels, with batch normalisation and ReLU between them and tanh at the end.
struct ConvolutionalGenerator: GeneratorNetwork {
    private let project: Linear
    private let convolutions: [ConvTranspose2d]
    private let normalizations: [BatchNorm2d]
    /// Height, width and channels of the smallest map.
    private let smallest: [Int]

    /// - Parameter channels: of the largest map but the image.
    init(_ images: ImageSpace, inputs: Int, channels: Int) throws {
        let maps = try FeatureMaps(images)
        // From the smallest map to the image.
        let widths = (0..<maps.stages).reversed().map { channels << $0 } + [images.channels]
        smallest = [maps.smallest.height, maps.smallest.width, widths[0]]
        let weights = Initializer.normal(mean: 0, standardDeviation: 0.02)
        project = try Linear(inputs, smallest.reduce(1, *), bias: false, initializer: weights)
        normalizations = try widths.dropLast().map {
            try BatchNorm2d($0, initializer: .normal(mean: 1, standardDeviation: 0.02))
        }
        convolutions = try (0..<maps.stages).map { stage in
            let isLast = stage + 1 == maps.stages
            return try ConvTranspose2d(
                widths[stage], widths[stage + 1], window: maps.window(maps.stages - 1 - stage), bias: isLast,
                initializer: weights, biasInitializer: .constant(0))
        }
    }

    func callAsFunction(_ codes: Tensor, _ context: Context) throws -> Tensor {
        var x = try project(codes, context).reshaped([codes.shape[0]] + smallest)
        for (normalization, convolution) in zip(normalizations, convolutions) {
            x = try convolution(Activation.relu(normalization(x, context)), context)
        }
        return try x.tanh()
    }
}

/// A multilayer perceptron with leaky ReLU, and tanh at the end.
struct PerceptronGenerator: GeneratorNetwork {
    private let layers: Perceptron
    private let image: [Int]

    init(_ images: ImageSpace, inputs: Int, hidden: [Int]) throws {
        layers = try Perceptron([inputs] + hidden + [images.dimensions], activation: .leakyReLU(slope: 0.2))
        image = [images.height, images.width, images.channels]
    }

    func callAsFunction(_ codes: Tensor, _ context: Context) throws -> Tensor {
        try layers(codes, context).tanh().reshaped([codes.shape[0]] + image)
    }
}
