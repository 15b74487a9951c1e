import Foundation

/// The time that training steps take, with pauses left out.
struct StepClock {
    private let firstStep: Int
    private let batchSize: Int
    private var elapsed = 0.0
    private var running: Stopwatch?

    init(firstStep: Int, batchSize: Int) {
        self.firstStep = firstStep
        self.batchSize = batchSize
    }

    mutating func start() { running = Stopwatch() }

    mutating func pause() {
        elapsed = seconds
        running = nil
    }

    var seconds: Double { elapsed + (running?.seconds ?? 0) }

    func examplesPerSecond(step: Int) -> Double {
        Double((step - firstStep) * batchSize) / max(seconds, 1e-9)
    }

    func progress(_ trainer: Trainer, epochs: Double, _ figures: [(name: String, value: Double)]) -> TrainingProgress {
        let done = trainer.step - firstStep
        return TrainingProgress(
            step: trainer.step, total: trainer.total, epochs: epochs, figures: figures, seconds: seconds,
            examplesPerSecond: examplesPerSecond(step: trainer.step),
            secondsLeft: seconds / Double(max(done, 1)) * Double(trainer.total - trainer.step))
    }
}

/// Seconds since a moment.
package struct Stopwatch {
    private let start = ContinuousClock.now

    package init() {}

    package var seconds: Double {
        let passed = start.duration(to: .now).components
        return Double(passed.seconds) + Double(passed.attoseconds) * 1e-18
    }
}

/// Means of figures over steps, from their sums.
struct RunningMeans {
    private let names: [String]
    private var sums: [Double]
    private var steps = 0

    init(names: [String]) {
        self.names = names
        sums = names.map { _ in 0 }
    }

    mutating func add(_ more: [Double], steps count: Int) {
        sums = zip(sums, more).map(+)
        steps += count
    }

    mutating func reset() { self = RunningMeans(names: names) }

    var values: [(name: String, value: Double)] { zip(names, sums).map { ($0, $1 / Double(max(steps, 1))) } }
}
