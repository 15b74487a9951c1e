import Datasets
import Foundation
import Models

extension Trainer {
    /// Writes a checkpoint with its picture and the plot of the losses.
    /// - Returns: the path of the picture, if the model has one to show.
    func save(to folder: RunFolder, learningRate: Double) throws -> String? {
        let checkpoint = try Checkpoint(
            step: step, learningRate: learningRate, store: store, optimizers: optimizers, average: average)
        // Going on needs this file alone, so that there is no moment at which it could not.
        try checkpoint.file.write(to: folder.optimizer)
        return try withAverage {
            try store.weights(metadata: ["step": String(step), "model": type(of: model).name]).write(to: folder.model)
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
    func drawGame(into folder: RunFolder) throws {
        guard let model = model as? any AdversarialModel else { return }
        try withAverage {
            try ImagePanel.samples(of: model, count: 64, on: device).write(to: folder.samples(epoch: epochNumber))
        }
    }
}
