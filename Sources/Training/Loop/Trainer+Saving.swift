import Datasets
import Foundation
import Layers
import Models

// What is written while a run goes on. First the checkpoint, with which nothing is lost any more, then the pictures, and at
// the end the parameters for those who use the model.
extension Trainer {
    /// Writes a checkpoint: all that going on needs.
    func save(learningRate: Double) throws {
        guard let folder else { return }
        let checkpoint = try Checkpoint(
            place, learningRate: learningRate, store: store, optimizers: optimizers, average: average)
        try checkpoint.file.write(to: folder.optimizer) { try folder.makeRoom(keeping: configuration.keptCheckpoints) }
        savedStep = step
        lastSave = Stopwatch()
    }

    /// Writes the parameters for those who use the model, averaged if that is wanted; the last thing to do for a
    /// checkpoint.
    func finishSaving(picture: String?, _ observe: (TrainingEvent) throws -> Void) throws {
        guard let folder else { return }
        try withAverage { try weights([:]).write(to: folder.model) }
        try observe(.saved(step: step, picture: picture))
    }

    private func weights(_ metadata: [String: String]) throws -> Safetensors {
        let words = [Self.stepKey: String(step), "model": type(of: model).name]
        return try store.weights(metadata: words.merging(metadata) { $1 })
    }

    /// Draws the losses and a picture of the model's images.
    /// - Returns: the path of the picture, if the model has one to show.
    func drawPictures() throws -> String? {
        guard let folder else { return nil }
        return try withAverage {
            try MetricsFile(folder.metrics).plot(to: folder.lossPlot, title: type(of: model).name)
            guard let panel = try ImagePanel.progress(of: model, images: testImages, on: device) else { return nil }
            let path = folder.samples(epoch: epochNumber)
            try panel.write(to: path)
            if step == total, model is any AdversarialModel, FilmStrip.pictures(of: folder).count >= 2 {
                try FilmStrip.write(of: folder, shape: model.images.shape, to: folder.film)
            }
            return path
        }
    }

    /// Writes a picture of a game's images; their codes are the same each time.
    func drawGame() throws {
        guard let folder, let model = model as? any AdversarialModel else { return }
        try withAverage {
            try ImagePanel.samples(of: model, count: 64, on: device).write(to: folder.samples(epoch: epochNumber))
        }
    }

    // MARK: - The best parameters

    private static let stepKey = "step"

    /// Writes the present parameters as the best ones if no earlier figures on the test images were as good: of a model
    /// with a loss its loss, of a game its FID.
    func keepIfBest(_ figures: Figures) throws {
        guard let folder else { return }
        let (name, value) = figures.loss.map { ("loss", $0) } ?? ("fid", figures.term("fid") ?? .nan)
        guard value.isFinite else { return }
        let best = (try? Safetensors(contentsOf: folder.best))?.metadata[name].flatMap(Double.init)
        if let best, best <= value { return }
        try weights([name: "\(value)"]).write(to: folder.best)
    }

    // MARK: - Taking a run up again

    /// Takes up the last checkpoint of the folder that is sound.
    ///
    /// - Returns: what is wrong with newer ones, which are kept under other names.
    /// - Throws: `TrainingError.noRun`, `.alreadyTrained`, `.runBusy`; `CheckpointError` where no checkpoint can be read,
    ///   or the last one is of another model.
    @discardableResult
    public func resume() throws -> [CheckpointError] {
        guard let folder else { return [] }
        let lock = try RunLock(folder)
        folder.removeLeftovers()
        var problems: [CheckpointError] = []
        for path in folder.checkpoints {
            let checkpoint: Checkpoint
            do {
                checkpoint = try Checkpoint(contentsOf: path)
            } catch let error as CheckpointError {
                problems.append(error)
                continue
            }
            try takeUp(checkpoint, path, of: folder)
            self.lock = lock
            return problems
        }
        throw problems.first ?? TrainingError.noRun(path: folder.path, missing: "optimizer.safetensors")
    }

    private func takeUp(_ checkpoint: Checkpoint, _ path: String, of folder: RunFolder) throws {
        // The parameters for users are written last. Without them the process ended before its time.
        func isComplete() -> Bool {
            (try? Safetensors(contentsOf: folder.model))?.metadata[Self.stepKey] == String(total)
        }
        let step = checkpoint.place.step
        guard step < total || step == total && !isComplete() else {
            throw TrainingError.alreadyTrained(path: folder.path, steps: step)
        }
        try checkpoint.restore(store, optimizers, average, path: path)
        try folder.makeNewest(path)
        try MetricsFile(folder.metrics).removeAfter(step: step)
        place = checkpoint.place
        savedStep = step
    }
}
