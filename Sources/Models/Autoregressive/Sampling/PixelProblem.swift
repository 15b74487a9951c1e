import Compute
import Layers
import Tensors

/// A model as its samplers see it, and what is asked of it beyond the seed.
struct PixelProblem {
    let model: any AutoregressiveModel
    let temperature = Argument([1])

    /// Classes that the model is given one of for each image; nil for none.
    var classes: Int? { (model as? any ClassConditionalModel)?.classes }
    /// Whether the model is given a small version of each image.
    var isEnlarging: Bool { (model as? any EnlargingModel)?.enlargement != nil }
    var images: ImageSpace { model.images }
    var pixels: Int { images.height * images.width }
    /// Whether the channels of a pixel are drawn one after the other.
    var channelByChannel: Bool { !model.head.drawsWholePixels }
    /// Evaluations of the network for each pixel.
    var passes: Int { channelByChannel ? images.channels : 1 }

    /// The parameters of every pixel: [N, H, W, C] -> [N, H, W, P].
    func parameters(_ images: Tensor, _ conditions: PixelConditions) throws -> Tensor {
        try model.pixelParameters(images, conditions.context())
    }

    func conditions(_ count: Int) -> PixelConditions {
        PixelConditions(
            labels: classes == nil ? nil : Argument([count], dtype: .int32),
            originals: isEnlarging ? Argument(images.batchShape(count)) : nil)
    }

    /// Parameters [rows, P], uniform numbers [rows, U] -> [rows, C].
    func draw(_ parameters: Tensor, _ uniforms: Tensor) throws -> Tensor {
        try model.head.draw(parameters: parameters, uniforms: uniforms, temperature: temperature.tensor)
    }

    /// Every pixel drawn from the parameters that the present images give: [N, H, W, C].
    func drawnAll(_ images: Tensor, _ conditions: PixelConditions, uniforms: Tensor) throws -> Tensor {
        try drawn(from: parameters(images, conditions), uniforms: uniforms)
    }

    /// A pixel drawn at each place: parameters [N, rows, W, P], uniform numbers [N, rows, W, U] -> [N, rows, W, C].
    func drawn(from parameters: Tensor, uniforms: Tensor) throws -> Tensor {
        let places = Array(parameters.shape.dropLast())
        return try draw(
            parameters.reshaped([-1, model.head.parameters]), uniforms.reshaped([-1, model.head.uniforms])
        ).reshaped(places + [images.channels])
    }
}

/// One batch of images to be drawn: everything as long as the batch.
struct PixelBatch {
    /// [N, H, W, U]
    var uniforms: [Float]
    /// [N, H, W, C]; the first `given` pixels are kept, the others are zero.
    var images: [Float]
    var given: Int
    var labels: [Int32]?
    /// [N, H, W, C]; what the model is given small versions of.
    var originals: [Float]?
}

/// The leaves of a graph that hold what each image of a batch is to be; those that the model has no use for are nil.
struct PixelConditions {
    let labels: Argument?
    let originals: Argument?

    var sources: [Argument] { [labels, originals].compactMap { $0 } }

    /// A context in which a model finds them.
    func context() throws -> Context {
        let context = try Context(isTraining: false)
        context.labels = labels?.tensor
        context.originals = originals?.tensor
        return context
    }

    func set(_ batch: PixelBatch, on device: any Device) throws {
        if let labels, let values = batch.labels { try labels.set(values, on: device) }
        if let originals, let values = batch.originals { try originals.set(values, on: device) }
    }
}

/// Draws batches of one size.
protocol BatchSampler {
    /// - Parameter progress: the part of the batch that is done, in 0...1; called where there is something to tell.
    /// - Returns: [N, H, W, C] in 0...1.
    func sample(_ batch: PixelBatch, progress: (Double) -> Void) throws -> [Float]
}
