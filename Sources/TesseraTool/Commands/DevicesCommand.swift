import ArgumentParser
import Tessera

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the devices of this machine, best first.")

    @OptionGroup var output: JSONOption

    func run() throws {
        for (index, device) in DeviceSelection.all.enumerated() {
            let info = device.info
            if output.json {
                Output.line(
                    JSONLine(event: "device").adding("index", index).adding("kind", info.kind.rawValue)
                        .adding("name", info.name).adding("platform", info.platform).adding("vendor", info.vendor)
                        .adding("driver", info.driver).adding("compute_units", info.computeUnits)
                        .adding("memory_bytes", info.memory)
                        .adding("largest_allocation_bytes", info.largestAllocation)
                        .adding("tensor_cores", info.tensorCores))
            } else {
                Output.line(
                    "\(index)  \(info.kind.rawValue)  \(info.name)  (\(info.platform), \(info.computeUnits) compute "
                        + "units, \(bytesText(info.memory))\(info.tensorCores ? ", tensor cores: tf32, bf16" : ""))")
            }
        }
        for problem in DeviceSelection.problems {
            if output.json {
                Output.line(JSONLine(event: "problem").adding("message", problem.description))
            } else {
                Output.note("note: \(problem)")
            }
        }
        if output.json { Output.line(JSONLine(event: "done").adding("devices", DeviceSelection.all.count)) }
    }
}
