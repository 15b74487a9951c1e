import ArgumentParser
import Tessera

extension SequenceModel.Cell: ExpressibleByArgument {}

struct SequenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sequence",
        abstract: "Train a recurrent network on a series of numbers, and draw ways in which it may go on.")

    @ArgumentParser.Argument(
        help: ArgumentHelp("A file of numbers, or a generated series: cycle, fork.", valueName: "series"))
    var source: String

    @Option(help: "The column of the file, 1 for the first.")
    var column = 1

    @Option(help: "The recurrent layer: lstm or gru.")
    var cell = SequenceModel.Configuration().cell

    @Option(help: "Numbers that a recurrent layer puts out.")
    var hidden = SequenceModel.Configuration().hidden

    @Option(help: "Recurrent layers.")
    var layers = SequenceModel.Configuration().layers

    @Option(help: "Normal distributions in the mixture that tells the next number.")
    var components = SequenceModel.Configuration().components

    @Option(help: "Steps of training.")
    var steps = SequenceConfiguration().steps

    @Option(help: "Windows in a step.")
    var batchSize = SequenceConfiguration().batchSize

    @Option(help: "Numbers in a window.")
    var window = SequenceConfiguration().window

    @Option(help: "Step size at first; it falls along a cosine to zero.")
    var learningRate = SequenceConfiguration().learningRate

    @Option(help: "Decides the first parameters and all chance.")
    var seed: UInt64 = 0

    @Option(help: "Ways to go on that are drawn.")
    var paths = 4

    @Option(help: "Numbers of each.")
    var length = 100

    @Option(help: ArgumentHelp("The ways drawn, a column each.", valueName: "file.csv"))
    var simulation: String?

    @Option(help: ArgumentHelp("A picture of the end of the series and of the ways drawn.", valueName: "file.png"))
    var plot: String?

    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    func run() throws {
        let series = try GeneratedSeries(rawValue: source)?.series() ?? Series(contentsOf: source, column: column)
        var settings = SequenceModel.Configuration()
        (settings.cell, settings.hidden, settings.layers, settings.components) = (cell, hidden, layers, components)
        var configuration = SequenceConfiguration()
        (configuration.steps, configuration.batchSize, configuration.window) = (steps, batchSize, window)
        (configuration.learningRate, configuration.seed) = (learningRate, seed)
        for (name, value) in [("--paths", paths), ("--length", length)] where !(1...100_000).contains(value) {
            throw TrainingError.badSetting(name: name, expected: "1 to 100000", found: "\(value)")
        }
        try configuration.check()
        let model = try SequenceModel(settings)
        let device = try deviceOption.chosen(json: output.json)
        let trainer = try SequenceTrainer(model, series: series, configuration: configuration, on: device)
        let watch = Stopwatch()
        var nats = Double.nan
        try trainer.train {
            nats = $0.testNats
            report($0, seconds: watch.seconds)
        }
        let seconds = watch.seconds
        if simulation != nil || plot != nil {
            let drawn = try trainer.simulations(paths: paths, length: length, seed: seed)
            if let simulation { try write(drawn, to: simulation) }
            if let plot { try draw(drawn, after: series, to: plot) }
        }
        finish(nats, series, seconds: seconds, device: device)
    }

    private func report(_ progress: SequenceProgress, seconds: Double) {
        if output.json {
            Output.line(
                JSONLine(event: "step").adding("step", progress.step).adding("total", progress.total)
                    .adding("nats", progress.trainNats).adding("test_nats", progress.testNats)
                    .adding("seconds", seconds))
        } else {
            Output.line(
                "step \(progress.step)/\(progress.total): nats a number \(Output.number(progress.trainNats)), "
                    + "test \(Output.number(progress.testNats))")
        }
    }

    private func finish(_ nats: Double, _ series: Series, seconds: Double, device: any Device) {
        guard output.json else {
            let least = series.leastNats.map { ", the least possible \(Output.number($0))" } ?? ""
            Output.line(
                "\(cell.rawValue) on \(series.name), seed \(seed): \(Output.number(nats)) nats a number of the last "
                    + "\(series.test.count) (a normal distribution: \(Output.number(series.independentNats))\(least)); "
                    + "\(steps) steps in \(Output.number(seconds)) s")
            if let simulation { Output.line("ways to go on: \(simulation)") }
            if let plot { Output.line("picture: \(plot)") }
            return
        }
        Output.line(
            JSONLine(event: "done").adding("series", series.name).adding("cell", cell.rawValue)
                .adding("test_nats", nats).adding("independent_nats", series.independentNats)
                .adding("least_nats", series.leastNats ?? .nan).adding("test_count", series.test.count)
                .adding("steps", steps).adding("device", device.info.name).adding("seconds", seconds)
                .adding("simulation", simulation).adding("picture", plot))
    }

    /// A line for each moment, a column for each way.
    private func write(_ paths: [[Double]], to file: String) throws {
        let heading = paths.indices.map { "path\($0 + 1)" }.joined(separator: ",")
        let lines = (0..<length).map { time in paths.map { "\($0[time])" }.joined(separator: ",") }
        try AtomicFile.write(Array(([heading] + lines).map { $0 + "\n" }.joined().utf8), to: file)
    }

    private func draw(_ paths: [[Double]], after series: Series, to file: String) throws {
        let known = series.values.suffix(length)
        func points(_ values: some Sequence<Double>, from start: Int) -> [(Double, Double)] {
            values.enumerated().map { (Double(start + $0.offset), $0.element) }
        }
        // The ways drawn begin where the series ends.
        let ways = paths.prefix(Self.drawnPaths).enumerated().map {
            PlotSeries(name: "way \($0.offset + 1)", points: points(known.suffix(1) + $0.element, from: 0))
        }
        try LinePlot(
            title: "\(series.name): \(cell.rawValue), seed \(seed)", xLabel: "step", yLabel: "value",
            series: [PlotSeries(name: "series", points: points(known, from: 1 - known.count))] + ways
        ).write(to: file)
    }

    /// Ways in the picture, one for each colour.
    private static let drawnPaths = 6
}
