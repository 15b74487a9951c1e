import Datasets

/// One step of training, compiled once. Nothing waits for the device until the sums are read.
protocol TrainingStep: AnyObject {
    /// Device launches of one step.
    var launches: Int { get }
    /// What is summed, by name; the losses first.
    var figures: [String] { get }

    /// Queues step number `step` (1 is the first).
    func run(_ batch: ImageBatch, step: Int, learningRate: Double) throws

    /// The sums of the figures since the last call, after all queued steps.
    /// - Parameters:
    ///   - steps: how many steps that was.
    ///   - last: the number of the last of them.
    /// - Throws: `TrainingError.notFinite` with the first step whose loss was not finite.
    func takeSums(steps: Int, last: Int, learningRate: Double) throws -> [Double]

    /// What looks wrong about the means of some steps, and its likely cause; nil if nothing does.
    func warning(_ means: [(name: String, value: Double)]) -> TrainingWarning?
}

extension TrainingStep {
    func warning(_ means: [(name: String, value: Double)]) -> TrainingWarning? { nil }
}

/// Something that looks wrong, in words that name the likely cause.
struct TrainingWarning {
    enum Kind { case divergence, strongDiscriminator, modeCollapse }
    let kind: Kind
    let text: String
}
