import Layers
import Models

/// PixelRNNs small enough to look at all that they do.
enum SmallPixelRNN: String, CaseIterable, Sendable {
    case row, diagonal

    func model(_ images: ImageSpace, hidden: Int = 3, layers: Int = 2, kernel: Int = 3) throws -> any RowRecurrentModel
    {
        var configuration = PixelRNNConfiguration()
        (configuration.hidden, configuration.layers, configuration.kernel) = (hidden, layers, kernel)
        switch self {
        case .row: return try RowLSTMModel(images: images, configuration: configuration)
        case .diagonal: return try DiagonalBiLSTMModel(images: images, configuration: configuration)
        }
    }
}
