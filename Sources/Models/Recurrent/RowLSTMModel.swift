import Layers
import Tensors

/// The PixelRNN with Row LSTM layers (van den Oord, Kalchbrenner & Kavukcuoglu 2016, "Pixel recurrent neural networks",
/// section 3.1). A black-and-white channel has a Bernoulli distribution, any other a softmax over its levels.
///
/// A pixel sees a triangle of the rows above it. With a first kernel of 7 and L layers, of the row d above it sees the
/// 3 + L + d columns to the left and the 2 + d columns to the right, but nothing further to the side; `DiagonalBiLSTMModel`
/// does.
public struct RowLSTMModel: RowRecurrentModel {
    public typealias Configuration = PixelRNNConfiguration

    public static let name = "row-lstm"
    public static let summary = "recurrence down the rows (van den Oord et al. 2016)"
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
            try RowLSTM($0, hidden: $1, groups: $2)
        }
    }

    public func rowParameters(
        _ rows: Tensor, above state: [Tensor]?, _ context: Context
    ) throws -> (parameters: Tensor, state: [Tensor]) {
        try network(rows, above: state, context)
    }
}
