import ArgumentParser
import Foundation

/// PyTorch, run as a process of its own between our rounds.
struct PeerOptions: ParsableArguments {
    @Option(help: "A Python with PyTorch, to run peers/torch_peers.py between our rounds.")
    var python: String?
    @Option(help: "Threads for PyTorch.")
    var threads = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "The workloads of PyTorch.")
    var peers = "peers/torch_peers.py"

    /// What a peer measured: `seconds` of one step, or of one batch of samples.
    struct Time: Decodable {
        let workload: String
        let variant: String
        let seconds: Double
    }

    /// One run of a workload.
    /// - Parameters:
    ///   - more: further arguments of the script.
    ///   - script: another one than that of whole models.
    /// - Returns: nothing without a Python.
    func times(_ workload: String, _ more: [String] = [], script: String? = nil) throws -> [Time] {
        guard let python else { return [] }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        let script = script ?? peers
        process.arguments = [script, "--device", "cpu", "--threads", "\(threads)", "--only", workload] + more
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let times = output.split(separator: UInt8(ascii: "\n")).compactMap {
            try? JSONDecoder().decode(Time.self, from: $0)
        }
        guard process.terminationStatus == 0, !times.isEmpty else {
            throw ValidationError("\(python) \(script) printed no time; is PyTorch installed there?")
        }
        return times
    }

    /// One run of a workload: its best variant, in seconds; nil without a Python.
    func best(_ workload: String, _ more: [String] = []) throws -> Double? {
        try times(workload, more).map(\.seconds).min()
    }

    var name: String { "PyTorch cpu x\(threads)" }
}
