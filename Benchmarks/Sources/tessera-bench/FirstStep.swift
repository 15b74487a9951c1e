import ArgumentParser
import Foundation
import Tessera

/// How long a user waits for the first training step: a process that opens the device, makes the model, compiles and runs
/// one step. Cold is with empty caches of compiled programs, warm is the next process.
struct FirstStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "first-step", abstract: "From opening a device to the end of the first step, cold and warm.")

    enum Net: String, ExpressibleByArgument, CaseIterable {
        case vae, pixelcnn, dcgan
    }

    @OptionGroup var options: BenchOptions
    @Option(help: "Time one first step in this process, and print its seconds.")
    var once: Net?

    func run() throws {
        if let once { return print(try seconds { try Self.step(once, on: options.devices()) }) }
        for device in try options.devices() {
            for net in Net.allCases {
                var table = TimeTable(workload: "first step of \(net.rawValue)", examples: 1, operations: 0)
                table.contenders = ["cold", "warm"].map { .init(name: "\(device.info.name) \($0)") }
                for _ in 0..<options.rounds {
                    let caches = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
                    defer { try? FileManager.default.removeItem(at: caches) }
                    for index in table.contenders.indices {
                        let time = try Self.time(net, deviceName: device.info.name, caches: caches)
                        table.contenders[index].times.append(time)
                    }
                }
                try table.print(reference: nil, json: options.json)
            }
        }
    }

    private static func step(_ net: Net, on devices: [any Device]) throws {
        for device in devices {
            switch net {
            case .vae: _ = try VAEStep.step(on: device, runs: 1)
            case .pixelcnn: _ = try PixelCNNStep.step(.grey, on: device, runs: 1)
            case .dcgan: _ = try DCGANGame(batch: 16, on: device, runs: 1)
            }
        }
    }

    /// Seconds of a first step in a process of its own.
    private static func time(_ net: Net, deviceName: String, caches: URL) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["first-step", "--once", net.rawValue, "--device", deviceName]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["TESSERA_CACHE_DIR": caches.path + "/tessera", "POCL_CACHE_DIR": caches.path + "/pocl"]
        ) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard process.terminationStatus == 0, let time = Double(text) else {
            throw ValidationError("a first step on \(deviceName) ended with status \(process.terminationStatus)")
        }
        return time
    }
}
