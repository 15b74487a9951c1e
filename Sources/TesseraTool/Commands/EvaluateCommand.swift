import ArgumentParser
import Tessera

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure the model of a run: nats, bits per dimension, ELBO; FID and KID of generated images.")

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
    @OptionGroup var precisionOption: PrecisionOption
    @OptionGroup var output: JSONOption

    func run() throws {
        if let importanceSamples, !(1...5000).contains(importanceSamples) {
            throw TrainingError.badSetting(
                name: "--importance-samples", expected: "1 to 5000", found: "\(importanceSamples)")
        }
        let device = try deviceOption.chosen(json: output.json).with(precision: precisionOption.precision)
        let run = try runArgument.trained(on: device)
        let splits = try run.data(dataOptions.data, directory: dataOptions.dataDir)
        let watch = Stopwatch()
        let figures = try figures(run.model, splits, on: device)
        let seconds = watch.seconds
        if let perExample { try write(figures, to: perExample) }
        report(figures, seconds: seconds, device: device)
    }

    private func figures(
        _ model: any GenerativeModel, _ splits: DatasetSplits, on device: any Device
    ) throws -> Figures {
        if let model = model as? any LossModel {
            return try Evaluator(model, on: device).evaluate(
                images: split == .test ? splits.test : splits.train, importanceSamples: importanceSamples)
        }
        guard let model = model as? any AdversarialModel, importanceSamples == nil, perExample == nil, split == .test
        else {
            throw ModelError.unsupported(
                model: type(of: model).name, what: "be evaluated by example, by importance samples or on --split train",
                instead: "its figures are of generated images against both parts of the data")
        }
        let evaluator = try SampleEvaluator(for: model, data: splits, on: device) {
            Output.note("training the classifier whose features measure images")
        }
        return try evaluator.evaluate(model)
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
            let what = figures.loss == nil ? "generated" : split.rawValue
            Output.line("\(figures.count) \(what) images: \(Output.figures(figures.named))")
            let samples = figures.importanceSamples.map { ", by \($0) importance samples" } ?? ""
            let measured = figures.loss == nil ? "fid and kid" : "nats"
            Output.line("\(measured): \(figures.measure)\(samples); \(Output.number(rate)) images/s")
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
