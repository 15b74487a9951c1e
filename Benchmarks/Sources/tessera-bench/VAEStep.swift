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
                (
                    entry.device.info.name, entry.step.launches,
                    { try ModelStep.time(entry.step, on: entry.device, runs: 50) }
                )
            } + [(peer.name, nil, { try peer.best("vae") })])
        try table.print(reference: peer.name, json: options.json)
    }

    /// - Parameter runs: how often it is run before it is timed.
    static func step(on device: any Device, runs: Int = 20) throws -> CompiledFunction {
        var configuration = VAE.Configuration()
        configuration.binarize = .none
        let model = try VAE(images: ImageSpace(height: 28, width: 28, channels: 1), configuration: configuration)
        return try ModelStep.compiled(model, batch: batch, levels: 256, on: device, runs: runs)
    }
}
