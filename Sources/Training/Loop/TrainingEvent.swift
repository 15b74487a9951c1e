/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
    /// The first step is being compiled; it can take seconds the first time on a device.
    case compiling(device: String)
    /// Something else that takes seconds the first time, in words.
    case preparing(String)
    /// Training begins, at `step` steps done of `total`.
    case began(step: Int, total: Int, stepsPerEpoch: Int, launches: Int)
    /// Some steps later.
    case progress(TrainingProgress)
    /// The end of an epoch, or of the run within one: mean figures over its steps.
    case epoch(number: Int, TrainingProgress)
    /// An evaluation on the test images.
    case evaluated(step: Int, Figures)
    /// Something looks wrong; the text says what, and its likely cause.
    case warning(step: Int, String)
    /// A checkpoint and its picture have been written.
    case saved(step: Int, picture: String?)
}

/// How far a run is, and the mean figures of the last stretch.
public struct TrainingProgress: Sendable {
    /// Steps done, and steps in all.
    public let step: Int
    public let total: Int
    /// Passes over the data done.
    public let epochs: Double
    /// Means over the stretch, by name; the loss, or the losses of a game, come first.
    public let figures: [(name: String, value: Double)]
    /// Since training began, the compilation left out.
    public let seconds: Double
    public let examplesPerSecond: Double

    /// The figures that are losses.
    public var losses: [(name: String, value: Double)] {
        figures.filter { $0.name == "loss" || $0.name.hasSuffix("_loss") }
    }
    /// What is left at the present rate.
    public let secondsLeft: Double
}

/// What a run has come to.
public struct TrainingResult: Sendable {
    /// Steps done in all, those before a resumption too.
    public let steps: Int
    /// Means over the last epoch of training.
    public let training: [(name: String, value: Double)]
    /// On the test images; nil where there are none.
    public let test: Figures?
    /// Of the training steps, evaluations and checkpoints left out.
    public let seconds: Double
    public let examplesPerSecond: Double
    public let peakMemoryBytes: Int
}
