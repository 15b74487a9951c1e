import Foundation
import Tessera

/// Tells of training as it goes on: lines of JSON, a progress bar on a terminal, or plain lines.
final class TrainingReporter {
    private enum Style { case json, bar, lines }
    private let style: Style
    private let run: String
    private var total = 0
    private var stepsPerEpoch = 1
    private(set) var launches = 0
    private(set) var picture: String?

    init(json: Bool, run: String) {
        style = json ? .json : isatty(STDOUT_FILENO) == 1 ? .bar : .lines
        self.run = run
    }

    func observe(_ event: TrainingEvent) {
        switch event {
        case .compiling(let device):
            Output.note("compiling kernels for \(device)")
        case .preparing(let what):
            Output.note(what)
        case .began(_, let total, let stepsPerEpoch, let launches):
            (self.total, self.stepsPerEpoch, self.launches) = (total, stepsPerEpoch, launches)
        case .warning(_, let text):
            if style == .bar { Output.note("") }
            Output.note("warning: \(text)")
        case .saved(_, let picture):
            self.picture = picture
        case .progress(let progress):
            if style == .bar { draw(progress) }
        case .epoch(let number, let progress):
            if style == .lines { Output.line("epoch \(number)/\(epochs): \(summary(progress))") }
        case .evaluated(let step, let figures):
            if style == .lines { Output.line("test at step \(step): \(Output.figures(figures.named))") }
        }
        if style == .json { Output.line(JSONLine(event)) }
    }

    func finish(_ result: TrainingResult, device: any Device) {
        if style == .json {
            Output.line(
                JSONLine(event: "done").adding(result.test?.named ?? result.training).adding("steps", result.steps)
                    .adding("device", device.info.name).adding("seconds", result.seconds)
                    .adding("examples_per_second", result.examplesPerSecond)
                    .adding("peak_memory_bytes", result.peakMemoryBytes).adding("launches_per_step", launches)
                    .adding("run", run).adding("picture", picture))
            return
        }
        if style == .bar { Output.line("") }
        if let test = result.test { Output.line("test: \(Output.figures(test.named)); \(test.measure)") }
        Output.line(
            "\(result.steps) steps in \(Output.duration(result.seconds)), "
                + "\(Output.number(result.examplesPerSecond)) images/s, peak memory \(bytesText(result.peakMemoryBytes))"
        )
        Output.line("run: \(run)")
        if let picture { Output.line("picture: \(picture)") }
    }

    /// Tells that a signal has ended training early.
    func finishEarly(_ result: TrainingResult, savedStep: Int?) {
        if style == .bar { Output.line("") }
        if style == .json {
            Output.line(
                JSONLine(event: "stopped").adding("step", result.steps).adding("total", total).adding("run", run))
        }
        let saved = savedStep.map { "the checkpoint of step \($0) is in \(run): go on with --resume" }
        Output.note("stopped at step \(result.steps) of \(total); \(saved ?? "nothing has been kept")")
    }

    private var epochs: Int { (total + stepsPerEpoch - 1) / stepsPerEpoch }

    private func summary(_ progress: TrainingProgress) -> String {
        "\(Output.figures(progress.figures)), \(Output.number(progress.examplesPerSecond)) images/s, "
            + "\(Output.duration(progress.secondsLeft)) left"
    }

    /// One line of under 80 columns, drawn over the last one.
    private func draw(_ progress: TrainingProgress) {
        let width = 20
        let filled = width * progress.step / max(progress.total, 1)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        let losses = progress.losses.map { Output.number($0.value) }.joined(separator: "/")
        let text =
            "[\(bar)] \(progress.step)/\(progress.total) loss \(losses) "
            + "\(Output.number(progress.examplesPerSecond)) images/s \(Output.duration(progress.secondsLeft)) left"
        Output.write("\r\u{1B}[K\(text)")
    }
}
