import ArgumentParser
import Tessera
import TestSupport

/// Every case of the tests' registry, forward and gradients, as one plan.
struct Operations: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Each operation of the registry: microseconds of a run, forward with gradients.")

    @OptionGroup var options: BenchOptions
    @Option(help: "Only cases whose names contain this.")
    var only: String?

    func run() throws {
        let devices = try options.devices()
        print((["case"] + devices.map { "\"\($0.info.name)\"" }).joined(separator: ","))
        for operation in CaseRegistry.all where only.map({ operation.name.contains($0) }) ?? true {
            let assembled = try operation.assembled()
            var row = ["\"\(operation.name)\""]
            for device in devices {
                let function = try CompiledFunction(
                    on: device, results: assembled.outputs + assembled.gradients)
                try function.run()
                try device.synchronize()
                var times: [Double] = []
                for _ in 0..<options.rounds {
                    times.append(
                        try seconds {
                            try function.run()
                            try device.synchronize()
                        })
                }
                row.append("\((median(times) * 1e7).rounded() / 10)")
            }
            print(row.joined(separator: ","))
        }
    }
}
