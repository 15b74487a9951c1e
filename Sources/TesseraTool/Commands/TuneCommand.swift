import ArgumentParser
import ComputeOpenCL
import Foundation
import Tessera

struct TuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Find the fastest kernels for the products and convolutions of the built-in models on a device.",
        discussion: """
            Results do not change, only times: a candidate whose result is not the default's, bit for bit, is dropped. \
            Winners are kept beside the compiled kernels and used from then on. Let nothing else run meanwhile. \
            TESSERA_TUNING=off leaves out what was found, and the tables that come with the library.
            """)

    @Flag(help: "A few models and fewer repetitions.")
    var quick = false

    @Option(help: "Only steps whose name contains this.")
    var only: String?

    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    func run() throws {
        guard let device = try deviceOption.chosen(json: output.json) as? OpenCLDevice else {
            throw DeviceError.unavailable(
                what: "tessera tune", reason: "the device is not an OpenCL one, and has no kernels to choose among")
        }
        let isShown = !output.json && isatty(STDERR_FILENO) == 1
        func show(_ text: String) {
            if isShown { FileHandle.standardError.write(Data("\r\(text)\u{1B}[K".utf8)) }
        }
        var steps = try ModelSteps(isQuick: quick).collect(for: device.info) { show("planning \($0.model)") }
        if let only { steps = steps.filter { $0.key.contains(only) } }
        let tuner = StepTuner(on: device, rounds: quick ? 5 : 9)
        var results: [TuningResult] = []
        for (number, step) in steps.enumerated() {
            show("\(number + 1) of \(steps.count): \(step.key)")
            guard let result = try tuner.tune(step) else { continue }
            results.append(result)
            show("")
            tell(result)
        }
        show("")
        let winners = Dictionary(results.map { ($0.key, $0.winner) }) { $1 }
        let path = winners.isEmpty ? nil : try device.keep(winners: winners)
        tell(results, steps: steps.count, path: path ?? "")
    }

    private func tell(_ result: TuningResult) {
        guard !output.json else {
            Output.line(
                JSONLine(event: "tuned").adding("step", result.key).adding("default", result.rule)
                    .adding("winner", result.winner).adding("default_us", result.ruleSeconds * 1e6)
                    .adding("winner_us", result.winnerSeconds * 1e6).adding("gain", result.gain)
                    .adding("gflops", Double(result.flops) / result.winnerSeconds * 1e-9)
                    .adding("candidates", result.candidates).adding("wrong", result.wrong.joined(separator: "; ")))
            return
        }
        let rate = Output.number(Double(result.flops) / result.winnerSeconds * 1e-9)
        let times = "\(Output.number(result.ruleSeconds * 1e6)) us"
        if result.winner == result.rule {
            Output.line("\(result.key)\n    \(result.rule) stays: \(times), \(rate) GFLOP/s")
        } else {
            Output.line(
                "\(result.key)\n    \(result.rule): \(times)\n    \(result.winner): "
                    + "\(Output.number(result.winnerSeconds * 1e6)) us, \(rate) GFLOP/s, "
                    + "gain \(Output.number(result.gain))")
        }
        for variant in result.wrong { Output.line("    WRONG, not used: \(variant)") }
    }

    private func tell(_ results: [TuningResult], steps: Int, path: String) {
        let improved = results.filter { $0.winner != $0.rule }
        let wrong = results.reduce(0) { $0 + $1.wrong.count }
        let (before, after) = results.reduce((0.0, 0.0)) { ($0.0 + $1.ruleSeconds, $0.1 + $1.winnerSeconds) }
        guard !output.json else {
            Output.line(
                JSONLine(event: "done").adding("steps", steps).adding("improved", improved.count)
                    .adding("wrong", wrong).adding("gain", before / max(after, 1e-9)).adding("table", path))
            return
        }
        Output.line(
            "\(improved.count) of \(steps) steps are faster, all together "
                + "\(Output.number(before / max(after, 1e-9))) times" + (path.isEmpty ? "" : "; kept in \(path)"))
        if wrong > 0 { Output.line("\(wrong) candidates gave wrong results; tessera doctor checks the device") }
    }
}
