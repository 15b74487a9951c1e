import Layers
import Tensors

/// The PixelRNN with Diagonal BiLSTM layers (van den Oord, Kalchbrenner & Kavukcuoglu 2016, "Pixel recurrent neural
/// networks", section 3.2), the best of the paper. A black-and-white channel has a Bernoulli distribution, any other a
/// softmax over its levels.
///
/// A pixel sees all that comes before it, with one exception that follows from the construction: the last channel of the
/// last pixel of a row is not among the features at its own place (mask A), and what comes from the right is told one row
/// later; so in the next row only those pixels see it whose first convolution reaches it.
public struct DiagonalBiLSTMModel: RowRecurrentModel {
    public typealias Configuration = PixelRNNConfiguration

    public static let name = "diagonal-bilstm"
    public static let summary = "recurrence along diagonals, from both sides (van den Oord et al. 2016)"
    /// The batches of the paper. Its optimizer is RMSProp; Adam is what this library trains likelihoods with.
    public static let recipe = Recipe(batchSize: 16)

    public let images: ImageSpace
    public let configuration: PixelRNNConfiguration
    public let head: any PixelHead
    public var binarizes: Bool { images.levels == 2 && configuration.binarize == .dynamic }

    private let network: PixelRNN

    public init(images: ImageSpace, configuration: PixelRNNConfiguration) throws {
        try configuration.check()
        let images = try images.reduced(toLevels: configuration.levels)
        self.images = images
        self.configuration = configuration
        head = pixelHead(images)
        network = try PixelRNN(images, configuration, parameters: head.parameters) {
            try DiagonalBiLSTM($0, hidden: $1, groups: $2)
        }
    }

    public func rowParameters(
        _ rows: Tensor, above state: [Tensor]?, _ context: Context
    ) throws -> (parameters: Tensor, state: [Tensor]) {
        try network(rows, above: state, context)
    }
}
