import Compute
import Datasets
import Layers
import Models
import Tensors

/// Images that a model has made, arranged in rows.
public struct ImagePanel: Sendable {
    /// Count x height x width x channels, in 0...1.
    public let values: [Float]
    /// The shape of each image.
    public let shape: ImageShape
    /// Images in a row of the picture; nil makes it about square.
    public let columns: Int?

    public init(values: [Float], shape: ImageShape, columns: Int? = nil) {
        self.values = values
        self.shape = shape
        self.columns = columns
    }

    /// The number of images.
    public var count: Int { values.count / max(shape.count, 1) }

    /// Writes the images as one PNG file, whole or not at all.
    /// - Throws: `DatasetError.cannotWrite`, `DatasetError.invalidArgument` for a picture too large.
    public func write(to path: String) throws {
        try ImageGrid(values: values, shape: shape, columns: columns).write(to: path)
    }

    /// New images. Image number i depends on the seed and on i alone.
    ///
    /// - Parameters:
    ///   - drawingPixels: whether pixels are drawn by chance; otherwise they are the model's means. The pixels of an
    ///     autoregressive model are always drawn.
    ///   - label: the class of all images, for a model with classes; nil for all classes in turn.
    /// - Throws: `ModelError.unsupported` for a model that cannot be sampled, `TrainingError.badSetting`; what the
    ///   device throws.
    public static func samples(
        of model: any GenerativeModel, count: Int, seed: UInt64 = 0, drawingPixels: Bool = false, label: Int32? = nil,
        on device: any Device
    ) throws -> ImagePanel {
        if let model = model as? any AutoregressiveModel {
            let labels = label.map { [Int32](repeating: $0, count: count) }
            return try samples(of: model, SamplingRequest(count: count, seed: seed, labels: labels), on: device)
        }
        guard let model = model as? any SamplingModel else {
            throw ModelError.unsupported(
                model: type(of: model).name, what: "be sampled", instead: "reconstruct or interpolate images instead")
        }
        guard count >= 1 else {
            throw TrainingError.badSetting(name: "count", expected: "at least 1", found: "\(count)")
        }
        let classes = model.labelledClasses
        if let label, !(0..<Int32(classes ?? 0)).contains(label) {
            throw TrainingError.badSetting(
                name: "class", expected: classes.map { "0 to \($0 - 1)" } ?? "none, for a model without classes",
                found: "\(label)")
        }
        // All classes in turn, in every batch.
        let turn = classes ?? 1
        let batch = max(64 / turn, 1) * turn
        let key = Argument([2], dtype: .int32)
        let context = Context(isTraining: false, random: try RandomSource(key: key.tensor))
        context.labels =
            try label.map { try Tensor([Int32](repeating: $0, count: batch), shape: [batch]) }
            ?? model.turnLabels(count: batch)
        let function = try CompiledFunction(
            on: device, results: [model.samples(batch, drawingPixels: drawingPixels, context)])
        var values: [Float] = []
        for start in stride(from: 0, to: count, by: batch) {
            try key.set(RandomUse.sampling.key(seed: seed, start), on: device)
            try function.run()
            values += try function.floats().prefix(min(batch, count - start) * model.images.dimensions)
        }
        return ImagePanel(values: values, shape: model.images.shape)
    }

    /// What shows best how far training is: samples, or reconstructions where the model has no samples; nil where it
    /// has neither.
    static func progress(
        of model: any GenerativeModel, images: ImageDataset, on device: any Device
    ) throws -> ImagePanel? {
        if let model = model as? any EnlargingModel, model.enlargement != nil {
            let some = try images.images(0..<min(images.count, 8))
            return try enlargements(of: model, prepared: some, samples: 6, on: device)
        }
        if model is any SamplingModel || model is any AutoregressiveModel {
            return try samples(of: model, count: 64, on: device)
        }
        guard model is any LatentModel, images.count > 0 else { return nil }
        return try reconstructions(of: model, prepared: images, count: 32, on: device)
    }
}
