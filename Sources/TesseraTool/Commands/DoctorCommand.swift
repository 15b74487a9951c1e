import ArgumentParser
import ComputeOpenCL
import Conformance
import Foundation
import Tessera

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check every operation on a device against a reference, and measure how fast it is.",
        discussion: """
            The report is made to be pasted where a problem is told. The exit status is 1 if an operation gives wrong \
            numbers. Derivatives are checked after the outputs, for as long as there is time; on PoCL, which compiles one \
            kernel at a time, processes side by side share the operations. Where another variant of an \
            OpenCL kernel gives right numbers, the wrong one is put on a list of the device and not used again. On a device \
            with tensor cores the products and convolutions are checked with each --precision, too.
            """)

    @Option(help: "Seconds for the checks, and for those of each precision; what was not reached by then is said.")
    var seconds = 110.0

    @Option(help: "Only operations whose name in the registry contains this.")
    var only: String?

    /// Checks one part of so many, and prints each comparison as a line of JSON: "0/2" is the first half. `SharedCheck` reads
    /// them.
    @Option(help: .hidden)
    var part: String?

    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard seconds > 0, seconds.isFinite else { throw ValidationError("--seconds has to be above 0.") }
        if let only, chosen(CaseRegistry.all).isEmpty {
            throw ValidationError("No operation's name contains \"\(only)\".")
        }
    }

    private func chosen(_ cases: [OperationCase]) -> [OperationCase] {
        only.map { text in cases.filter { $0.name.contains(text) } } ?? cases
    }

    func run() throws {
        let device = try DeviceSelection.choose(deviceOption.device)
        if let part { return try check(part: part, on: device) }
        let known = (device as? OpenCLDevice)?.listedVariants.variants ?? []
        tell(device.info, listed: known.sorted())
        let speed = try DeviceSpeed(device)
        tell(speed)
        var isSound = true
        if device.info.tensorCores {
            for precision in Precision.allCases where precision != .full {
                isSound = try checkTensorCores(device.with(precision: precision)) && isSound
            }
        }
        var check = ParityCheck(chosen(CaseRegistry.all))
        let fatal = try checkRegistry(&check, on: device)
        tell(check.failures, .full)
        let failed = Set(check.failures.map(\.name)).subtracting(fatal)
        if !failed.isEmpty, let device = device as? OpenCLDevice {
            try blame(check.cases.filter { failed.contains($0.name) }, on: device)
        }
        tell(check, device)
        if !check.failures.isEmpty || !isSound { throw ExitCode.failure }
    }

    /// Checks the registry: on PoCL by several processes.
    /// - Returns: the cases that ended a process.
    private func checkRegistry(_ check: inout ParityCheck, on device: any Device) throws -> Set<String> {
        guard device.info.isPoCL else {
            run(&check, on: device)
            return []
        }
        var arguments = ["doctor", "--seconds", "\(seconds)"]
        for (option, value) in [("--device", deviceOption.device), ("--only", only)] {
            if let value { arguments += [option, value] }
        }
        let shared = SharedCheck(arguments: arguments, processes: min(ProcessInfo.processInfo.activeProcessorCount, 8))
        defer { show("") }
        return try shared.run(&check) { show("\($0) of \($1)") }
    }

    private func run(_ check: inout ParityCheck, on device: any Device) {
        check.run(on: device, limit: seconds) { show("\($0) of \($1)") }
        show("")
    }

    /// Shows how far the check is, in place of what was shown before, where a person watches.
    private func show(_ text: String) {
        guard !output.json, isatty(STDERR_FILENO) == 1 else { return }
        FileHandle.standardError.write(Data("\r\(text)\u{1B}[K".utf8))
    }

    /// What a process of a `SharedCheck` does.
    private func check(part: String, on device: any Device) throws {
        let numbers = part.split(separator: "/").compactMap { Int($0) }
        guard numbers.count == 2, numbers[1] > 0 else { throw ValidationError("--part has to be like 0/2.") }
        let parts = ParityCheck(chosen(CaseRegistry.all)).parts(numbers[1])
        guard parts.indices.contains(numbers[0]) else { return }
        try ParityCheck.compare(parts[numbers[0]], on: device, limit: seconds) { comparison in
            Output.line(String(decoding: try JSONEncoder().encode(comparison), as: UTF8.self))
        }
    }

    /// Checks products and convolutions with the device's precision, and measures a product.
    /// - Returns: whether all is right.
    private func checkTensorCores(_ device: any Device) throws -> Bool {
        let precision = device.precision
        let problem = device.tensorCoreProblem(at: precision)
        let speed = try DeviceSpeed.productRate(device)
        var check = ParityCheck(chosen(CaseRegistry.products(at: precision)))
        run(&check, on: device)
        let wrong = Set(check.failures.map(\.name)).count
        if output.json {
            Output.line(
                JSONLine(event: "precision").adding("precision", precision.rawValue).adding("problem", problem)
                    .adding("product_gflops", speed).adding("cases", check.cases.count)
                    .adding("outputs_checked", check.outputs).adding("derivatives_checked", check.derivatives)
                    .adding("failed", wrong).adding("seconds", check.seconds))
        } else {
            Output.line(
                "precision \(precision): product of \(DeviceSpeed.productSize)x\(DeviceSpeed.productSize): "
                    + "\(Output.number(speed)) GFLOP/s; \(wrong) of \(check.outputs) cases are wrong")
            if let problem { Output.line("WRONG: the tensor cores are not used: \(problem)") }
        }
        tell(check.failures, precision)
        return wrong == 0 && problem == nil
    }

    private func tell(_ failures: [ParityCheck.Failure], _ precision: Precision) {
        let note = precision == .full ? "" : " (precision \(precision))"
        for failure in failures {
            if output.json {
                Output.line(
                    JSONLine(event: "failure").adding("case", failure.name + note).adding("problem", failure.problem))
            } else {
                Output.line("WRONG: \(failure.name)\(note): \(failure.problem)")
            }
        }
    }

    /// Finds the kernels behind failed cases, lists them, and tells of them.
    private func blame(_ failed: [OperationCase], on device: OpenCLDevice) throws {
        var search = VariantSearch(on: device)
        try search.run(failed, limit: seconds)
        if !search.findings.isEmpty { try device.list(failing: search.variants) }
        let path = device.listedVariants.path ?? ""
        for finding in search.findings {
            if output.json {
                Output.line(
                    JSONLine(event: "listed").adding("variant", finding.variant).adding("case", finding.caseName)
                        .adding("list", path))
            } else {
                Output.line("LISTED: \(finding.variant) spoils \(finding.caseName) and is not used again (\(path))")
            }
        }
        for name in search.unexplained {
            if output.json {
                Output.line(JSONLine(event: "unexplained").adding("case", name))
            } else {
                Output.line("no other variant of a kernel was found that makes \(name) right; try another driver")
            }
        }
    }

    private func tell(_ info: DeviceInfo, listed: [String]) {
        guard !output.json else {
            Output.line(
                JSONLine(event: "device").adding("version", libraryVersion).adding("kind", info.kind.rawValue)
                    .adding("name", info.name).adding("platform", info.platform).adding("vendor", info.vendor)
                    .adding("driver", info.driver).adding("compute_units", info.computeUnits)
                    .adding("memory_bytes", info.memory).adding("largest_allocation_bytes", info.largestAllocation)
                    .adding("tensor_cores", info.tensorCores)
                    .adding("system", ProcessInfo.processInfo.operatingSystemVersionString)
                    .adding("listed_variants", listed.joined(separator: "; ")))
            return
        }
        Output.line(
            """
            tessera \(libraryVersion) on \(ProcessInfo.processInfo.operatingSystemVersionString)
            device: \(info.name) (\(info.kind.rawValue), \(info.vendor))
            platform: \(info.platform); driver \(info.driver)
            \(info.computeUnits) compute units, \(bytesText(info.memory)), \(bytesText(info.largestAllocation)) at most \
            in one allocation\(info.tensorCores ? "; tensor cores: tf32, bf16" : "")
            """)
        if !listed.isEmpty { Output.line("not used, since they gave wrong numbers: \(listed.joined(separator: "; "))") }
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
