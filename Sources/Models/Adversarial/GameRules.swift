import Layers

/// How the two networks of an `AdversarialGame` are trained against each other.
public struct GameRules: Sendable {
    public var loss: AdversarialLoss
    /// Steps of the discriminator for one of the generator, the k of Goodfellow et al. 2014, algorithm 1.
    public var discriminatorSteps = 1
    /// The weight of the gradient penalty (Gulrajani et al. 2017, equation 3); 0 for none.
    public var gradientPenalty: Float = 0
    /// The largest absolute value of the discriminator's parameters (Arjovsky et al. 2017, algorithm 1); nil for any.
    public var weightClip: Float?
    /// What the discriminator is to say of real examples: less than 1 is one-sided label smoothing (Salimans et al.
    /// 2016, section 3.4).
    public var realTarget: Float = 1
    /// The deviation of the noise on everything that the discriminator sees, at the beginning; it falls linearly to 0 at the
    /// last step, so that a run that is made longer later is not the run that was so long from the beginning.
    public var instanceNoise: Float = 0
    /// The optimizer of each network.
    public var optimizer: any Optimizer

    public init(loss: AdversarialLoss, optimizer: any Optimizer) {
        self.loss = loss
        self.optimizer = optimizer
    }
}
