import Datasets
import Layers
import Tensors

/// The network of a `FeatureClassifier`: 3x3 convolutions of stride 2, at least two and so many that at most 8x8 places
/// are left, then the features, then a score a class; all but the scores with a leaky ReLU, which leaves no feature dead.
struct FeatureNetwork: Module {
    static let features = 64
    private static let activation = Activation.leakyReLU(slope: 0.1)
    /// Of the convolutions, the last for all further ones.
    private static let channels = [16, 32, 64]

    private let convolutions: [Conv2d]
    private let hidden: Linear
    private let output: Linear

    init(_ shape: ImageShape, classes: Int) throws {
        var (height, width, channels) = (shape.height, shape.width, shape.channels)
        var convolutions: [Conv2d] = []
        while convolutions.count < 2 || max(height, width) > 8 {
            let wider = Self.channels[min(convolutions.count, Self.channels.count - 1)]
            convolutions.append(
                try Conv2d(
                    channels, wider, kernel: 3, stride: 2, padding: 1, initializer: .heNormal(fanIn: 9 * channels)))
            (height, width, channels) = ((height + 1) / 2, (width + 1) / 2, wider)
        }
        let inputs = height * width * channels
        self.convolutions = convolutions
        hidden = try Linear(inputs, Self.features, initializer: .heNormal(fanIn: inputs))
        output = try Linear(Self.features, classes)
    }

    /// Images `[N, height, width, channels]` in 0...1 to features `[N, 64]` and scores `[N, classes]`.
    func callAsFunction(_ images: Tensor, _ context: Context) throws -> (features: Tensor, scores: Tensor) {
        let map = try convolutions.reduce(images) { try Self.activation($1($0, context)) }
        let features = try Self.activation(hidden(Flatten()(map, context), context))
        return (features, try output(features, context))
    }

    /// Multiplies the features by a positive number, which the scores do not notice.
    func scaleFeatures(by factor: Float) throws {
        for parameter in [hidden.weight, hidden.bias].compactMap({ $0 }) {
            try parameter.write(parameter.read().map { $0 * factor })
        }
        try output.weight.write(output.weight.read().map { $0 / factor })
    }
}
