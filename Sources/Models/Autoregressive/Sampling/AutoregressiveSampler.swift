import Compute
import Layers
import Tensors

/// Draws images from an autoregressive model whose parameters are on a device.
///
/// Parameters may change between calls: a training run can keep one sampler for its pictures.
public final class AutoregressiveSampler {
    public let method: SamplingMethod
    public let device: any Device
    /// Images that are drawn together at the most. A device without memory for so many gets fewer.
    public private(set) var batchSize: Int
    private let problem: PixelProblem
    private let isReplayed: Bool
    private var sampler: (size: Int, sampler: any BatchSampler)?

    /// - Parameters:
    ///   - batchSize: nil chooses by the device.
    ///   - isReplayed: for the cached method, whether each pixel's steps are launched one by one instead of the whole loop
    ///     at once. The images are the same.
    public init(
        _ model: any AutoregressiveModel, method: SamplingMethod = .cached, on device: any Device,
        batchSize: Int? = nil, isReplayed: Bool = false
    ) {
        self.method = method
        self.device = device
        self.batchSize = max(1, batchSize ?? (device.info.kind == .gpu ? 1024 : 64))
        self.isReplayed = isReplayed
        problem = PixelProblem(model: model)
    }

    /// Device launches for a batch of the cached method's last size; nil for the other methods.
    public var launches: Int? { (sampler?.sampler as? CachedSampler)?.launches }

    /// Evaluations of the network that the last batch of the fixed-point method took; nil for the other methods.
    public var rounds: Int? { (sampler?.sampler as? FixedPointSampler)?.rounds }

    /// Draws images: [count, height, width, channels] in 0...1.
    /// - Parameter progress: called with the number of images done, in parts of images too.
    /// - Throws: `ModelError.badOption` for a request that does not fit the model; `IncrementalError` where the cached
    ///   method cannot be derived; what the device throws.
    public func samples(_ request: SamplingRequest, progress: (Double) -> Void = { _ in }) throws -> [Float] {
        var request = request
        if let classes = problem.classes, request.labels == nil {
            request.labels = (0..<max(request.count, 0)).map { Int32($0 % classes) }
        }
        try check(request)
        try problem.temperature.set([Float(request.temperature)], on: device)
        var values: [Float] = []
        var start = 0
        while start < request.count {
            let count = min(batchSize, request.count - start)
            do {
                let sampler = try prepared(count)
                let batch = batch(request, start: start, count: count, size: sampler.size)
                let drawn = try sampler.sampler.sample(batch) { progress(Double(start) + $0 * Double(count)) }
                values += drawn.prefix(count * problem.images.dimensions)
                start += count
                progress(Double(start))
            } catch let error as DeviceError where error.isOfMemory && batchSize > 1 {
                sampler = nil
                batchSize /= 2
            }
        }
        return values
    }

    private func check(_ request: SamplingRequest) throws {
        func require(_ holds: Bool, _ key: String, _ expected: String, _ found: String) throws {
            if !holds { throw ModelError.badOption(key: key, expected: expected, found: found) }
        }
        try require(request.count >= 1, "count", "at least 1", "\(request.count)")
        try require(
            request.temperature > 0 && request.temperature.isFinite, "temperature", "above 0", "\(request.temperature)")
        if let labels = request.labels {
            let classes = Int32(problem.classes ?? 0)
            try require(classes > 0, "class", "none, for a model without classes", "\(labels.first ?? 0)")
            try require(labels.count == request.count, "labels", "\(request.count) labels", "\(labels.count)")
            let bad = labels.first { !(0..<classes).contains($0) }
            try require(bad == nil, "class", "0 to \(classes - 1)", "\(bad ?? 0)")
        }
        let numbers = request.count * problem.images.dimensions
        try require(
            (request.images?.count ?? numbers) == numbers, "images", "\(numbers) numbers",
            "\(request.images?.count ?? 0)")
        try require(
            (0...problem.pixels).contains(request.givenPixels)
                && (request.givenPixels == 0 || request.images != nil), "given pixels",
            "0 to \(problem.pixels), with images", "\(request.givenPixels)")
        try require(
            !problem.isEnlarging || request.images != nil, "images", "images, whose small versions are enlarged", "none"
        )
    }

    /// The sampler for batches of at least `count` images; one that is larger by less than a block is used again.
    private func prepared(_ count: Int) throws -> (size: Int, sampler: any BatchSampler) {
        // A rest is drawn with the sampler of the whole batches.
        if let sampler, sampler.size >= count, sampler.size <= max(batchSize, 2 * count) { return sampler }
        let made: (size: Int, sampler: any BatchSampler)
        switch method {
        case .naive: made = (count, try NaiveSampler(problem, count: count, on: device))
        case .fixedPoint: made = (count, try FixedPointSampler(problem, count: count, on: device))
        case .cached: made = try cached(count)
        }
        sampler = made
        return made
    }

    private func cached(_ count: Int) throws -> (size: Int, sampler: any BatchSampler) {
        if let model = problem.model as? any RowRecurrentModel {
            return (count, try RowSampler(model, problem, count: count, on: device))
        }
        let instances = instances(for: count)
        let block = (count + instances - 1) / instances
        return (
            block * instances,
            try CachedSampler(problem, block: block, instances: instances, isReplayed: isReplayed, on: device)
        )
    }

    /// How many independent loops draw a batch: one for each compute unit, on a GPU with a few images each.
    private func instances(for count: Int) -> Int {
        if isReplayed || device.info.kind == .cpu { return 1 }
        let units = max(device.info.computeUnits, 1)
        return device.info.kind == .gpu ? max(1, (count + 7) / 8) : min(units, max(1, count / 4))
    }

    /// Part of a request, filled up to the sampler's size with repetitions of its last image.
    private func batch(_ request: SamplingRequest, start: Int, count: Int, size: Int) -> PixelBatch {
        let (dimensions, channels) = (problem.images.dimensions, problem.images.channels)
        let numbers = problem.pixels * problem.model.head.uniforms
        var images = [Float](repeating: 0, count: size * dimensions)
        var originals: [Float]?
        if let given = request.images {
            let whole = (0..<size).flatMap { image in
                let first = (start + min(image, count - 1)) * dimensions
                return given[first..<first + dimensions]
            }
            for image in 0..<size {
                let kept = image * dimensions..<image * dimensions + request.givenPixels * channels
                images.replaceSubrange(kept, with: whole[kept])
            }
            originals = whole
        }
        let labels = request.labels.map { labels in (0..<size).map { labels[start + min($0, count - 1)] } }
        return PixelBatch(
            uniforms: UniformNumbers.numbers(seed: request.seed, first: start * numbers, count: size * numbers),
            images: images, given: request.givenPixels, labels: labels, originals: originals)
    }
}

extension DeviceError {
    /// Whether fewer images at a time might do.
    fileprivate var isOfMemory: Bool {
        switch self {
        case .outOfMemory, .allocationTooLarge: true
        default: false
        }
    }
}
