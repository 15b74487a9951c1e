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
    /// - Throws: `TrainingError.dataMismatch` for images of another shape or with fewer levels.
    func prepared(for model: any GenerativeModel) throws -> ImageDataset {
        let images = model.images
        guard shape == images.shape else {
            throw TrainingError.dataMismatch(name: name, expected: "\(images.shape)", found: "\(shape)")
        }
        // Black and white is a case of every grey scale; a likelihood of levels needs just those levels.
        guard levels >= images.levels || model.binarizes else {
            throw TrainingError.dataMismatch(
                name: name, expected: "\(images.levels) levels", found: "\(levels) levels")
        }
        return levels <= images.levels ? self : try quantized(levels: images.levels)
    }

    /// The images as an evaluation of a model takes them: black and white, drawn once and for all, where the model is
    /// one of such images.
    func preparedForEvaluation(of model: any GenerativeModel) throws -> ImageDataset {
        let prepared = try prepared(for: model)
        return model.binarizes ? try prepared.binarized(seed: Self.binarizationSeed) : prepared
    }
}
