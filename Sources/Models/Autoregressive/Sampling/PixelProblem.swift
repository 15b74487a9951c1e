import Compute
import Layers
import Tensors

/// A model as its samplers see it, and what is asked of it beyond the seed.
struct PixelProblem {
    let model: any AutoregressiveModel
    let temperature = Argument([1])

    /// Classes that the model is given one of for each image; nil for none.
    var classes: Int? { (model as? any ClassConditionalModel)?.classes }
    var images: ImageSpace { model.images }
    var pixels: Int { images.height * images.width }
    /// Whether the channels of a pixel are drawn one after the other.
    var channelByChannel: Bool { !model.head.drawsWholePixels }
    /// Evaluations of the network for each pixel.
    var passes: Int { channelByChannel ? images.channels : 1 }

    /// The parameters of every pixel: [N, H, W, C] -> [N, H, W, P].
    func parameters(_ images: Tensor, labels: Argument?) throws -> Tensor {
        let context = try Context(isTraining: false)
        context.labels = labels?.tensor
        return try model.pixelParameters(images, context)
    }

    func labels(_ count: Int) -> Argument? { classes != nil ? Argument([count], dtype: .int32) : nil }

    /// Parameters [rows, P], uniform numbers [rows, U] -> [rows, C].
    func draw(_ parameters: Tensor, _ uniforms: Tensor) throws -> Tensor {
        try model.head.draw(parameters: parameters, uniforms: uniforms, temperature: temperature.tensor)
    }

    /// Every pixel drawn from the parameters that the present images give: [N, H, W, C].
    func drawnAll(_ images: Tensor, labels: Argument?, uniforms: Tensor) throws -> Tensor {
        let parameters = try parameters(images, labels: labels)
        let rows = images.shape[0] * pixels
        return try draw(
            parameters.reshaped([rows, model.head.parameters]), uniforms.reshaped([rows, model.head.uniforms])
        ).reshaped(images.shape)
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
}

/// Draws batches of one size.
protocol BatchSampler {
    /// - Parameter progress: the part of the batch that is done, in 0...1; called where there is something to tell.
    /// - Returns: [N, H, W, C] in 0...1.
    func sample(_ batch: PixelBatch, progress: (Double) -> Void) throws -> [Float]
}
