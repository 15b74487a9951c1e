import Datasets
import Foundation

/// Writes what a run tells into an event file of its folder, for TensorBoard: `tensorboard --logdir runs`.
///
///     let log = try TensorBoardLog(folder.path, step: trainer.step)
///     try trainer.train(log.observe)
public final class TensorBoardLog {
    private let file: EventFile

    /// - Parameters:
    ///   - folder: of the run.
    ///   - step: steps done already; what older event files tell of later ones is not shown any more.
    /// - Throws: `DatasetError.cannotWrite`.
    public init(_ folder: String, step: Int = 0) throws {
        file = try EventFile(in: folder, firstStep: step + 1)
    }

    /// Writes what there is to show of an event: figures of training and on the test images, and pictures.
    ///
    /// - Throws: `DatasetError`.
    public func observe(_ event: TrainingEvent) throws {
        switch event {
        case .progress(let progress):
            let figures = progress.figures + [(name: "examples_per_second", value: progress.examplesPerSecond)]
            try add(figures, group: "training", step: progress.step)
        case .evaluated(let step, let figures):
            try add(figures.named, group: "test", step: step)
        case .saved(let step, let picture?):
            guard let contents = FileManager.default.contents(atPath: picture) else {
                throw DatasetError.cannotRead(path: picture, reason: "not a file that can be read")
            }
            try file.add(png: Array(contents), shape: PNGImage.header(path: picture), tag: "images", step: step)
        case .saved, .compiling, .preparing, .began, .epoch, .warning:
            break
        }
    }

    private func add(_ figures: [(name: String, value: Double)], group: String, step: Int) throws {
        try file.add(figures.map { (tag: "\(group)/\($0.name)", value: $0.value) }, step: step)
    }
}
