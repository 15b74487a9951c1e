import Layers
import Tensors

/// A model that writes the probability of an image as a product over its pixels in raster order, each given those before
/// it: `p(x) = Π p(x_i | x_1 … x_{i-1})`.
///
/// A conforming model gives the network; likelihoods follow from its head, and every sampler is derived from the graph of
/// `pixelParameters`. A network may be made of operations on one position (1x1 convolutions, activations, gates,
/// concatenations and sums over channels) and of convolutions that look at earlier positions, strided and transposed ones
/// too.
public protocol AutoregressiveModel: LossModel {
    /// The distribution of a pixel.
    var head: any PixelHead { get }

    /// The parameters of every pixel's distribution: [N, height, width, channels] in 0...1 to
    /// [N, height, width, `head.parameters`]. Those of a pixel depend on earlier pixels only. With a head that draws one
    /// channel after the other, those of a channel may depend on earlier channels of the same pixel, too.
    func pixelParameters(_ images: Tensor, _ context: Context) throws -> Tensor
}

/// A distribution of one pixel (all of its channels), given by some parameters.
public protocol PixelHead: Module, Sendable {
    /// Parameters of one pixel.
    var parameters: Int { get }
    /// Uniform numbers that one draw of a pixel takes.
    var uniforms: Int { get }
    /// Whether one evaluation of the network is enough to draw all channels of a pixel. Otherwise the channels are drawn
    /// one by one, with the network evaluated anew after each.
    var drawsWholePixels: Bool { get }

    /// Log-probabilities in nats: pixels [..., channels] in 0...1, parameters [..., `parameters`] -> [...].
    func logLikelihood(pixels: Tensor, parameters: Tensor) throws -> Tensor

    /// Pixels drawn from the distribution, by inversion of distribution functions, so that equal uniform numbers give
    /// equal pixels: parameters [rows, `parameters`], uniforms [rows, `uniforms`] in [0, 1) -> [rows, channels] in 0...1,
    /// on the levels of the images. Where channels are drawn one by one, each of the `channels` results takes its own part
    /// of the parameters and of the uniforms.
    /// - Parameter temperature: Float32 [1], above 0: 1 draws from the distribution itself, less makes likely values
    ///   likelier (probabilities to the power 1 / temperature, scales times temperature).
    func draw(parameters: Tensor, uniforms: Tensor, temperature: Tensor) throws -> Tensor
}

extension AutoregressiveModel {
    /// Minus the log-likelihood of each image, exact; in nats.
    public func loss(_ images: Tensor, _ context: Context) throws -> LossTerms {
        let parameters = try pixelParameters(images, context)
        return LossTerms(try -head.logLikelihood(pixels: images, parameters: parameters).flattened(from: 1).sum([-1]))
    }

    public var isLikelihood: Bool { true }
    public var isExact: Bool { true }
    public var measure: String {
        binarizes ? "-log p of the binarised image, exact" : "-log p of the \(images.levels)-level pixels, exact"
    }
}
