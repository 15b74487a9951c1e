import Tensors

/// A function of one number, applied to every element; both a layer and, without a context, a function.
public enum Activation: Hashable, Sendable {
    case identity
    /// `max(x, 0)`.
    case relu
    /// `x` where positive, `slope · x` elsewhere.
    case leakyReLU(slope: Float = 0.01)
    /// `x` where positive, `exp(x) - 1` elsewhere (Clevert et al. 2015).
    case elu
    /// `x · Φ(x)` with the normal distribution function Φ (Hendrycks and Gimpel 2016), exact.
    case gelu
    /// `x · sigmoid(x)`, also called swish.
    case silu
    case tanh
    /// `1 / (1 + exp(-x))`.
    case sigmoid
    /// `log(1 + exp(x))`.
    case softplus

    public func callAsFunction(_ x: Tensor) throws -> Tensor {
        switch self {
        case .identity: x
        case .relu: try x.maximum(0)
        case .leakyReLU(let slope): slope <= 1 ? try x.maximum(x * slope) : try x.minimum(x * slope)
        // `minimum` sends the gradient of a tie to its second argument: the slope at zero is one, as it should be.
        case .elu: try x.maximum(0) + Tensor(0).minimum(x).expm1()
        case .gelu: try x * 0.5 * ((x * Float(0.5).squareRoot()).erf() + 1)
        case .silu: try x * x.sigmoid()
        case .tanh: try x.tanh()
        case .sigmoid: try x.sigmoid()
        case .softplus: try x.softplus()
        }
    }
}

extension Activation: Layer {
    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor { try self(x) }
}
