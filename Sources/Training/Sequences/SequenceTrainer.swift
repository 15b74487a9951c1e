import Compute
import Datasets
import Foundation
import Layers
import Models
import Tensors

/// Settings of training on a series.
public struct SequenceConfiguration: Hashable, Sendable {
    public var steps = 1_000
    /// Windows in a step.
    public var batchSize = 32
    /// Numbers of a window that are predicted, one after the other.
    public var window = 48
    /// In the first step; it falls along a cosine to zero at the end.
    public var learningRate = 1e-2
    /// Gradients longer than this are shortened to it (Pascanu, Mikolov & Bengio 2013).
    public var gradientClip = 1.0
    /// Decides the first parameters and all chance.
    public var seed: UInt64 = 0

    public init() {}

    /// - Throws: `TrainingError.badSetting`.
    public func check() throws {
        let most = 10_000_000
        for (name, value) in [("steps", steps), ("batch size", batchSize), ("window", window)]
        where !(1...most).contains(value) {
            throw TrainingError.badSetting(name: name, expected: "1 to \(most)", found: "\(value)")
        }
        for (name, value) in [("learning rate", learningRate), ("gradient clip", gradientClip)]
        where !(value > 0 && value.isFinite) {
            throw TrainingError.badSetting(name: name, expected: "a number above 0", found: "\(value)")
        }
    }
}

/// How far training on a series is.
public struct SequenceProgress: Hashable, Sendable {
    public let step: Int
    public let total: Int
    /// Nats for each number: of training, the mean since the last report, and of the test part.
    public let trainNats: Double
    public let testNats: Double
}

/// Trains a model of a series on windows of it, drawn by chance.
public final class SequenceTrainer {
    public let model: SequenceModel
    public let series: Series
    public let configuration: SequenceConfiguration
    public let device: any Device
    /// The training part in the model's units.
    private let values: [Float]
    /// [window + 1, N]
    private let windows: Argument
    /// The learning rate and the number of the step.
    private let scalars = Argument([2])
    private let sums: FigureSums
    private let step: CompiledFunction
    private let test: SequenceEvaluator

    /// Places the model on the device, with fresh parameters.
    ///
    /// - Throws: `TrainingError.badSetting`; `TrainingError.dataMismatch` for a series that holds no window; what the
    ///   device throws.
    public init(
        _ model: SequenceModel, series: Series, configuration: SequenceConfiguration = .init(), on device: any Device
    ) throws {
        try configuration.check()
        guard series.train.count > configuration.window else {
            throw TrainingError.dataMismatch(
                name: series.name, expected: "more than \(configuration.window) numbers to train on",
                found: "\(series.train.count) numbers")
        }
        self.model = model
        self.series = series
        self.configuration = configuration
        self.device = device
        values = series.standardized(series.train)
        let store = try ParameterStore(model, on: device, seed: configuration.seed)
        let windows = Argument([configuration.window + 1, configuration.batchSize])
        self.windows = windows
        let nats = try model.nats(of: windows.tensor, from: nil).nats.mean([0])
        let gradient = try clippedByGlobalNorm(
            store.gradient(of: nats.mean()), maximum: Float(configuration.gradientClip)
        ).gradient
        let updates = try OptimizerState(Adam(), of: store.flat).updates(
            gradient: gradient, learningRate: scalars.tensor.sliced(0..<1, axis: 0),
            step: scalars.tensor.sliced(1..<2, axis: 0))
        let sums = try FigureSums(nats, named: "nats", terms: [], on: device)
        self.sums = sums
        step = try CompiledFunction(on: device, results: [], updates: updates + sums.updates)
        test = try SequenceEvaluator(model, chunk: configuration.window, on: device)
    }

    /// Trains to the end.
    ///
    /// - Parameters:
    ///   - reports: how often, evenly, `observe` is told on the way.
    /// - Throws: `TrainingError.notFinite` where training goes astray; what the device throws.
    public func train(reports: Int = 10, _ observe: (SequenceProgress) throws -> Void = { _ in }) throws {
        let total = configuration.steps
        let rates = LearningRateSchedule.cosine(initial: configuration.learningRate, steps: total)
        let stretch = max(total / max(reports, 1), 1)
        var lastRead = 0
        for number in 1...total {
            try windows.set(window(step: number), on: device)
            try scalars.set([Float(rates.value(at: number)), Float(number)], on: device)
            try step.run()
            guard number - lastRead == stretch || number == total else { continue }
            let steps = number - lastRead
            let (figures, finiteSteps) = try sums.take()
            guard finiteSteps >= steps, let figures else {
                throw TrainingError.notFinite(
                    what: "the loss", step: min(lastRead + finiteSteps + 1, number),
                    learningRate: rates.value(at: number))
            }
            lastRead = number
            try observe(
                SequenceProgress(
                    step: number, total: total, trainNats: figures[0] / Double(steps) + log(series.deviation),
                    testNats: testNats()))
        }
    }

    /// Nats for each number of the test part, given all those before it, in the series' own units.
    public func testNats() throws -> Double {
        let before = series.train.suffix(configuration.window + 1)
        let nats = try test.meanNats(of: series.standardized(before + series.test), from: before.count)
        return nats + log(series.deviation)
    }

    /// Ways in which the series may go on, drawn from the model: `paths` times `length` numbers.
    ///
    /// - Parameter given: the last of these numbers are what the model knows; by default those of the series.
    /// - Throws: `TrainingError.badSetting`; what the device throws.
    public func simulations(paths: Int, length: Int, after given: [Double]? = nil, seed: UInt64 = 0) throws
        -> [[Double]]
    {
        for (name, value) in [("paths", paths), ("length", length)] where !(1...1_000_000).contains(value) {
            throw TrainingError.badSetting(name: name, expected: "1 to 1000000", found: "\(value)")
        }
        let known = series.standardized((given ?? series.values).suffix(2 * configuration.window))
        let simulation = try SequenceSimulation(model, paths: paths, seed: seed, on: device)
        let drawn = try simulation.run(after: known, length: length)
        return drawn.map { path in path.map { Double($0) * series.deviation + series.mean } }
    }

    /// Windows of a step, time-major: [window + 1, N].
    private func window(step: Int) -> [Float] {
        let (length, count) = (configuration.window + 1, configuration.batchSize)
        let places = values.count - length + 1
        let starts = (0..<count).map { number in
            let index = UInt64(step) * UInt64(count) + UInt64(number)
            return Int(SplitMix64.value(seed: configuration.seed, index: index) % UInt64(places))
        }
        return (0..<length).flatMap { time in starts.map { values[$0 + time] } }
    }
}

extension SequenceModel {
    /// Nats of the numbers after the first: values [steps + 1, N] -> [steps, N].
    func nats(of values: Tensor, from state: [Tensor]?) throws -> (nats: Tensor, state: [Tensor]) {
        let steps = values.shape[0] - 1
        let result = try parameters(after: values.sliced(0..<steps, axis: 0), from: state)
        let nats = try -logDensity(of: values.sliced(1..<steps + 1, axis: 0), parameters: result.parameters)
        return (nats, result.state)
    }
}

extension Series {
    /// Numbers in units of the training part's deviation from its mean.
    func standardized(_ numbers: some Sequence<Double>) -> [Float] {
        let (mean, deviation) = (mean, deviation)
        return numbers.map { Float(($0 - mean) / deviation) }
    }
}
