import ArgumentParser
import Tessera

/// Sampling of the 256-way PixelCNN of `peers/torch_peers.py`.
struct Sampling: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Drawing images from a PixelCNN, interleaved with PyTorch's two samplers.")

    @OptionGroup var options: BenchOptions
    @OptionGroup var peer: PeerOptions
    @Option(help: "grey: 256-way softmax, 7 blocks of 64; mnist: black and white, 15 blocks of 16 (no peer).")
    var net = PixelNet.grey
    @Option(help: "Images drawn together, comma-separated.")
    var batches = "16,64"
    @Option(help: "Ways, comma-separated: single, replayed, naive.")
    var ways = "single,replayed"

    /// How our samplers launch their work.
    enum Way: String {
        /// The cached method, its pixel loop one launch.
        case single
        /// The cached method, its steps launched pixel by pixel.
        case replayed
        case naive
    }

    func run() throws {
        let ways = try ways.split(separator: ",").map { name in
            guard let way = Way(rawValue: String(name)) else {
                throw ValidationError("--ways takes single, replayed and naive; got \(name)")
            }
            return way
        }
        let sizes = try batches.split(separator: ",").map { text in
            guard let size = Int(text), size >= 1 else {
                throw ValidationError("--batches takes numbers of 1 and more; got \(text)")
            }
            return size
        }
        let devices = try options.devices()
        let peaks = try devices.map { try Sampling.product(on: $0) }
        for size in sizes { try measure(size, ways, Array(zip(devices, peaks))) }
    }

    private func measure(_ size: Int, _ ways: [Way], _ devices: [(device: any Device, peak: Double)]) throws {
        let model = try net.model()
        var ours: [(name: String, device: any Device, store: ParameterStore, sampler: AutoregressiveSampler)] = []
        for (device, _) in devices {
            let store = try ParameterStore(model, on: device)
            for way in ways {
                let sampler = AutoregressiveSampler(
                    model, method: way == .naive ? .naive : .cached, on: device, batchSize: size,
                    isReplayed: way == .replayed)
                ours.append(("\(device.info.name) \(way.rawValue)", device, store, sampler))
            }
        }
        // The first batch compiles.
        for entry in ours { _ = try entry.sampler.samples(SamplingRequest(count: size)) }
        var table = TimeTable(
            workload: "sample \(net.rawValue) b\(size)", examples: size,
            operations: 2 * size * PixelNet.pixels * net.multiplyAdds)
        table.peak = devices.map(\.peak).max()
        table.contenders = ours.map { .init(name: $0.name, launches: $0.sampler.launches) }
        let (naive, cached) = ("\(peer.name) naive", "\(peer.name) cached")
        var peers = [naive, cached].map { TimeTable.Contender(name: $0) }
        for round in 0..<options.rounds {
            for (index, entry) in ours.enumerated() {
                let request = SamplingRequest(count: size, seed: UInt64(round))
                table.contenders[index].times.append(try seconds { _ = try entry.sampler.samples(request) })
            }
            guard net == .grey else { continue }
            for time in try peer.times("sample", ["--quick", "--batches", "\(size)"]) {
                peers[time.variant.contains("naive") ? 0 : 1].times.append(time.seconds)
            }
        }
        table.contenders += peers
        try table.print(reference: cached, json: options.json)
    }

    /// What stands for the machine's peak: the best of many 1024 x 1024 x 1024 products, in floating-point operations a
    /// second.
    private static func product(on device: any Device) throws -> Double {
        let size = 1024
        let (a, b) = (Argument([size, size]), Argument([size, size]))
        for argument in [a, b] { try argument.set([Float](repeating: 0.5, count: size * size), on: device) }
        let function = try CompiledFunction(on: device, results: [a.tensor.matmul(b.tensor)])
        var least = Double.infinity
        for _ in 0..<20 {
            least = min(
                least,
                try seconds {
                    try function.run()
                    try device.synchronize()
                })
        }
        return 2 * Double(size * size * size) / least
    }
}
