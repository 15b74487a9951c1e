import ArgumentParser
import Tessera

/// The PixelCNN nets of `peers/torch_peers.py`, 28 x 28 pixels of one channel.
enum PixelNet: String, ExpressibleByArgument, CaseIterable {
    /// 256-way softmax, 7 blocks of 64 features.
    case grey
    /// Black and white, 15 blocks of 16 features: the model's own settings.
    case mnist

    var levels: Int { self == .grey ? 256 : 2 }
    var hidden: Int { self == .grey ? 64 : 16 }
    var blocks: Int { self == .grey ? 7 : 15 }
    /// Images in a training step.
    var batch: Int { self == .grey ? 16 : 32 }
    /// The name of its training step there.
    var workload: String { self == .grey ? "pixelcnn" : "pixelcnn-mnist" }

    static let pixels = 28 * 28

    func model() throws -> PixelCNN { try model(side: 28, hidden: hidden) }

    /// The same net for other images, and of another width.
    func model(side: Int, hidden: Int) throws -> PixelCNN {
        var configuration = PixelCNN.Configuration()
        configuration.hidden = hidden
        configuration.blocks = blocks
        configuration.binarize = .none
        return try PixelCNN(
            images: ImageSpace(height: side, width: side, channels: 1, levels: levels), configuration: configuration)
    }

    /// Multiply-adds of one position, forward.
    var multiplyAdds: Int { multiplyAdds(hidden: hidden) }

    func multiplyAdds(hidden: Int) -> Int {
        let block = 2 * hidden * hidden + 5 * hidden * hidden + 2 * hidden * hidden
        let outputs = levels == 2 ? 1 : levels
        return 24 * 2 * hidden + blocks * block + 2 * hidden * (2 * hidden + outputs)
    }
}

struct PixelCNNStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pixelcnn", abstract: "The training step of a PixelCNN, interleaved with PyTorch's.")

    @OptionGroup var options: BenchOptions
    @OptionGroup var peer: PeerOptions
    @Option(help: "grey: 256-way softmax, batch 16; mnist: black and white, batch 32.")
    var net = PixelNet.grey
    @Flag(help: "Print the plan and the time of each of its steps.")
    var profile = false

    func run() throws {
        let steps = try options.devices().map { (device: $0, step: try Self.step(net, on: $0)) }
        if profile {
            for (device, step) in steps { print("\(device.info.name)\n\(try step.profile())") }
        }
        // Forward once, backward twice.
        var table = TimeTable(
            workload: net.workload, examples: net.batch,
            operations: 6 * net.batch * PixelNet.pixels * net.multiplyAdds)
        try table.time(
            rounds: options.rounds,
            steps.map { entry in
                (
                    entry.device.info.name, entry.step.launches,
                    { try ModelStep.time(entry.step, on: entry.device, runs: 10) }
                )
            } + [(peer.name, nil, { try peer.best(net.workload, ["--quick"]) })])
        try table.print(reference: peer.name, json: options.json)
    }

    /// - Parameter runs: how often it is run before it is timed.
    static func step(_ net: PixelNet, on device: any Device, runs: Int = 3) throws -> CompiledFunction {
        try ModelStep.compiled(net.model(), batch: net.batch, levels: net.levels, on: device, runs: runs)
    }
}
