import Tensors

/// A `Linear` whose weight is divided by its spectral norm; see `SpectralNorm` for what each call while training does.
/// Shapes are those of `Linear`.
public struct SpectralNormLinear: Layer {
    /// Before the division, `[inputs, outputs]`.
    public let weight: Parameter
    public let bias: Parameter?
    public let norm: SpectralNorm

    /// - Parameter initializer: of the weight; like the bias, uniform in ±1 / sqrt(inputs) by default.
    /// - Throws: `LayerError.badSetting` unless both sizes are 1 or more.
    public init(
        _ inputs: Int, _ outputs: Int, bias: Bool = true, initializer: Initializer? = nil,
        biasInitializer: Initializer? = nil
    ) throws {
        let plain = try Linear(
            inputs, outputs, bias: bias, initializer: initializer, biasInitializer: biasInitializer)
        weight = plain.weight
        self.bias = plain.bias
        norm = try SpectralNorm(columns: outputs)
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        let product = try x.matmul(norm(weight.tensor, context))
        return try bias.map { try product + $0.tensor } ?? product
    }
}
