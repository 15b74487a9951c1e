import ArgumentParser
import Conformance
import Foundation
import Tessera

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check every operation on a device against a reference, and measure how fast it is.",
        discussion: """
            The report is made to be pasted where a problem is told. The exit status is 1 if an operation gives wrong \
            numbers. Derivatives are checked after all outputs, for as long as there is time.
            """)

    @Option(help: "Seconds for the checks; what was not reached by then is said.")
    var seconds = 100.0

    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard seconds > 0, seconds.isFinite else { throw ValidationError("--seconds has to be above 0.") }
    }

    func run() throws {
        let device = try DeviceSelection.choose(deviceOption.device)
        tell(device.info)
        let speed = try DeviceSpeed(device)
        tell(speed)
        var check = ParityCheck()
        let isShown = !output.json && isatty(STDERR_FILENO) == 1
        check.run(on: device, limit: seconds) { done, total in
            if isShown { FileHandle.standardError.write(Data("\r\(done) of \(total)\u{1B}[K".utf8)) }
        }
        if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        tell(check, device)
        if !check.failures.isEmpty { throw ExitCode.failure }
    }

    private func tell(_ info: DeviceInfo) {
        guard !output.json else {
            Output.line(
                JSONLine(event: "device").adding("version", libraryVersion).adding("kind", info.kind.rawValue)
                    .adding("name", info.name).adding("platform", info.platform).adding("vendor", info.vendor)
                    .adding("driver", info.driver).adding("compute_units", info.computeUnits)
                    .adding("memory_bytes", info.memory).adding("largest_allocation_bytes", info.largestAllocation)
                    .adding("system", ProcessInfo.processInfo.operatingSystemVersionString))
            return
        }
        Output.line(
            """
            tessera \(libraryVersion) on \(ProcessInfo.processInfo.operatingSystemVersionString)
            device: \(info.name) (\(info.kind.rawValue), \(info.vendor))
            platform: \(info.platform); driver \(info.driver)
            \(info.computeUnits) compute units, \(bytesText(info.memory)), \(bytesText(info.largestAllocation)) at most \
            in one allocation
            """)
    }

    private func tell(_ speed: DeviceSpeed) {
        guard !output.json else {
            Output.line(
                JSONLine(event: "speed").adding("copy_gb_per_second", speed.copy)
                    .adding("product_gflops", speed.product).adding("arithmetic_gflops", speed.arithmetic)
                    .adding("product_share", speed.productShare))
            return
        }
        let size = DeviceSpeed.productSize
        Output.line(
            """
            copy: \(Output.number(speed.copy)) GB/s
            product of \(size)x\(size): \(Output.number(speed.product)) GFLOP/s, \
            \(Int((speed.productShare * 100).rounded()))% of the best measured here \
            (arithmetic: \(Output.number(speed.arithmetic)) GFLOP/s)
            """)
    }

    private func tell(_ check: ParityCheck, _ device: any Device) {
        let wrong = Set(check.failures.map(\.name)).count
        for failure in check.failures {
            if output.json {
                Output.line(JSONLine(event: "failure").adding("case", failure.name).adding("problem", failure.problem))
            } else {
                Output.line("WRONG: \(failure.name): \(failure.problem)")
            }
        }
        guard !output.json else {
            Output.line(
                JSONLine(event: "done").adding("cases", check.cases.count).adding("outputs_checked", check.outputs)
                    .adding("derivatives_checked", check.derivatives)
                    .adding("derivatives", check.differentiable.count).adding("failed", wrong)
                    .adding("complete", check.isComplete).adding("seconds", check.seconds)
                    .adding("device", device.info.name).adding("peak_memory_bytes", device.memory.peak))
            return
        }
        Output.line(
            "checked in \(Output.number(check.seconds)) s: the outputs of \(check.outputs) of \(check.cases.count) cases, "
                + "derivatives of \(check.derivatives) of \(check.differentiable.count)")
        if !check.isComplete { Output.line("the time was up; --seconds gives more") }
        Output.line(wrong == 0 ? "all agree with the reference" : "\(wrong) cases are wrong")
    }
}
