import Compute
import Layers
import Tensors

/// Runs the whole network for each pixel (for each channel of it, where those are drawn one after the other) and keeps
/// that one value.
final class NaiveSampler: BatchSampler {
    private let problem: PixelProblem
    private let device: any Device
    private let conditions: PixelConditions
    private let uniforms: Argument
    private let images: Variable
    /// The number of the value to be drawn, pixel by pixel and channel by channel.
    private let place = Argument([1], dtype: .int32)
    private let function: CompiledFunction

    init(_ problem: PixelProblem, count: Int, on device: any Device) throws {
        self.problem = problem
        self.device = device
        let space = problem.images
        let shape = space.batchShape(count)
        conditions = problem.conditions(count)
        uniforms = Argument([count, space.height, space.width, problem.model.head.uniforms])
        images = try Variable(
            [Float](repeating: 0, count: count * space.dimensions), shape: shape, name: "the images", on: device)
        let drawn = try problem.drawnAll(images.tensor, conditions, uniforms: uniforms.tensor)
        let width = problem.channelByChannel ? 1 : space.channels
        let numbers = try Tensor.arange(space.dimensions).reshaped([1, space.height, space.width, space.channels])
        let isPlace = try (numbers / Tensor(Int32(width))).equal(place.tensor)
        function = try CompiledFunction(
            on: device, results: [],
            updates: [Update(images, to: Tensor.select(isPlace.broadcast(to: shape), drawn, images.tensor))])
    }

    func sample(_ batch: PixelBatch, progress: (Double) -> Void) throws -> [Float] {
        try uniforms.set(batch.uniforms, on: device)
        try images.write(batch.images)
        try conditions.set(batch, on: device)
        let places = problem.pixels * problem.passes
        for place in batch.given * problem.passes..<places {
            try self.place.set([Int32(place)], on: device)
            try function.run()
            // Now and then, so that the queue stays short and progress is true.
            if place % problem.images.width == 0 {
                try device.synchronize()
                progress(Double(place) / Double(places))
            }
        }
        return try images.read()
    }
}
