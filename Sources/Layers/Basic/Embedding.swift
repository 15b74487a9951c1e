import Tensors

/// A table of vectors, looked up by index: `y[..., :] = weight[x[...], :]`.
///
/// Shapes: `x [...]` Int32, `weight [count, width]`, `y [..., width]`. An index outside the table gives zeros.
public struct Embedding: Layer {
    public let weight: Parameter

    /// - Parameter initializer: standard normal by default.
    /// - Throws: `LayerError.badSetting` unless both sizes are 1 or more.
    public init(_ count: Int, _ width: Int, initializer: Initializer? = nil) throws {
        let settings = Settings(of: "Embedding")
        try settings.requirePositive("count", count)
        try settings.requirePositive("width", width)
        weight = Parameter([count, width], initializer ?? .normal(mean: 0, standardDeviation: 1))
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        try weight.tensor.gathered(x)
    }
}
