import Layers

/// The losses that a game about points can be played with, each with what customarily goes with it.
public enum PointGANVariant: String, CaseIterable, Hashable, Sendable {
    /// Goodfellow et al. 2014, equation 1.
    case minimax
    /// Goodfellow et al. 2014, section 3.
    case nonSaturating = "non-saturating"
    /// Arjovsky et al. 2017: RMSProp, weights clipped to ±0.01, 5 steps of the critic.
    case wgan
    /// Gulrajani et al. 2017: a gradient penalty, of the weight 0.1 that their code has for such toys. With 2 steps of the
    /// critic where they have 5, Adam without a first moment and a learning rate 30 times theirs, which learn sooner here.
    case wganGP = "wgan-gp"
    /// Mao et al. 2017.
    case leastSquares = "least-squares"
    /// Miyato et al. 2018: the hinge loss with spectral normalisation, 5 steps of the discriminator.
    case hinge

    /// Whether the discriminator's weights are divided by their spectral norms.
    public var isSpectral: Bool { self == .hinge }

    /// The first learning rate of both networks.
    public var learningRate: Double {
        switch self {
        case .minimax, .nonSaturating, .leastSquares, .hinge: 2e-4
        case .wgan: 5e-5
        case .wganGP: 3e-3
        }
    }

    /// The rules of the game.
    public func rules() throws -> GameRules {
        switch self {
        case .minimax: return try GameRules(loss: .minimax, optimizer: Adam(beta1: 0.5))
        case .nonSaturating: return try GameRules(loss: .nonSaturating, optimizer: Adam(beta1: 0.5))
        case .leastSquares: return try GameRules(loss: .leastSquares, optimizer: Adam(beta1: 0.5))
        case .wgan:
            var rules = try GameRules(loss: .wasserstein, optimizer: RMSProp())
            rules.discriminatorSteps = 5
            rules.weightClip = 0.01
            return rules
        case .wganGP:
            var rules = try GameRules(loss: .wasserstein, optimizer: Adam(beta1: 0, beta2: 0.9))
            rules.discriminatorSteps = 2
            rules.gradientPenalty = 0.1
            return rules
        case .hinge:
            var rules = try GameRules(loss: .hinge, optimizer: Adam(beta1: 0, beta2: 0.9))
            rules.discriminatorSteps = 5
            return rules
        }
    }
}
