import Tensors

/// Normalises each example over its last axes: `y = (x - mean) / sqrt(variance + epsilon) · weight + bias`
/// (Ba, Kiros, Hinton: Layer Normalization, 2016).
///
/// Shapes: `x [...] + shape`, `weight` and `bias` of `shape`, `y` like `x`. The variance is divided by the number of
/// elements.
public struct LayerNorm: Layer {
    public let weight: Parameter
    public let bias: Parameter
    public let epsilon: Float

    /// - Throws: `LayerError.badSetting` where the shape is empty or an extent is below 1.
    public init(_ shape: [Int], epsilon: Float = 1e-5) throws {
        try Settings(of: "LayerNorm").require(
            !shape.isEmpty && shape.allSatisfy { $0 >= 1 }, "shape", "one or more extents of 1 or more", found: shape)
        weight = Parameter(shape, .constant(1))
        bias = Parameter(shape, .constant(0))
        self.epsilon = epsilon
    }

    /// Over the last axis alone.
    public init(_ width: Int, epsilon: Float = 1e-5) throws { try self.init([width], epsilon: epsilon) }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        guard x.shape.suffix(weight.shape.count) == weight.shape[...] else {
            throw TensorError.shapeMismatch(
                operation: "LayerNorm", expected: "a shape that ends in \(weight.shape)", found: [x.shape])
        }
        let axes = weight.shape.indices.map { -1 - $0 }
        let deviation = try x - x.mean(axes, keepingDimensions: true)
        let scale = try (deviation.square().mean(axes, keepingDimensions: true) + epsilon).rsqrt()
        return try deviation * scale * weight.tensor + bias.tensor
    }
}
