import Layers
import Tensors

/// What images are to be drawn from an autoregressive model.
public struct SamplingRequest: Sendable {
    /// How many.
    public var count: Int
    /// Decides the images. Image number i depends on the seed and on i alone (and on what is asked of it), not on the
    /// other images or on how they are split into batches.
    public var seed: UInt64
    /// Above 0. At 1 images follow the model; less makes likely pixels likelier.
    public var temperature: Double
    /// The class of each image, for a model with classes; nil takes them in turn.
    public var labels: [Int32]?
    /// Images [count, height, width, channels] in 0...1 whose first pixels are kept, and whose small versions a model of
    /// super-resolution enlarges.
    public var images: [Float]?
    /// Pixels of `images` that are kept, the first ones in raster order.
    public var givenPixels: Int

    public init(
        count: Int, seed: UInt64 = 0, temperature: Double = 1, labels: [Int32]? = nil, images: [Float]? = nil,
        givenPixels: Int = 0
    ) {
        self.count = count
        self.seed = seed
        self.temperature = temperature
        self.labels = labels
        self.images = images
        self.givenPixels = givenPixels
    }
}
