import Tensors

/// An affine map of the last axis, `y = x W + b`.
///
/// Shapes: `x [..., inputs]`, `weight [inputs, outputs]`, `bias [outputs]`, `y [..., outputs]`.
public struct Linear: Layer {
    public let weight: Parameter
    public let bias: Parameter?

    /// - Parameter initializer: of the weight; like the bias, uniform in ±1 / sqrt(inputs) by default.
    /// - Throws: `LayerError.badSetting` unless both sizes are 1 or more.
    public init(
        _ inputs: Int, _ outputs: Int, bias: Bool = true, initializer: Initializer? = nil,
        biasInitializer: Initializer? = nil
    ) throws {
        let settings = Settings(of: "Linear")
        try settings.requirePositive("inputs", inputs)
        try settings.requirePositive("outputs", outputs)
        weight = Parameter([inputs, outputs], initializer ?? .fanInUniform(fanIn: inputs))
        self.bias = bias ? Parameter([outputs], biasInitializer ?? .fanInUniform(fanIn: inputs)) : nil
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        let product = try x.matmul(weight.tensor)
        return try bias.map { try product + $0.tensor } ?? product
    }
}
