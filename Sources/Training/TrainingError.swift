/// What can go wrong with a run: its settings, its data, its course, its folder.
public enum TrainingError: Error, Hashable, Sendable {
    /// A setting out of its range.
    case badSetting(name: String, expected: String, found: String)
    /// Data that do not fit the model.
    case dataMismatch(name: String, expected: String, found: String)
    /// The loss, or a parameter after the last step, is infinite or not a number. `saved` is the step of the last
    /// checkpoint, if there is one; `advice` what is likely to help.
    case notFinite(
        what: String, step: Int, learningRate: Double, saved: Int? = nil, advice: String = "lower the learning rate")
    /// A folder that already holds a run.
    case runExists(path: String)
    /// A folder that holds no run, or not all of one.
    case noRun(path: String, missing: String)
    /// A run that goes on with other settings than it began with.
    case runDiffers(path: String, what: String, began: String, now: String)
    /// A run that another trainer is at.
    case runBusy(path: String)
    /// A run that is at its end already.
    case alreadyTrained(path: String, steps: Int)
}

extension TrainingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badSetting(let name, let expected, let found):
            "\(name): expected \(expected), found \(found)"
        case .dataMismatch(let name, let expected, let found):
            "\(name): the model needs \(expected), the data are \(found); use the data that it was made for"
        case .notFinite(let what, let step, let learningRate, let saved, let advice):
            "\(what) is infinite or not a number at step \(step); \(advice) (the rate is \(learningRate)); "
                + (saved.map { "the checkpoint of step \($0) is whole" } ?? "nothing has been kept")
        case .runExists(let path):
            "\(path) already holds a run; add --resume to go on with it, or choose another --out"
        case .noRun(let path, let missing):
            "\(path) holds no run (there is no \(missing)); train one with tessera train, or check the path"
        case .runDiffers(let path, let what, let began, let now):
            "\(path) began with \(what) \(began) and is to go on with \(now); leave it out, or choose another --out"
        case .runBusy(let path):
            "\(path) is being trained by another process; wait for its end, or choose another --out"
        case .alreadyTrained(let path, let steps):
            "\(path) has its \(steps) steps already; ask for more --epochs or --steps"
        }
    }
}
