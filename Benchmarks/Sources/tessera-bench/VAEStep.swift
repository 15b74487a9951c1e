import ArgumentParser
import Foundation
import Tessera

/// The VAE step of `peers/torch_peers.py`: 784-400-(20,20)-400-784, ReLU, Bernoulli decoder on grey pixels, batch 128,
/// Adam 1e-3.
struct VAEStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vae", abstract: "The training step of a VAE, interleaved with PyTorch's.")

    @OptionGroup var options: BenchOptions
    @Option(help: "A Python with PyTorch, to run peers/torch_peers.py between our rounds.")
    var python: String?
    @Option(help: "Threads for PyTorch.")
    var threads = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "The workloads of PyTorch.")
    var peers = "peers/torch_peers.py"
    @Flag(help: "Print the plan and the time of each of its steps.")
    var profile = false

    static let batch = 128

    func run() throws {
        let steps = try options.devices().map { (device: $0, step: try Self.step(on: $0)) }
        if profile {
            for (device, step) in steps { print("\(device.info.name)\n\(try step.profile())") }
        }
        var ours = [[Double]](repeating: [], count: steps.count)
        var torch: [Double] = []
        for _ in 0..<options.rounds {
            for (index, entry) in steps.enumerated() {
                ours[index].append(try Self.time(entry.step, on: entry.device))
            }
            if let python { torch.append(try peer(python)) }
        }
        let reference = median(torch)
        print("device,median_us,min_us,max_us,launches,ratio_to_torch")
        for (index, entry) in steps.enumerated() {
            row(entry.device.info.name, ours[index], launches: "\(entry.step.launches)", reference: reference)
        }
        if python != nil { row("PyTorch cpu x\(threads)", torch, launches: "", reference: reference) }
    }

    private func row(_ name: String, _ times: [Double], launches: String, reference: Double) {
        let figures = [median(times), times.min() ?? .nan, times.max() ?? .nan].map { String(format: "%.1f", $0 * 1e6) }
        let ratio = reference.isNaN ? "" : String(format: "%.2f", reference / median(times))
        print("\"\(name)\",\(figures.joined(separator: ",")),\(launches),\(ratio)")
    }

    static func step(on device: any Device) throws -> CompiledFunction {
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
        for _ in 0..<20 { try step.run() }
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

    /// One run of PyTorch's workload: the best of its variants, in seconds a step.
    private func peer(_ python: String) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [peers, "--device", "cpu", "--threads", "\(threads)", "--only", "vae"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let times = output.split(separator: UInt8(ascii: "\n")).compactMap { line -> Double? in
            let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
            return object?["seconds"] as? Double
        }
        guard process.terminationStatus == 0, let best = times.min() else {
            throw ValidationError("\(python) \(peers) printed no time; is PyTorch installed there?")
        }
        return best
    }
}
