import Models

/// What an evaluation finds: means over the images of a set.
public struct Figures: Sendable {
    /// Images evaluated.
    public let count: Int
    /// What the loss measures, in words.
    public let measure: String
    /// The model's loss; nil for a model of a game, whose losses say nothing about its images.
    public let loss: Double?
    /// The parts of the loss, or what else was found, by name.
    public let terms: [(name: String, value: Double)]
    /// Minus the log-likelihood of an image, or an upper bound of it; nil for a model without one. With importance
    /// samples, their bound; otherwise the loss.
    public let nats: Double?
    /// The same in bits a pixel value: nats / (D ln 2).
    public let bitsPerDimension: Double?
    /// Importance samples drawn for each image; nil for none.
    public let importanceSamples: Int?
    /// Whether the loss is minus the log-likelihood itself, not a bound.
    public let isExact: Bool
    /// For each image in the set's order: its log-likelihood or the lower bound of it (minus its nats); for a model
    /// without one, minus its loss.
    public let perExample: [Double]

    /// The evidence lower bound, minus (reconstruction + kl); nil for a model without the two.
    public var elbo: Double? {
        guard let reconstruction = term("reconstruction"), let divergence = term("kl") else { return nil }
        return -(reconstruction + divergence)
    }

    public func term(_ name: String) -> Double? { terms.first { $0.name == name }?.value }

    /// All figures by the names under which they are reported.
    public var named: [(name: String, value: Double)] {
        var figures: [(name: String, value: Double)] = []
        if let loss { figures.append(("loss", loss)) }
        if let nats { figures.append(("nats", nats)) }
        if let bitsPerDimension { figures.append(("bits_per_dim", bitsPerDimension)) }
        if let elbo { figures.append(("elbo", elbo)) }
        return figures + terms
    }
}
