import ArgumentParser
import MachinePeak
import Tessera

struct KernelTable: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Products, convolutions, cross-entropy and a pointwise chain, beside OpenBLAS, CLBlast and PyTorch.",
        discussion: """
            Ratios are to the fastest peer; the share of the peak is of fused multiply-adds in registers, measured in the \
            same rounds.
            """)

    @OptionGroup var options: BenchOptions
    @OptionGroup var peer: PeerOptions
    @Option(help: "Only workloads whose names contain this.")
    var only: String?
    @Option(help: "PyTorch's single kernels.")
    var script = "peers/torch_kernels.py"

    func run() throws {
        let devices = try options.devices()
        let blas = OpenBLASPeer()
        let clblast = devices.compactMap { $0.info.kind != .cpu ? CLBlastProducts(deviceName: $0.info.name) : nil }
        for workload in KernelWorkload.all where only.map({ workload.name.contains($0) }) ?? true {
            let ours = try devices.map { (device: $0, function: try workload.function(on: $0)) }
            var table = TimeTable(workload: workload.name, examples: 1, operations: workload.operations)
            table.contenders = ours.map { .init(name: $0.device.info.name, launches: $0.function.launches) }
            var peers: [TimeTable.Contender] = []
            func add(_ name: String, _ time: Double) {
                if !peers.contains(where: { $0.name == name }) { peers.append(.init(name: name)) }
                for index in peers.indices where peers[index].name == name { peers[index].times.append(time) }
            }
            var (peaks, copies): ([Double], [Double]) = ([], [])
            for _ in 0..<options.rounds {
                for (index, entry) in ours.enumerated() {
                    table.contenders[index].times.append(
                        try timed(entry.function.run, finish: entry.device.synchronize))
                }
                if let blas, let time = blas.seconds(workload) { add(blas.name, time) }
                for peer in clblast {
                    if let time = peer.seconds(workload) { add(peer.name, time) }
                }
                for time in try peer.times(workload.name, script: script) {
                    add("\(peer.name): \(time.variant)", time.seconds)
                }
                peaks.append(machine_peak_flops(Int32(peer.threads), 0.1))
                copies.append(machine_copy_rate(Int32(peer.threads), 0.1))
            }
            if workload.operations == 0 {
                // Bound by memory: the share is of the rate of a copy.
                table.bytes = workload.bytes
                peers.append(.init(name: "memcpy x\(peer.threads)", times: copies.map { Double(workload.bytes) / $0 }))
            } else {
                table.peak = median(peaks)
            }
            table.contenders += peers
            let fastest = peers.filter { !$0.name.hasPrefix("memcpy") }.min { median($0.times) < median($1.times) }
            try table.print(reference: fastest?.name, json: options.json)
        }
    }
}
