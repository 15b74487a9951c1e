import Compute
import Layers
import Tensors

/// Runs the network of one position, derived from the model's graph, at each pixel.
final class CachedSampler: BatchSampler {
    private let problem: PixelProblem
    private let device: any Device
    /// The leaves that hold the labels: of one block of images, and of the whole batch.
    private let labels: [Argument]
    private let sampler: RasterSampler

    /// - Parameter isReplayed: whether the steps of each pixel are launched one by one.
    init(_ problem: PixelProblem, block: Int, instances: Int, isReplayed: Bool, on device: any Device) throws {
        self.problem = problem
        self.device = device
        var labels: [Argument] = []
        let specification = RasterSampler.Specification(
            height: problem.images.height, width: problem.images.width, channels: problem.images.channels,
            uniforms: problem.model.head.uniforms, channelByChannel: problem.channelByChannel,
            network: { images in
                let own = problem.labels(images.shape[0])
                if let own { labels.append(own) }
                return (try problem.parameters(images, labels: own), own.map { [$0] } ?? [])
            }, draw: problem.draw)
        sampler = try RasterSampler(
            specification, block: block, instances: instances, isReplayed: isReplayed, on: device)
        self.labels = labels
    }

    var launches: Int { sampler.launches }

    func sample(_ batch: PixelBatch, progress: (Double) -> Void) throws -> [Float] {
        if let labels = labels.last, let values = batch.labels { try labels.set(values, on: device) }
        return try sampler.run(uniforms: batch.uniforms, images: batch.images, given: batch.given)
    }
}
