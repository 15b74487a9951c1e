import Layers
import Tensors

/// A model of images that is trained as a game. Its examples are images scaled to -1...1.
public protocol AdversarialModel: AdversarialGame, SamplingModel, DecodingModel, ClassConditionalModel {}

extension AdversarialModel {
    public var binarizes: Bool { false }
    public var hasNormalPrior: Bool { true }

    public func decode(_ codes: Tensor, _ context: Context) throws -> Tensor {
        try (generated(codes, context) + 1) * 0.5
    }

    /// New images of the classes that the context tells. The generator is a function of a code, so there is nothing to
    /// draw in pixels.
    public func samples(_ count: Int, drawingPixels: Bool, _ context: Context) throws -> Tensor {
        try decode(context.random.normal([count, latentSize]), context)
    }
}
