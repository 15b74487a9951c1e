import ArgumentParser
import Foundation
import Tessera

/// The PixelRNN nets of `peers/pixelrnn.py`: 28 x 28 black-and-white pixels, 7 layers of 16 features, batch 16.
enum RecurrentNet: String, ExpressibleByArgument, CaseIterable {
    case rowLSTM = "row-lstm"
    case diagonalBiLSTM = "diagonal-bilstm"

    static let batch = 16
    static let pixels = 28 * 28

    func model() throws -> any LossModel {
        var configuration = PixelRNNConfiguration()
        configuration.binarize = .none
        let images = try ImageSpace(height: 28, width: 28, channels: 1, levels: 2)
        switch self {
        case .rowLSTM: return try RowLSTMModel(images: images, configuration: configuration)
        case .diagonalBiLSTM: return try DiagonalBiLSTMModel(images: images, configuration: configuration)
        }
    }

    /// Multiply-adds of one position, forward; of the diagonals those inside the image are counted.
    var multiplyAdds: Int {
        let settings = PixelRNNConfiguration()
        let (hidden, gates) = (settings.hidden, 4 * settings.hidden)
        let recurrence =
            self == .rowLSTM
            ? 2 * (2 * hidden) * gates + 3 * hidden * gates : 2 * ((2 * hidden) * gates + 2 * hidden * gates)
        return 24 * 2 * hidden + settings.layers * (recurrence + hidden * 2 * hidden) + 2 * hidden * (2 * hidden + 1)
    }
}

struct PixelRNNStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pixelrnn", abstract: "The training step of a PixelRNN, interleaved with PyTorch's.")

    @OptionGroup var options: BenchOptions
    @OptionGroup var peer: PeerOptions
    @Option(help: "row-lstm or diagonal-bilstm.")
    var net = RecurrentNet.diagonalBiLSTM
    @Flag(help: "Print the plan and the time of each of its steps.")
    var profile = false

    func run() throws {
        let steps = try options.devices().map { (device: $0, step: try step(on: $0)) }
        if profile {
            for (device, step) in steps { print("\(device.info.name)\n\(try step.profile())") }
        }
        // This peer has a script of its own, beside the other one.
        var peer = peer
        peer.peers =
            URL(fileURLWithPath: peer.peers).deletingLastPathComponent().appendingPathComponent("pixelrnn.py")
            .path
        // Forward once, backward twice.
        var table = TimeTable(
            workload: net.rawValue, examples: RecurrentNet.batch,
            operations: 6 * RecurrentNet.batch * RecurrentNet.pixels * net.multiplyAdds)
        try table.time(
            rounds: options.rounds,
            steps.map { entry in
                (
                    entry.device.info.name, entry.step.launches,
                    { try ModelStep.time(entry.step, on: entry.device, runs: 3) }
                )
            } + [(peer.name, nil, { try peer.best(net.rawValue, ["--quick"]) })])
        try table.print(reference: peer.name, json: options.json)
    }

    private func step(on device: any Device) throws -> CompiledFunction {
        try ModelStep.compiled(net.model(), batch: RecurrentNet.batch, levels: 2, on: device, runs: 2)
    }
}
