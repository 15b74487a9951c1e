import Compute
import Layers
import Tensors

/// Draws row by row: runs the network of one row, on the state that the rows above have left, for each pixel of it (for
/// each channel of it, where those are drawn one after the other), and then hands the state on.
final class RowSampler: BatchSampler {
    private let problem: PixelProblem
    private let device: any Device
    private let conditions: PixelConditions
    /// Of one row, as are the two that follow: [N, 1, W, U].
    private let uniforms: Argument
    /// [N, 1, W, C]
    private let row: Variable
    /// The number of the value to be drawn, pixel by pixel and channel by channel.
    private let place = Argument([1], dtype: .int32)
    private let state: [Variable]
    private let pixel: CompiledFunction
    private let handing: CompiledFunction

    init(_ model: any RowRecurrentModel, _ problem: PixelProblem, count: Int, on device: any Device) throws {
        self.problem = problem
        self.device = device
        let space = problem.images
        let shape = [count, 1, space.width, space.channels]
        let conditions = problem.conditions(count)
        self.conditions = conditions
        uniforms = Argument([count, 1, space.width, model.head.uniforms])
        let row = try Variable(
            [Float](repeating: 0, count: shape.reduce(1, *)), shape: shape, name: "a row of the images", on: device)
        self.row = row
        func network(above state: [Tensor]?) throws -> (parameters: Tensor, state: [Tensor]) {
            try model.rowParameters(row.tensor, above: state, conditions.context())
        }
        let state = try network(above: nil).state.map {
            try Variable(
                [Float](repeating: 0, count: $0.count), shape: $0.shape, name: "the state of a row", on: device)
        }
        self.state = state
        let result = try network(above: state.map(\.tensor))
        let drawn = try problem.drawn(from: result.parameters, uniforms: uniforms.tensor)
        let width = problem.channelByChannel ? 1 : space.channels
        let numbers = try Tensor.arange(space.width * space.channels).reshaped([1, 1, space.width, space.channels])
        let isPlace = try (numbers / Tensor(Int32(width))).equal(place.tensor)
        pixel = try CompiledFunction(
            on: device, results: [],
            updates: [Update(row, to: Tensor.select(isPlace.broadcast(to: shape), drawn, row.tensor))])
        handing = try CompiledFunction(
            on: device, results: [], updates: zip(state, result.state).map { try Update($0, to: $1) })
    }

    func sample(_ batch: PixelBatch, progress: (Double) -> Void) throws -> [Float] {
        try conditions.set(batch, on: device)
        for part in state { try part.write([Float](repeating: 0, count: part.shape.reduce(1, *))) }
        let (height, width) = (problem.images.height, problem.images.width)
        let noise = ImageRows(height: height, width: width * problem.model.head.uniforms)
        let pixels = ImageRows(height: height, width: width * problem.images.channels)
        var images = batch.images
        for number in 0..<height {
            try row.write(pixels.row(number, of: images))
            try uniforms.set(noise.row(number, of: batch.uniforms), on: device)
            let given = min(max(batch.given - number * width, 0), width)
            for place in given * problem.passes..<width * problem.passes {
                try self.place.set([Int32(place)], on: device)
                try pixel.run()
            }
            pixels.replace(number, of: &images, with: try row.read())
            try handing.run()
            progress(Double(number + 1) / Double(height))
        }
        return images
    }
}

/// Rows of images [N, height, width] in memory.
private struct ImageRows {
    let height: Int
    let width: Int

    /// Row `number` of every image: [N, width].
    func row(_ number: Int, of images: [Float]) -> [Float] {
        stride(from: number * width, to: images.count, by: height * width).flatMap { images[$0..<$0 + width] }
    }

    func replace(_ number: Int, of images: inout [Float], with values: [Float]) {
        for (image, start) in stride(from: number * width, to: images.count, by: height * width).enumerated() {
            images.replaceSubrange(start..<start + width, with: values[image * width..<(image + 1) * width])
        }
    }
}
