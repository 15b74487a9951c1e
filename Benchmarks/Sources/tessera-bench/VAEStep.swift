import ArgumentParser
import Tessera

/// The VAE step of `peers/torch_peers.py`: 784-400-(20,20)-400-784, ReLU, Bernoulli decoder on grey pixels, batch 128,
/// Adam 1e-3.
struct VAEStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vae", abstract: "The training step of a VAE, interleaved with PyTorch's.")

    @OptionGroup var options: BenchOptions
    @OptionGroup var peer: PeerOptions
    @Flag(help: "Print the plan and the time of each of its steps.")
    var profile = false

    static let batch = 128

    func run() throws {
        let steps = try options.devices().map { (device: $0, step: try Self.step(on: $0)) }
        if profile {
            for (device, step) in steps { print("\(device.info.name)\n\(try step.profile())") }
        }
        // The encoder 784-400-(20,20) and the decoder 20-400-784, forward once and backward twice.
        let multiplyAdds = 784 * 400 + 400 * 40 + 20 * 400 + 400 * 784
        var table = TimeTable(workload: "vae", examples: Self.batch, operations: 6 * Self.batch * multiplyAdds)
        try table.time(
            rounds: options.rounds,
            steps.map { entry in
                (entry.device.info.name, entry.step.launches, { try Self.time(entry.step, on: entry.device) })
            } + [(peer.name, nil, { try peer.best("vae") })])
        try table.print(reference: peer.name, json: options.json)
    }

    /// - Parameter runs: how often it is run before it is timed.
    static func step(on device: any Device, runs: Int = 20) throws -> CompiledFunction {
        var configuration = VAE.Configuration()
        configuration.binarize = .none
        let model = try VAE(images: ImageSpace(height: 28, width: 28, channels: 1), configuration: configuration)
        let store = try ParameterStore(model, on: device)
        let (images, key) = (Argument([batch, 28, 28, 1]), Argument([2], dtype: .int32))
        let (rate, number) = (Argument([1]), Argument([1]))
        let context = Context(isTraining: true, random: try RandomSource(key: key.tensor))
        let loss = try model.loss(images.tensor, context).values.mean()
        let updates = try OptimizerState(Adam(), of: store.flat).updates(
            gradient: store.gradient(of: loss), learningRate: rate.tensor, step: number.tensor)
        try images.set((0..<(batch * 784)).map { Float($0 * 7919 % 1000) / 1000 }, on: device)
        try key.set([Int32(1), 2], on: device)
        try rate.set([Float(1e-3)], on: device)
        try number.set([Float(1)], on: device)
        let step = try CompiledFunction(on: device, results: [loss], updates: updates)
        for _ in 0..<runs { try step.run() }
        try device.synchronize()
        return step
    }

    private static func time(_ step: CompiledFunction, on device: any Device) throws -> Double {
        let runs = 50
        return try seconds {
            for _ in 0..<runs { try step.run() }
            try device.synchronize()
        } / Double(runs)
    }
}
