import Layers
import Tensors

/// Two networks that are trained against each other (Goodfellow et al. 2014, "Generative adversarial nets"): a generator
/// makes examples of random codes, and a discriminator gives each example a score, high for those of the data.
///
/// Examples are Float32 [N, ...] of any shape and scale, the same for both networks.
public protocol AdversarialGame: PartitionedModule {
    var rules: GameRules { get }
    /// Numbers in a code; codes are standard normal.
    var latentSize: Int { get }
    /// The module that holds the generator's parameters, all of them and no others.
    var generatorPart: any Module { get }
    /// The module that holds the discriminator's parameters, all of them and no others.
    var discriminatorPart: any Module { get }

    /// The example of each code: [N, latentSize] -> [N, ...].
    func generated(_ codes: Tensor, _ context: Context) throws -> Tensor
    /// The score of each example before any sigmoid: [N, ...] -> [N].
    func scores(_ examples: Tensor, _ context: Context) throws -> Tensor
}

extension AdversarialGame {
    /// The generator first.
    public var parts: [any Module] { [generatorPart, discriminatorPart] }

    /// What the discriminator minimises, one value for each pair of a real and a generated example.
    ///
    /// - Parameters:
    ///   - real: examples of the data, [N, ...].
    ///   - progress: how much of training is done, a scalar in 0...1; instance noise falls with it.
    /// - Returns: the loss [N] with the parts `real_score`, `fake_score` and, with a penalty, `gradient_penalty`.
    public func discriminatorLoss(_ real: Tensor, progress: Tensor, _ context: Context) throws -> LossTerms {
        // The generator stays as it is, running statistics too.
        let making = Context(isTraining: true, random: context.random)
        making.labels = context.labels
        let fake = try generated(making.random.normal([real.shape[0], latentSize]), making)
        context.random = making.random

        let shownReal = try noisy(real, progress, context)
        let shownFake = try noisy(fake, progress, context)
        let realScores = try scores(shownReal, context)
        let fakeScores = try scores(shownFake, context)
        var loss = try rules.loss.real(realScores, target: rules.realTarget) + rules.loss.fake(fakeScores)
        var terms = [(name: "real_score", values: realScores), (name: "fake_score", values: fakeScores)]
        if rules.gradientPenalty > 0 {
            let between = try GradientPenalty.interpolates(real: shownReal, fake: shownFake, random: &context.random)
            let penalty = try GradientPenalty.values(at: between, lambda: rules.gradientPenalty) {
                try scores($0, context)
            }
            loss = try loss + penalty
            terms.append((name: "gradient_penalty", values: penalty))
        }
        return LossTerms(loss, terms: terms)
    }

    /// What the generator minimises, [count].
    /// - Parameter progress: as in `discriminatorLoss`.
    public func generatorLoss(count: Int, progress: Tensor, _ context: Context) throws -> LossTerms {
        let fake = try generated(context.random.normal([count, latentSize]), context)
        // The discriminator stays as it is, running statistics too.
        let judging = Context(isTraining: true, random: context.random)
        judging.labels = context.labels
        let scores = try scores(noisy(fake, progress, judging), judging)
        return LossTerms(try rules.loss.generator(scores))
    }

    /// Examples with instance noise (Sønderby et al. 2017; Arjovsky and Bottou 2017), which falls linearly to none.
    private func noisy(_ examples: Tensor, _ progress: Tensor, _ context: Context) throws -> Tensor {
        guard rules.instanceNoise > 0 else { return examples }
        let deviation = try (1 - progress.reshaped([])) * rules.instanceNoise
        return try examples + context.random.normal(examples.shape) * deviation
    }
}
