import Compute

/// Draws images pixel by pixel on a device, with the incremental network derived from a model's graph.
package final class RasterSampler {
    /// A model's network and how its pixels are drawn.
    package struct Specification {
        package var height: Int
        package var width: Int
        package var channels: Int
        /// Uniform numbers for each pixel.
        package var uniforms: Int
        /// Whether channels are drawn one after the other.
        package var channelByChannel: Bool
        /// The parameters of every pixel for a batch of images, [N, H, W, C] -> [N, H, W, P]; and the leaves that it uses
        /// and that hold something for each image.
        package var network: (_ images: Tensor) throws -> (parameters: Tensor, conditions: [Source])
        /// Parameters [N, P], uniform numbers [N, U] -> [N, C].
        package var draw: (_ parameters: Tensor, _ uniforms: Tensor) throws -> Tensor

        package init(
            height: Int, width: Int, channels: Int, uniforms: Int, channelByChannel: Bool,
            network: @escaping (_ images: Tensor) throws -> (parameters: Tensor, conditions: [Source]),
            draw: @escaping (_ parameters: Tensor, _ uniforms: Tensor) throws -> Tensor
        ) {
            self.height = height
            self.width = width
            self.channels = channels
            self.uniforms = uniforms
            self.channelByChannel = channelByChannel
            self.network = network
            self.draw = draw
        }
    }

    package let device: any Device
    private let specification: Specification
    /// Images of one instance, and instances.
    package let block: Int
    package let instances: Int
    private let steps: any PreparedSteps
    /// State, pixels, uniform numbers, what is given, scratch.
    private let own: [Buffer]
    private let sources: [Source]
    /// What is computed before each scan.
    private let prepared: [Tensor]

    /// - Parameters:
    ///   - block: images that are drawn together by one instance of the loop.
    ///   - isReplayed: whether the steps of each pixel are launched one by one, rather than the whole scan at once.
    /// - Throws: `IncrementalError` for a network that has no incremental form; what the device throws.
    package init(
        _ specification: Specification, block: Int, instances: Int, isReplayed: Bool, on device: any Device
    ) throws {
        self.device = device
        self.specification = specification
        self.block = block
        self.instances = instances
        func network(_ count: Int) throws -> IncrementalNetwork {
            let shape = [count, specification.height, specification.width, specification.channels]
            let image = Argument(shape)
            let (parameters, conditions) = try specification.network(image.tensor)
            return try IncrementalNetwork(
                of: parameters, image: image, batchSources: Set(conditions), uniforms: specification.uniforms,
                channelByChannel: specification.channelByChannel, draw: specification.draw)
        }
        // The scan is derived for one block, what is computed beforehand for all images.
        let network1 = try network(block)
        let whole = instances == 1 ? network1 : try network(block * instances)
        prepared = try whole.memory.prepared.map { try RasterSampler.arranged($0, block: block) }

        var layout = ScanLayout(network1, specification, block: block, instances: instances)
        let scan = try layout.step(isReplayed: isReplayed, device: device)
        var zero = Expression()
        let value = zero.append(.constant(.float(0)), type: .float32)
        let state = max(layout.stateStride * instances, 1)
        let fill = PointwiseStep(
            shape: [state], body: zero, operands: [],
            stores: [
                Store(value: value, destination: Operand(slot: 0, dtype: .float32), view: View(contiguous: [state]))
            ])
        steps = try device.prepare([.pointwise(fill), .rasterScan(scan)])
        sources = layout.sources
        let pixels = specification.height * specification.width
        let counts = [
            state, pixels * block * instances * specification.channels,
            pixels * block * instances * specification.uniforms, pixels, max(layout.scratchStride * instances, 1),
        ]
        own = try counts.map { try device.allocate(bytes: $0 * DType.float32.size) }
    }

    /// Images that are drawn together.
    package var count: Int { block * instances }

    /// Device launches of one batch.
    package var launches: Int { steps.launches }

    /// Draws a batch.
    /// - Parameters:
    ///   - uniforms: [count, H, W, U], each in [0, 1).
    ///   - images: [count, H, W, C] in 0...1; what of them is given is kept.
    ///   - given: pixels that are given, the first ones in raster order.
    /// - Returns: [count, H, W, C].
    package func run(uniforms: [Float], images: [Float], given: Int) throws -> [Float] {
        let (pixels, channels) = (specification.height * specification.width, specification.channels)
        try upload(arranged(uniforms, pixels, specification.uniforms), to: own[2])
        try upload(arranged(images, pixels, channels), to: own[1])
        try upload((0..<pixels).map { $0 < given ? 1 : 0 }, to: own[3])
        let values = prepared.isEmpty ? [] : try Executor.of(device).run(prepared)
        try device.run(steps, bindings: own + values + sources.map { try $0.buffer(on: device) })
        let drawn: [Float] = try device.read(own[1], count: count * pixels * channels)
        return restored(drawn, pixels, channels)
    }

    private func upload(_ values: [Float], to buffer: Buffer) throws {
        try values.withUnsafeBytes { try device.upload($0, to: buffer, offset: 0) }
    }

    /// [count, pixels, width] -> [instances, pixels, block, width].
    private func arranged(_ values: [Float], _ pixels: Int, _ width: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: values.count) { target, initialized in
            forEach(pixels, width) { target[$1] = values[$0] }
            initialized = values.count
        }
    }

    private func restored(_ values: [Float], _ pixels: Int, _ width: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: values.count) { target, initialized in
            forEach(pixels, width) { target[$0] = values[$1] }
            initialized = values.count
        }
    }

    /// The places of each value in [count, pixels, width] and in [instances, pixels, block, width].
    private func forEach(_ pixels: Int, _ width: Int, _ body: (Int, Int) -> Void) {
        for image in 0..<count {
            let (instance, place) = (image / block, image % block)
            for pixel in 0..<pixels {
                let from = (image * pixels + pixel) * width
                let to = ((instance * pixels + pixel) * block + place) * width
                for offset in 0..<width { body(from + offset, to + offset) }
            }
        }
    }

    /// A prepared value as the scan reads it: maps become [instances, height, width, block, …].
    private static func arranged(_ value: ScanMemory.Prepared, block: Int) throws -> Tensor {
        guard case .map = value.kind else { return value.tensor }
        let shape = value.tensor.shape
        let split = try value.tensor.reshaped([shape[0] / block, block] + shape.dropFirst())
        return try split.permuted([0, 2, 3, 1] + Array(4..<split.rank))
    }
}
