import ArgumentParser
import Tessera

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measure the model of a run on images: nats, bits per dimension, ELBO.")

    enum Split: String, ExpressibleByArgument, CaseIterable { case test, train }

    @OptionGroup var runArgument: RunArgument
    @OptionGroup var dataOptions: DataOptions

    @Option(help: "The part of the data.")
    var split = Split.test

    @Option(help: ArgumentHelp("Samples an image for the importance-weighted bound, 1 to 5000.", valueName: "k"))
    var importanceSamples: Int?

    @Option(help: ArgumentHelp("Write index and log-likelihood (or its bound) of each image.", valueName: "file.csv"))
    var perExample: String?

    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    func run() throws {
        if let importanceSamples, !(1...5000).contains(importanceSamples) {
            throw TrainingError.badSetting(
                name: "--importance-samples", expected: "1 to 5000", found: "\(importanceSamples)")
        }
        let device = try deviceOption.chosen(json: output.json)
        let run = try TrainedModel(run: runArgument.run, on: device)
        let splits = try run.data(dataOptions.data, directory: dataOptions.dataDir)
        let watch = Stopwatch()
        let figures = try Evaluator(run.model, on: device).evaluate(
            images: split == .test ? splits.test : splits.train, importanceSamples: importanceSamples)
        let seconds = watch.seconds
        if let perExample { try write(figures, to: perExample) }
        report(figures, seconds: seconds, device: device)
    }

    private func write(_ figures: Figures, to path: String) throws {
        let isLikelihood = figures.isExact || figures.importanceSamples != nil
        let column = figures.nats == nil ? "score" : isLikelihood ? "log_likelihood" : "bound"
        let lines = ["index,\(column)"] + figures.perExample.enumerated().map { "\($0.offset),\($0.element)" }
        try AtomicFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
    }

    private func report(_ figures: Figures, seconds: Double, device: any Device) {
        let rate = Double(figures.count) / max(seconds, 1e-9)
        guard output.json else {
            Output.line("\(figures.count) \(split.rawValue) images: \(Output.figures(figures.named))")
            let samples = figures.importanceSamples.map { ", by \($0) importance samples" } ?? ""
            Output.line("nats: \(figures.measure)\(samples); \(Output.number(rate)) images/s")
            return
        }
        var line = JSONLine(event: "done").adding(figures.named).adding("count", figures.count)
            .adding("split", split.rawValue).adding("measure", figures.measure)
        if let samples = figures.importanceSamples { line = line.adding("importance_samples", samples) }
        Output.line(
            line.adding("device", device.info.name).adding("seconds", seconds).adding("examples_per_second", rate)
                .adding("peak_memory_bytes", device.memory.peak))
    }
}
