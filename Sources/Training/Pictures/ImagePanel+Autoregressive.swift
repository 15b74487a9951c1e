import Compute
import Datasets
import Layers
import Models
import Tensors

// Pictures drawn by autoregressive models.
extension ImagePanel {
    /// New images by one of the samplers.
    ///
    /// - Parameter progress: called with the number of images done, in parts of images too.
    /// - Throws: `ModelError` for a request that does not fit the model; what the device throws.
    public static func samples(
        of model: any AutoregressiveModel, _ request: SamplingRequest, method: SamplingMethod = .cached,
        on device: any Device, progress: (Double) -> Void = { _ in }
    ) throws -> ImagePanel {
        let sampler = AutoregressiveSampler(model, method: method, on: device)
        // Classes in turn are columns.
        let classes = request.labels == nil ? (model as? any ClassConditionalModel)?.classes : nil
        return ImagePanel(
            values: try sampler.samples(request, progress: progress), shape: model.images.shape,
            columns: classes.flatMap { $0 <= 16 ? $0 : nil })
    }

    /// Images of a set completed from their first pixels. Each row shows what is given of an image (the rest is half
    /// bright), `samples` completions of it, and the image itself.
    ///
    /// - Parameters:
    ///   - images: first brought to what the model takes.
    ///   - givenPixels: pixels that are kept, the first ones in raster order.
    ///   - request: seed, temperature and labels; the rest of it is set here.
    /// - Throws: as above; `TrainingError.dataMismatch` for images of another shape.
    public static func completions(
        of model: any AutoregressiveModel, images: ImageDataset, givenPixels: Int, samples: Int,
        request: SamplingRequest = SamplingRequest(count: 0), method: SamplingMethod = .cached, on device: any Device,
        progress: (Double) -> Void = { _ in }
    ) throws -> ImagePanel {
        let prepared = try images.preparedForEvaluation(of: model)
        var request = request
        request.givenPixels = givenPixels
        let given = givenPixels * model.images.channels
        let size = model.images.dimensions
        return try rows(
            of: model, prepared, samples: samples, request: request, method: method, on: device, progress: progress
        ) { $0.prefix(given) + [Float](repeating: 0.5, count: size - given) }
    }

    /// Small versions of images made large again by a model of super-resolution. Each row shows a small version, `samples`
    /// enlargements of it, and the image that it was made of.
    ///
    /// - Throws: `ModelError.unsupported` for another model; otherwise as above.
    public static func enlargements(
        of model: any GenerativeModel, images: ImageDataset, samples: Int,
        request: SamplingRequest = SamplingRequest(count: 0), method: SamplingMethod = .cached, on device: any Device,
        progress: (Double) -> Void = { _ in }
    ) throws -> ImagePanel {
        guard let model = model as? any EnlargingModel, model.enlargement != nil else {
            throw ModelError.unsupported(
                model: type(of: model).name, what: "enlarge images",
                instead: "train gated-pixelcnn with the key enlarge")
        }
        return try enlargements(
            of: model, prepared: images.preparedForEvaluation(of: model), samples: samples, request: request,
            method: method, on: device, progress: progress)
    }

    static func enlargements(
        of model: any EnlargingModel, prepared: ImageDataset, samples: Int,
        request: SamplingRequest = SamplingRequest(count: 0), method: SamplingMethod = .cached, on device: any Device,
        progress: (Double) -> Void = { _ in }
    ) throws -> ImagePanel {
        try rows(
            of: model, prepared, samples: samples, request: request, method: method, on: device, progress: progress
        ) { original in
            let image = try Tensor(Array(original), shape: model.images.batchShape(1))
            return try model.repeatedSmallVersion(of: image).floats(on: device)
        }
    }

    /// For each image: what is `given` of it, what the model draws, and the image.
    private static func rows(
        of model: any AutoregressiveModel, _ prepared: ImageDataset, samples: Int, request: SamplingRequest,
        method: SamplingMethod, on device: any Device, progress: (Double) -> Void,
        given: (ArraySlice<Float>) throws -> [Float]
    ) throws -> ImagePanel {
        let size = model.images.dimensions
        let originals = prepared.pixels.map { Float($0) * prepared.unitScale }
        var request = request
        request.count = prepared.count * samples
        request.images = (0..<request.count).flatMap { originals[$0 / samples * size..<($0 / samples + 1) * size] }
        if request.labels == nil, (model as? any ClassConditionalModel)?.classes != nil, let labels = prepared.labels {
            request.labels = (0..<request.count).map { Int32(labels[$0 / samples]) }
        }
        let drawn = try AutoregressiveSampler(model, method: method, on: device).samples(request, progress: progress)
        var values: [Float] = []
        for image in 0..<prepared.count {
            let original = originals[image * size..<(image + 1) * size]
            values += try given(original)
            values += drawn[image * samples * size..<(image + 1) * samples * size]
            values += original
        }
        return ImagePanel(values: values, shape: model.images.shape, columns: samples + 2)
    }
}
