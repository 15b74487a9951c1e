import Layers
import Tensors

/// An autoregressive model whose network goes down the image: it maps some rows, and a state that the rows above them
/// have left, to the parameters of these rows and the state that they leave. A whole image is the case of all rows with
/// nothing above, and a sampler asks for one row at a time.
public protocol RowRecurrentModel: AutoregressiveModel {
    /// The parameters of every pixel's distribution in some rows, as `pixelParameters` gives them for an image:
    /// [N, rows, width, channels] in 0...1 to [N, rows, width, `head.parameters`].
    /// - Parameter state: what the rows above have left; nil at the top of an image, which is the same as zeros.
    /// - Returns: the parameters, and what the rows leave: always as many tensors, of shapes that do not depend on the
    ///   number of rows.
    func rowParameters(
        _ rows: Tensor, above state: [Tensor]?, _ context: Context
    ) throws -> (parameters: Tensor, state: [Tensor])
}

extension RowRecurrentModel {
    public func pixelParameters(_ images: Tensor, _ context: Context) throws -> Tensor {
        try rowParameters(images, above: nil, context).parameters
    }
}
