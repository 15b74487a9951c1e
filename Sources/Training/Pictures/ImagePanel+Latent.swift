import Compute
import Datasets
import Foundation
import Layers
import Models
import Tensors

// Pictures of what a model's codes mean. The images given are first brought to what the model takes.
extension ImagePanel {
    /// The first images of a set, each above what the model makes of it.
    ///
    /// - Parameter count: fewer where the set has fewer.
    /// - Throws: `ModelError.unsupported` for a model without codes; `TrainingError.dataMismatch`.
    public static func reconstructions(
        of model: any GenerativeModel, images: ImageDataset, count: Int = 32, on device: any Device
    ) throws -> ImagePanel {
        try reconstructions(of: model, prepared: images.preparedForEvaluation(of: model), count: count, on: device)
    }

    static func reconstructions(
        of model: any GenerativeModel, prepared: ImageDataset, count: Int, on device: any Device
    ) throws -> ImagePanel {
        let model = try latent(model, to: "reconstruct images")
        let originals = try tensor(of: prepared, count: count)
        let context = try Context()
        let results = try Tensor.evaluate(
            [originals, model.decode(model.encode(originals, context), context)], on: device)
        let (before, after) = (try results[0].floats(on: device), try results[1].floats(on: device))
        let (size, columns) = (model.images.dimensions, 8)
        var values: [Float] = []
        for row in stride(from: 0, to: originals.shape[0], by: columns) {
            // A last row that is not full is filled up, so that each image stays above its reconstruction.
            let end = min(row + columns, originals.shape[0])
            let blank = [Float](repeating: 0, count: (row + columns - end) * size)
            for half in [before, after] { values += half[row * size..<end * size] + blank }
        }
        return ImagePanel(values: values, shape: model.images.shape, columns: columns)
    }

    /// Rows that lead from one random code to another along a great circle, so that every code on the way is as likely as
    /// its ends (White 2016, "Sampling generative networks", section 2.1).
    ///
    /// - Throws: `ModelError.unsupported` for a model whose codes are not standard normal; what the device throws.
    public static func interpolations(
        of model: any GenerativeModel, seed: UInt64 = 0, rows: Int = 8, columns: Int = 10, on device: any Device
    ) throws -> ImagePanel {
        guard let model = model as? any DecodingModel, model.hasNormalPrior else {
            throw ModelError.unsupported(
                model: type(of: model).name, what: "interpolate between random codes",
                instead: "its codes are not standard normal; interpolate between images")
        }
        let size = model.latentSize
        var random = try RandomSource(
            key: Tensor(RandomUse.sampling.key(seed: seed, 0), shape: [2]))
        let values = try random.normal([2 * rows, size]).floats(on: device).map(Double.init)
        var codes: [Float] = []
        for row in 0..<rows {
            let start = Array(values[2 * row * size..<(2 * row + 1) * size])
            let stop = Array(values[(2 * row + 1) * size..<(2 * row + 2) * size])
            for column in 0..<columns {
                let fraction = Double(column) / Double(max(columns - 1, 1))
                codes += sphericalInterpolation(start, stop, fraction).map { Float($0) }
            }
        }
        let context = try Context()
        context.labels = try (model as? any ClassConditionalModel)?.classes.map { classes in
            try Tensor((0..<rows * columns).map { Int32($0 / columns % classes) }, shape: [rows * columns])
        }
        let pictures = try model.decode(Tensor(codes, shape: [rows * columns, size]), context)
        return ImagePanel(values: try pictures.floats(on: device), shape: model.images.shape, columns: columns)
    }

    /// Rows that lead from one image of a set to another, along the straight line between their codes.
    ///
    /// - Throws: `ModelError.unsupported` for a model without codes; `TrainingError.dataMismatch`, also for fewer than
    ///   two images.
    public static func interpolations(
        of model: any GenerativeModel, images: ImageDataset, rows: Int = 8, columns: Int = 10, on device: any Device
    ) throws -> ImagePanel {
        let model = try latent(model, to: "interpolate between images")
        guard images.count >= 2 else {
            throw TrainingError.dataMismatch(name: images.name, expected: "at least 2 images", found: "\(images.count)")
        }
        let rows = min(rows, images.count / 2)
        let originals = try tensor(of: images.preparedForEvaluation(of: model), count: 2 * rows)
        let ends = try model.encode(originals, Context())
        let starts = try ends.sliced(0..<2 * rows, axis: 0, step: 2).reshaped([rows, 1, model.latentSize])
        let stops = try ends.sliced(1..<2 * rows, axis: 0, step: 2).reshaped([rows, 1, model.latentSize])
        let fractions = try Tensor.arange(columns).cast(to: .float32) * (1 / Float(max(columns - 1, 1)))
        let codes = try starts + (stops - starts) * fractions.reshaped([1, columns, 1])
        let pictures = try model.decode(codes.reshaped([rows * columns, model.latentSize]), Context())
        return ImagePanel(values: try pictures.floats(on: device), shape: model.images.shape, columns: columns)
    }

    /// The point at a fraction of the way from one vector to another, with angle and length changing evenly.
    package static func sphericalInterpolation(_ start: [Double], _ stop: [Double], _ fraction: Double) -> [Double] {
        func length(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let product = zip(start, stop).reduce(0) { $0 + $1.0 * $1.1 }
        let angle = acos(max(-1, min(1, product / max(length(start) * length(stop), .leastNormalMagnitude))))
        // Along a straight line where the angle is too small to divide by.
        let isStraight = sin(angle) < 1e-6
        let first = isStraight ? 1 - fraction : sin((1 - fraction) * angle) / sin(angle)
        let second = isStraight ? fraction : sin(fraction * angle) / sin(angle)
        return zip(start, stop).map { first * $0 + second * $1 }
    }

    static func latent(_ model: any GenerativeModel, to what: String) throws -> any LatentModel {
        guard let model = model as? any LatentModel else {
            throw ModelError.unsupported(
                model: type(of: model).name, what: what, instead: "it has no codes of images; sample it instead")
        }
        return model
    }

    /// The first images of a prepared set in 0...1, [N, height, width, channels].
    static func tensor(of set: ImageDataset, count: Int) throws -> Tensor {
        guard count >= 1, set.count >= 1 else {
            throw TrainingError.dataMismatch(name: set.name, expected: "at least 1 image", found: "none")
        }
        let batch = try set.batch(0..<min(count, set.count))
        return try Tensor(batch.pixels, shape: [batch.count, set.height, set.width, set.channels])
            .unitValues(levels: set.levels)
    }
}
