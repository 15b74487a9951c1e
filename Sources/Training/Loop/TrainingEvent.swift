/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
    /// The first step is being compiled; it can take seconds the first time on a device.
    case compiling(device: String)
    /// Training begins, at `step` steps done of `total`.
    case began(step: Int, total: Int, stepsPerEpoch: Int, launches: Int)
    /// Some steps later.
    case progress(TrainingProgress)
    /// The end of an epoch, or of the run within one: mean figures over its steps.
    case epoch(number: Int, TrainingProgress)
    /// An evaluation on the test images.
    case evaluated(step: Int, Figures)
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
    /// Means over the stretch, by name; the first is `loss`.
    public let figures: [(name: String, value: Double)]
    /// Since training began, the compilation left out.
    public let seconds: Double
    public let examplesPerSecond: Double

    public var loss: Double { figures.first?.value ?? .nan }
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
