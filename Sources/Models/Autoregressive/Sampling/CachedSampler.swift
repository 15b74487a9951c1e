import Compute
import Layers
import Tensors

/// Runs the network of one position, derived from the model's graph, at each pixel.
final class CachedSampler: BatchSampler {
    private let problem: PixelProblem
    private let device: any Device
    /// Of the whole batch.
    private let conditions: PixelConditions?
    private let sampler: RasterSampler

    /// - Parameter isReplayed: whether the steps of each pixel are launched one by one.
    init(_ problem: PixelProblem, block: Int, instances: Int, isReplayed: Bool, on device: any Device) throws {
        self.problem = problem
        self.device = device
        // The network is asked for twice: for a block of images, then for the whole batch.
        var conditions: PixelConditions?
        let specification = RasterSampler.Specification(
            height: problem.images.height, width: problem.images.width, channels: problem.images.channels,
            uniforms: problem.model.head.uniforms, channelByChannel: problem.channelByChannel,
            network: { images in
                let own = problem.conditions(images.shape[0])
                conditions = own
                return (try problem.parameters(images, own), own.sources)
            }, draw: problem.draw)
        sampler = try RasterSampler(
            specification, block: block, instances: instances, isReplayed: isReplayed, on: device)
        self.conditions = conditions
    }

    var launches: Int { sampler.launches }

    func sample(_ batch: PixelBatch, progress: (Double) -> Void) throws -> [Float] {
        try conditions?.set(batch, on: device)
        return try sampler.run(uniforms: batch.uniforms, images: batch.images, given: batch.given)
    }
}
