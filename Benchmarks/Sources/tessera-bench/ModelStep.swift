import Tessera

/// A training step of a likelihood model: loss, gradients and Adam, one plan.
enum ModelStep {
    /// - Parameters:
    ///   - levels: values that a pixel of the made-up images has.
    ///   - runs: how often it is run before it is timed.
    static func compiled(
        _ model: any LossModel, batch: Int, levels: Int, on device: any Device, runs: Int
    ) throws -> CompiledFunction {
        let store = try ParameterStore(model, on: device)
        let shape = model.images.batchShape(batch)
        let (images, key) = (Argument(shape), Argument([2], dtype: .int32))
        let (rate, number) = (Argument([1]), Argument([1]))
        let context = Context(isTraining: true, random: try RandomSource(key: key.tensor))
        let loss = try model.loss(images.tensor, context).values.mean()
        let updates = try OptimizerState(Adam(), of: store.flat).updates(
            gradient: store.gradient(of: loss), learningRate: rate.tensor, step: number.tensor)
        let pixels = shape.reduce(1, *)
        try images.set((0..<pixels).map { Float($0 * 7919 % 1009 * levels / 1009) / Float(levels - 1) }, on: device)
        try key.set([Int32(1), 2], on: device)
        try rate.set([Float(1e-3)], on: device)
        try number.set([Float(1)], on: device)
        let step = try CompiledFunction(on: device, results: [loss], updates: updates)
        for _ in 0..<runs { try step.run() }
        try device.synchronize()
        return step
    }

    /// Seconds of one step: the mean of `runs` queued together.
    static func time(_ step: CompiledFunction, on device: any Device, runs: Int) throws -> Double {
        try seconds {
            for _ in 0..<runs { try step.run() }
            try device.synchronize()
        } / Double(runs)
    }
}
