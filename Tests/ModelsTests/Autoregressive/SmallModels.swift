import Compute
import Layers
import Models
import Tensors
import TestSupport

/// Autoregressive models small enough to go through all their images, with random parameters.
enum SmallModels {
    enum Kind: String, CaseIterable, Sendable { case pixelCNN, gated, classes, plusPlus }

    /// - Parameter deep: whether the field of view holds all earlier pixels of a 5x5 image (but for blind spots).
    static func model(_ kind: Kind, _ images: ImageSpace, hidden: Int = 5, deep: Bool = false) throws
        -> any AutoregressiveModel
    {
        switch kind {
        case .pixelCNN:
            var configuration = PixelCNN.Configuration()
            (configuration.hidden, configuration.blocks, configuration.kernel) = (hidden, deep ? 2 : 1, 3)
            return try PixelCNN(images: images, configuration: configuration)
        case .gated, .classes:
            var configuration = GatedPixelCNN.Configuration()
            (configuration.hidden, configuration.layers, configuration.kernel) = (hidden, deep ? 5 : 2, 3)
            configuration.classes = kind == .classes ? 3 : nil
            return try GatedPixelCNN(images: images, configuration: configuration)
        case .plusPlus:
            var configuration = PixelCNNPlusPlus.Configuration()
            (configuration.filters, configuration.resnets, configuration.components) = (hidden, deep ? 2 : 1, 3)
            configuration.dropout = 0.5
            return try PixelCNNPlusPlus(images: images, configuration: configuration)
        }
    }

    /// Places a model, with noise added to its first parameters so that zeros and ones hide nothing.
    @discardableResult
    static func place(_ model: any GenerativeModel, on device: any Device, noise: Float = 0.3) throws
        -> ParameterStore
    {
        let store = try ParameterStore(model, on: device, seed: 3)
        var random = TestRandom(seed: 8)
        try store.flat.write(store.flat.read().map { $0 + random.float(-noise...noise) })
        return store
    }

    /// A context for `count` images, with labels where the model needs them.
    static func context(_ model: any GenerativeModel, count: Int, label: Int32 = 1) throws -> Context {
        let context = try Context()
        if (model as? any ClassConditionalModel)?.classes != nil {
            context.labels = try Tensor([Int32](repeating: label, count: count), shape: [count])
        }
        return context
    }

    /// Every image of a small space.
    static func allImages(_ space: ImageSpace) throws -> Tensor {
        var images: [[UInt8]] = [[]]
        for _ in 0..<space.dimensions {
            images = images.flatMap { image in (0..<space.levels).map { image + [UInt8($0)] } }
        }
        return try Tensor(images.flatMap { $0 }, shape: space.batchShape(images.count)).unitValues(levels: space.levels)
    }
}
