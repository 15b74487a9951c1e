import ArgumentParser
import Foundation
import Tessera

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tessera-bench",
        abstract: "Times Tessera on its devices, beside PyTorch where a Python with it is named.",
        subcommands: [
            VAEStep.self, PixelCNNStep.self, PixelRNNStep.self, DCGANStep.self, Sampling.self, KernelTable.self,
            FirstStep.self, Operations.self, Scaling.self, Soak.self,
        ],
        defaultSubcommand: VAEStep.self)
}

/// Options that every benchmark takes.
struct BenchOptions: ParsableArguments {
    @Option(help: "Devices, as for tessera --device, comma-separated; all by default.")
    var device: String?
    @Option(help: "Timed rounds; the median is reported.")
    var rounds = 7
    @Flag(help: "One JSON object a line instead of comma-separated values.")
    var json = false

    func devices() throws -> [any Device] {
        guard let device else { return DeviceSelection.all }
        return try device.split(separator: ",").map { try DeviceSelection.choose(String($0)) }
    }
}

/// Seconds that a body takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let time = try clock.measure(body)
    return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
