import Compute
import Layers
import Tensors

/// Draws all pixels from the present images, until the images do not change any more.
final class FixedPointSampler: BatchSampler {
    private let problem: PixelProblem
    private let device: any Device
    private let conditions: PixelConditions
    private let uniforms: Argument
    private let images: Variable
    /// Pixels that are given.
    private let given = Argument([1], dtype: .int32)
    private let function: CompiledFunction
    /// Evaluations of the network that the last batch took.
    private(set) var rounds = 0

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
        let isGiven = try Tensor.arange(problem.pixels).less(given.tensor)
            .reshaped([1, space.height, space.width, 1]).broadcast(to: shape)
        let next = try Tensor.select(isGiven, images.tensor, drawn)
        let changes = try next.notEqual(images.tensor).cast(to: .int32).maximum()
        function = try CompiledFunction(on: device, results: [changes], updates: [Update(images, to: next)])
    }

    func sample(_ batch: PixelBatch, progress: (Double) -> Void) throws -> [Float] {
        try uniforms.set(batch.uniforms, on: device)
        try images.write(batch.images)
        try given.set([Int32(batch.given)], on: device)
        try conditions.set(batch, on: device)
        rounds = 0
        // Round k settles at least the k-th value, so that one more round than there are values changes nothing.
        let most = problem.images.dimensions + 1
        var changes = true
        while changes && rounds < most {
            try function.run()
            changes = try function.integers()[0] != 0
            rounds += 1
            progress(Double(rounds) / Double(most))
        }
        guard !changes else {
            throw ModelError.unsupported(
                model: type(of: problem.model).name, what: "be sampled: its pixels depend on themselves",
                instead: "mask its convolutions")
        }
        return try images.read()
    }
}
