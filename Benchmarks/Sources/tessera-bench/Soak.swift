import ArgumentParser
import Foundation
import Tessera

/// Many models one after the other in one process: does its memory stay flat?
struct Soak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Trains, evaluates and samples small models on every device in turn, and watches the memory.",
        discussion: """
            Ends with status 1 if the process's resident memory in the last quarter of the time is more than 5 % above \
            that in the second quarter (medians), or if a device keeps more memory in use from round to round.
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "How long.")
    var minutes = 30.0
    @Option(help: "Models, comma-separated, as tessera train --help lists them.")
    var models = "vae,gated-pixelcnn,row-lstm,dcgan"

    /// Settings that make a model small.
    private static let settings: [String: [String: String]] = [
        "vae": ["hidden": "64", "latent": "4"],
        "pixelcnn": ["hidden": "8", "blocks": "2", "kernel": "3"],
        "gated-pixelcnn": ["hidden": "8", "layers": "2", "kernel": "3"],
        "row-lstm": ["hidden": "4", "layers": "1", "kernel": "3", "levels": "2"],
        "diagonal-bilstm": ["hidden": "4", "layers": "1", "kernel": "3", "levels": "2"],
        "dcgan": ["channels": "8", "latent": "8"],
    ]

    private struct Measurement {
        let seconds: Double
        let resident: Int
        /// Of each device.
        let inUse: [Int]
    }

    func run() throws {
        let devices = try options.devices()
        let names = models.split(separator: ",").map(String.init)
        let digits = try DatasetCatalog.load("digits")
        let clock = ContinuousClock()
        let begin = clock.now
        var measurements: [Measurement] = []
        print("minutes,rounds,resident_mib,\(devices.map { "\"in_use_mib \($0.info.name)\"" }.joined(separator: ","))")
        while true {
            for device in devices {
                for name in names { try Self.round(name, digits, on: device, seed: UInt64(measurements.count)) }
            }
            let passed = begin.duration(to: clock.now).components
            let measurement = Measurement(
                seconds: Double(passed.seconds), resident: try Self.resident(), inUse: devices.map { $0.memory.inUse })
            measurements.append(measurement)
            print(row(measurement, round: measurements.count))
            if measurement.seconds >= minutes * 60 { break }
        }
        try judge(measurements)
    }

    private static func round(_ name: String, _ data: DatasetSplits, on device: any Device, seed: UInt64) throws {
        let model = try ModelCatalog.entry(name).model(
            for: ImageSpace(data.train), settings: settings[name] ?? [:])
        var configuration = TrainingConfiguration(.steps(60), batchSize: 50, seed: seed)
        configuration.reportSteps = 20
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let trainer = try Trainer(model, data: data, configuration: configuration, on: device)
        let result = try trainer.train()
        guard result.steps == 60 else { throw ValidationError("\(name) ended after \(result.steps) steps") }
        let panel = try ImagePanel.samples(of: model, count: 64, seed: seed, on: device)
        guard panel.values.allSatisfy(\.isFinite) else { throw ValidationError("samples of \(name) are not finite") }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try panel.write(to: folder.appendingPathComponent("samples.png").path)
    }

    /// Bytes of the process that are in memory.
    private static func resident() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func row(_ measurement: Measurement, round: Int) -> String {
        func mebibytes(_ bytes: Int) -> String { String(format: "%.1f", Double(bytes) / 1_048_576) }
        return String(format: "%.1f", measurement.seconds / 60) + ",\(round),\(mebibytes(measurement.resident)),"
            + measurement.inUse.map(mebibytes).joined(separator: ",")
    }

    private func judge(_ measurements: [Measurement]) throws {
        guard measurements.count >= 8, let last = measurements.last else {
            throw ValidationError("\(measurements.count) rounds are too few to judge by; take more --minutes")
        }
        let quarter = measurements.count / 4
        let (early, late) = (measurements[quarter..<2 * quarter], measurements.suffix(quarter))
        let (before, after) = (median(early.map { Double($0.resident) }), median(late.map { Double($0.resident) }))
        let growth = after / before - 1
        print(String(format: "resident memory, last quarter against the second: %+.1f %%", growth * 100))
        let grown = zip(measurements[quarter].inUse, last.inUse).contains { $1 > $0 }
        guard growth <= 0.05, !grown else {
            print("memory grows")
            throw ExitCode.failure
        }
        print("memory is flat: \(measurements.count) rounds of \(models) without an error")
    }
}
