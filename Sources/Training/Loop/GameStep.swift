import Compute
import Layers
import Models
import Tensors

/// A step of a game: the discriminator's, and after every so many of these the generator's. Each is one compiled plan.
final class GameStep {
    /// What else a step depends on than its number.
    struct Schedule {
        var seed: UInt64
        /// Steps of the discriminator in all.
        var total: Int
        var gradientClip: Float?
    }

    private let device: any Device
    private let rules: GameRules
    private let schedule: Schedule
    private let key = Argument([2], dtype: .int32)
    /// The learning rate, the number of the step, and the share of training that is done.
    private let scalars = Argument([3])
    private let discriminatorSums: FigureSums
    private let generatorSums: FigureSums
    private let discriminatorFunction: CompiledFunction
    private let generatorFunction: CompiledFunction
    /// The generator's figures when they were last known: a short stretch may hold none of its steps.
    private var generatorMeans: [Double]

    /// - Parameters:
    ///   - store: of the game, the generator's group first.
    ///   - optimizers: of the generator and of the discriminator.
    ///   - average: of the generator's parameters.
    ///   - count: examples in a step.
    ///   - labels: of a step's examples, Int32 [count], for a game with classes.
    ///   - real: gives a step's examples of the data, [count, ...]; it may draw them.
    init(
        _ game: any AdversarialGame, store: ParameterStore, optimizers: [OptimizerState],
        average: ExponentialMovingAverage?, schedule: Schedule, count: Int, labels: Tensor? = nil,
        real: (Context) throws -> Tensor
    ) throws {
        device = store.device
        rules = game.rules
        self.schedule = schedule
        let rate = try scalars.tensor.sliced(0..<1, axis: 0)
        let step = try scalars.tensor.sliced(1..<2, axis: 0)
        let progress = try scalars.tensor.sliced(2..<3, axis: 0)
        func context(_ key: Argument) throws -> Context {
            let context = Context(isTraining: true, random: try RandomSource(key: key.tensor))
            context.labels = labels
            return context
        }
        func gradient(_ group: Int, of loss: Tensor) throws -> Tensor {
            let gradient = try store.groups[group].gradient(of: loss.mean())
            guard let limit = schedule.gradientClip else { return gradient }
            return try clippedByGlobalNorm(gradient, maximum: limit).gradient
        }

        let seeing = try context(key)
        let loss = try game.discriminatorLoss(real(seeing), progress: progress, seeing)
        discriminatorSums = try FigureSums(loss.values, named: "discriminator_loss", terms: loss.terms, on: device)
        var updates = try optimizers[1].updates(
            gradient: gradient(1, of: loss.values), learningRate: rate, step: step)
        // The first update is the parameters'.
        if let clip = rules.weightClip { updates[0].value = try updates[0].value.clamped(-clip, clip) }
        discriminatorFunction = try CompiledFunction(
            on: device, results: [], updates: updates + discriminatorSums.updates + seeing.updates)

        let making = try context(key)
        let result = try game.generatorLoss(count: count, progress: progress, making)
        generatorSums = try FigureSums(result.values, named: "generator_loss", terms: result.terms, on: device)
        updates = try optimizers[0].updates(
            gradient: gradient(0, of: result.values), learningRate: rate, step: step)
        if let average { updates.append(try average.update(following: updates, step: step)) }
        generatorFunction = try CompiledFunction(
            on: device, results: [], updates: updates + generatorSums.updates + making.updates)
        generatorMeans = generatorSums.names.map { _ in 0 }
    }

    /// Of one step of the generator with those of the discriminator that go before it.
    var launches: Int { rules.discriminatorSteps * discriminatorFunction.launches + generatorFunction.launches }

    /// The discriminator's loss and its parts, then the generator's.
    var figures: [String] { discriminatorSums.names + generatorSums.names }

    /// Queues step number `step` (1 is the first) of the discriminator, and the generator's where it is its turn.
    func run(step: Int, learningRate: Double) throws {
        let progress = Float(step - 1) / Float(max(schedule.total - 1, 1))
        try key.set(RandomUse.training.key(seed: schedule.seed, step), on: device)
        try scalars.set([Float(learningRate), Float(step), progress], on: device)
        try discriminatorFunction.run()
        guard step % rules.discriminatorSteps == 0 else { return }
        try key.set(RandomUse.generation.key(seed: schedule.seed, step), on: device)
        try scalars.set([Float(learningRate), Float(step / rules.discriminatorSteps), progress], on: device)
        try generatorFunction.run()
    }

    /// As `TrainingStep` has it.
    func takeSums(steps: Int, last: Int, learningRate: Double) throws -> [Double] {
        let every = rules.discriminatorSteps
        let moves = last / every - (last - steps) / every
        let discriminator = try discriminatorSums.take()
        let generator = try generatorSums.take()
        func failedStep(_ sums: (figures: [Double]?, finiteSteps: Int), count: Int, every: Int) -> Int? {
            guard sums.finiteSteps < count || sums.figures == nil else { return nil }
            return min(((last - steps) / every + sums.finiteSteps + 1) * every, last)
        }
        let failures = [
            (who: "discriminator", step: failedStep(discriminator, count: steps, every: 1)),
            (who: "generator", step: failedStep(generator, count: moves, every: every)),
        ]
        // What fails first makes the other fail; within a step the discriminator comes first.
        if let first = failures.filter({ $0.step != nil }).min(by: { $0.step ?? 0 < $1.step ?? 0 }) {
            throw TrainingError.notFinite(
                what: "the \(first.who)'s loss", step: first.step ?? last, learningRate: learningRate,
                advice: rules.adviceOnDivergence)
        }
        if moves > 0 { generatorMeans = (generator.figures ?? []).map { $0 / Double(moves) } }
        return (discriminator.figures ?? []) + generatorMeans.map { $0 * Double(steps) }
    }

    /// As `TrainingStep` has it.
    func warning(_ means: [(name: String, value: Double)]) -> TrainingWarning? {
        func mean(_ name: String) -> Double { means.first { $0.name == name }?.value ?? 0 }
        let (real, fake) = (mean("real_score"), mean("fake_score"))
        let scores = "mean \(Float(real)) of real ones, \(Float(fake)) of generated ones"
        if rules.loss == .wasserstein {
            guard max(abs(real), abs(fake)) > 1e5 else { return nil }
            return TrainingWarning(
                kind: .divergence,
                text: "the critic's scores grow without bound (\(scores)); \(rules.adviceOnDivergence)")
        }
        guard mean("discriminator_loss") < 0.01 else { return nil }
        return TrainingWarning(
            kind: .strongDiscriminator,
            text: "the discriminator is right about nearly every example (scores: \(scores)), so that the generator "
                + "hardly learns; set normalization=spectral, noise=0.1 or smoothing=0.1, or lower the learning rate")
    }
}

extension GameRules {
    /// What is likely to help where numbers grow without bound.
    fileprivate var adviceOnDivergence: String {
        if loss == .wasserstein, weightClip == nil, gradientPenalty == 0 {
            return "a Wasserstein critic needs a bound: set penalty=10 with normalization=none, or clip=0.01"
        }
        return gradientPenalty > 0
            ? "lower the learning rate, or set a smaller penalty"
            : "lower the learning rate, or set normalization=spectral"
    }
}
