import Tensors

/// What the two players of an adversarial game minimise, given the discriminator's scores: its raw outputs `s`, which
/// the cross-entropies take as logits, `D = sigmoid(s)`.
///
/// Shapes: scores and losses `[N]`, a loss for each example.
public enum AdversarialLoss: String, CaseIterable, Hashable, Sendable, Codable {
    /// Goodfellow et al. 2014, equation 1: the discriminator minimises `-log D` on real images and `-log(1 - D)` on
    /// generated ones, the generator `log(1 - D)`, which has no slope where the discriminator is sure.
    case minimax
    /// The same discriminator; the generator minimises `-log D` (Goodfellow et al. 2014, section 3).
    case nonSaturating = "non-saturating"
    /// The critic of Arjovsky et al. 2017, equation 2: `-s` and `s`, the generator `-s`. The critic's slope has to be
    /// bounded by other means: clipped weights, or `GradientPenalty`.
    case wasserstein
    /// Mao et al. 2017, equation 2 with a = 0, b = c = 1 and its factor 1/2: `(s - 1)² / 2` and `s² / 2`, the generator
    /// `(s - 1)² / 2`.
    case leastSquares = "least-squares"
    /// Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17: `max(0, 1 - s)` and `max(0, 1 + s)`, the generator
    /// `-s`.
    case hinge

    /// The discriminator's loss on real images.
    /// - Parameter target: the label of real images; below 1 it is one-sided label smoothing (Salimans et al. 2016,
    ///   section 3.4). For the cross-entropies and least squares; the others have no labels and are not changed by it.
    /// - Throws: `LayerError.badSetting` unless the target is in `0 ... 1`; `TensorError`.
    public func real(_ scores: Tensor, target: Float = 1) throws -> Tensor {
        try Settings(of: "AdversarialLoss").require(
            target >= 0 && target <= 1, "target", "in 0 ... 1", found: target)
        switch self {
        // Two terms of one sign: neither they nor their slopes cancel, however sure the discriminator is.
        case .minimax, .nonSaturating: return try (-scores).softplus() * target + scores.softplus() * (1 - target)
        case .wasserstein: return try -scores
        case .leastSquares: return try (scores - target).square() * 0.5
        case .hinge: return try (1 - scores).maximum(0)
        }
    }

    /// The discriminator's loss on generated images.
    public func fake(_ scores: Tensor) throws -> Tensor {
        switch self {
        case .minimax, .nonSaturating: try scores.softplus()
        case .wasserstein: scores
        case .leastSquares: try scores.square() * 0.5
        case .hinge: try (1 + scores).maximum(0)
        }
    }

    /// The generator's loss, from the discriminator's scores of its images.
    public func generator(_ scores: Tensor) throws -> Tensor {
        switch self {
        case .minimax: try -scores.softplus()
        case .nonSaturating: try (-scores).softplus()
        case .wasserstein, .hinge: try -scores
        case .leastSquares: try (scores - 1).square() * 0.5
        }
    }
}
