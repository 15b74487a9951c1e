import Tensors

/// Sets each element to zero with probability `rate` while training, and scales the others so that the mean stays:
/// `y = x · keep / (1 - rate)`, `keep` Bernoulli(1 - rate) (Srivastava et al. 2014, in the inverted form). Otherwise the
/// identity.
///
/// Shapes: any, kept.
public struct Dropout: Layer {
    public let rate: Float

    /// - Throws: `LayerError.badSetting` unless `0 <= rate < 1`.
    public init(_ rate: Float) throws {
        try Settings(of: "Dropout").require(rate >= 0 && rate < 1, "rate", "in 0 ..< 1", found: rate)
        self.rate = rate
    }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        guard context.isTraining, rate > 0 else { return x }
        let keep = try context.random.uniform(x.shape).less(Tensor(1 - rate))
        return try Tensor.select(keep, x * (1 / (1 - rate)), Tensor(0))
    }
}
