import Tensors

/// A flat gradient scaled down to a norm of at most `maximum`: `g · min(1, maximum / (|g| + 1e-6))` (Pascanu, Mikolov,
/// Bengio 2013; the constant is that of PyTorch's `clip_grad_norm_`).
/// - Returns: the scaled gradient, and the norm before, a scalar.
/// - Throws: `LayerError.badSetting` unless the maximum is above zero.
public func clippedByGlobalNorm(_ gradient: Tensor, maximum: Float) throws -> (gradient: Tensor, norm: Tensor) {
    try Settings(of: "clippedByGlobalNorm").require(maximum > 0, "maximum", "above 0", found: maximum)
    let norm = try gradient.square().sum().sqrt()
    let scale = try (maximum / (norm + 1e-6)).minimum(1)
    return (try gradient * scale, norm)
}
