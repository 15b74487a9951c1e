import Compute
import Foundation
import Layers
import Models
import Tensors

/// Settings of a game about points. The defaults are those of `wgan-gp`.
public struct PointConfiguration: Sendable {
    /// Steps of the discriminator.
    public var steps = 10_000
    /// Points in a step.
    public var batchSize = 256
    /// Of both networks in the first step; it falls along a cosine to zero at the end.
    public var learningRate = 3e-3
    /// The decay of a moving average of the generator's parameters, which then are what points are drawn with; nil for
    /// none.
    public var averageDecay: Double? = 0.999
    /// Decides the first parameters and all chance.
    public var seed: UInt64 = 0

    public init() {}
}

/// How far a game about points is.
public struct PointProgress: Sendable {
    /// Steps of the discriminator done, and steps in all.
    public let step: Int
    public let total: Int
    /// Means since the last report, by name; the losses first.
    public let figures: [(name: String, value: Double)]
    /// Of points drawn now.
    public let coverage: ModeCoverage
}

/// Trains a game about points of a mixture, new ones in each step.
public final class PointTrainer {
    /// Points drawn at a time.
    private static let drawnPoints = 1_000

    public let game: any AdversarialGame
    public let mixture: GaussianMixture
    public let configuration: PointConfiguration
    public let device: any Device
    private let average: ExponentialMovingAverage?
    private let step: GameStep
    private let key = Argument([2], dtype: .int32)
    private let drawing: CompiledFunction

    /// Places the game on the device, with fresh parameters.
    ///
    /// - Parameter game: one whose examples are [N, 2].
    /// - Throws: `TrainingError.badSetting`; `LayerError.badSetting` for a decay out of range; what the device throws.
    public init(
        _ game: any AdversarialGame, mixture: GaussianMixture, configuration: PointConfiguration = .init(),
        on device: any Device
    ) throws {
        try configuration.check()
        self.game = game
        self.mixture = mixture
        self.configuration = configuration
        self.device = device
        let store = try ParameterStore(game, on: device, seed: configuration.seed)
        let optimizers = try store.groups.map { try OptimizerState(game.rules.optimizer, of: $0.flat) }
        let average = try configuration.averageDecay.map {
            try ExponentialMovingAverage(of: store.groups[0].flat, decay: $0)
        }
        self.average = average
        step = try GameStep(
            game, store: store, optimizers: optimizers, average: average,
            schedule: .init(seed: configuration.seed, total: configuration.steps), count: configuration.batchSize
        ) { try mixture.points(configuration.batchSize, random: &$0.random) }
        let context = Context(isTraining: false, random: try RandomSource(key: key.tensor))
        let codes = try context.random.normal([Self.drawnPoints, game.latentSize])
        drawing = try CompiledFunction(on: device, results: [game.generated(codes, context)])
    }

    /// Plays to the end.
    ///
    /// - Parameters:
    ///   - reports: how often, evenly, the game is looked at on the way.
    ///   - observe: told what was seen.
    /// - Throws: `TrainingError.notFinite` where training goes astray; what the device throws.
    public func train(reports: Int = 10, _ observe: (PointProgress) throws -> Void = { _ in }) throws {
        let total = configuration.steps
        let rates = LearningRateSchedule.cosine(initial: configuration.learningRate, steps: total)
        let stretch = max(total / max(reports, 1), 1)
        var lastRead = 0
        for number in 1...total {
            try step.run(step: number, learningRate: rates.value(at: number))
            guard number - lastRead == stretch || number == total else { continue }
            let sums = try step.takeSums(
                steps: number - lastRead, last: number, learningRate: rates.value(at: number))
            let means = zip(step.figures, sums).map { ($0, $1 / Double(number - lastRead)) }
            lastRead = number
            try observe(PointProgress(step: number, total: total, figures: means, coverage: coverage(2_000)))
        }
    }

    /// New points of the generator: x and y of one after the other.
    public func points(_ count: Int, seed: UInt64 = 0) throws -> [Float] {
        func draw() throws -> [Float] {
            var points: [Float] = []
            for number in 0..<(count + Self.drawnPoints - 1) / Self.drawnPoints {
                try key.set(RandomUse.sampling.key(seed: seed, number), on: device)
                try drawing.run()
                points += try drawing.floats()
            }
            return Array(points.prefix(2 * count))
        }
        return try average.map { try $0.whileSwapped(draw) } ?? draw()
    }

    /// How well `count` new points of the generator stand for the mixture.
    public func coverage(_ count: Int = 10_000, seed: UInt64 = 0) throws -> ModeCoverage {
        ModeCoverage(of: try points(count, seed: seed), in: mixture)
    }
}

extension PointConfiguration {
    /// - Throws: `TrainingError.badSetting`.
    public func check() throws {
        for (name, value) in [("steps", steps), ("batch size", batchSize)] where !(1...10_000_000).contains(value) {
            throw TrainingError.badSetting(name: name, expected: "1 to 10000000", found: "\(value)")
        }
        guard learningRate > 0, learningRate.isFinite else {
            throw TrainingError.badSetting(
                name: "learning rate", expected: "a number above 0", found: "\(learningRate)")
        }
    }
}
