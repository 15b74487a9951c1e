import Datasets
import Models

extension ImageSpace {
    /// What a data set's images look like.
    public init(_ set: ImageDataset) throws {
        try self.init(height: set.height, width: set.width, channels: set.channels, levels: set.levels)
    }

    var shape: ImageShape { ImageShape(height: height, width: width, channels: channels) }
}

extension ImageDataset {
    /// The fixed draw of black-and-white images that every evaluation sees.
    private static let binarizationSeed: UInt64 = 0

    /// The images as a model takes them: with as many levels as it was made for.
    ///
    /// - Throws: `TrainingError.dataMismatch` for images of another shape or with fewer levels, and for a model with
    ///   classes where the images have no labels, or others than those of the classes.
    func prepared(for model: any GenerativeModel) throws -> ImageDataset {
        let images = model.images
        guard shape == images.shape else {
            throw TrainingError.dataMismatch(name: name, expected: "\(images.shape)", found: "\(shape)")
        }
        try checkLabels(for: model)
        // Black and white is a case of every grey scale; a likelihood of levels needs just those levels.
        guard levels >= images.levels || model.binarizes else {
            throw TrainingError.dataMismatch(
                name: name, expected: "\(images.levels) levels", found: "\(levels) levels")
        }
        // Black-and-white images are drawn from all grey values that there are.
        if levels <= images.levels || model.binarizes && images.levels == 2 { return self }
        return try quantized(levels: images.levels)
    }

    private func checkLabels(for model: any GenerativeModel) throws {
        guard let classes = model.labelledClasses else { return }
        guard let labels else {
            throw TrainingError.dataMismatch(
                name: name, expected: "a label of 0 to \(classes - 1) with each image", found: "without labels")
        }
        if let largest = labels.max(), Int(largest) >= classes {
            throw TrainingError.dataMismatch(
                name: name, expected: "labels of 0 to \(classes - 1) (the key classes says how many)",
                found: "labelled up to \(largest)")
        }
    }

    /// The images as an evaluation of a model takes them: black and white, drawn once and for all, where the model is
    /// one of such images.
    func preparedForEvaluation(of model: any GenerativeModel) throws -> ImageDataset {
        let prepared = try prepared(for: model)
        return model.binarizes ? try prepared.binarized(seed: Self.binarizationSeed) : prepared
    }
}
