import ArgumentParser
import Tessera

extension PointGANVariant: ExpressibleByArgument {}

/// The mixtures to play for.
enum PointModes: String, CaseIterable, ExpressibleByArgument {
    case grid, ring
    case wideGrid = "wide-grid"

    var mixture: GaussianMixture {
        switch self {
        case .grid: .grid
        case .ring: .ring
        case .wideGrid: .wideGrid
        }
    }
}

struct PointsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "points",
        abstract:
            "Train an adversarial network on points of a mixture of Gaussians, and count the modes that it covers.")

    @ArgumentParser.Argument(help: "How it is trained.")
    var loss: PointGANVariant

    @Option(help: "The mixture: 25 modes on a grid, the same twice as far apart for their width, or 8 on a ring.")
    var modes = PointModes.grid

    @Option(help: "Steps of the discriminator.")
    var steps = PointConfiguration().steps

    @Option(help: "Points in a step.")
    var batchSize = PointConfiguration().batchSize

    @Option(help: "Step size at first; it falls along a cosine to zero (default: the loss's own).")
    var learningRate: Double?

    @Option(help: "Units in each hidden layer.")
    var hidden = PointGAN.customaryHidden[0]

    @Option(help: "Hidden layers of each network.")
    var layers = PointGAN.customaryHidden.count

    @Option(help: "Decides the first parameters and all chance.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("A picture of points of the mixture and of the generator.", valueName: "file.png"))
    var plot: String?

    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    /// Points that the figures at the end are of, and points of the picture.
    private static let counted = 10_000
    private static let drawn = 2_000

    func run() throws {
        for (name, value, most) in [("--hidden", hidden, 8_192), ("--layers", layers, 64)]
        where !(1...most).contains(value) {
            throw TrainingError.badSetting(name: name, expected: "1 to \(most)", found: "\(value)")
        }
        var configuration = PointConfiguration()
        configuration.steps = steps
        configuration.batchSize = batchSize
        configuration.learningRate = learningRate ?? loss.learningRate
        configuration.seed = seed
        try configuration.check()
        let game = try PointGAN(
            rules: loss.rules(), hidden: Array(repeating: hidden, count: layers), isSpectral: loss.isSpectral)
        let device = try deviceOption.chosen(json: output.json)
        let trainer = try PointTrainer(game, mixture: modes.mixture, configuration: configuration, on: device)
        let watch = Stopwatch()
        try trainer.train { report($0, seconds: watch.seconds) }
        let seconds = watch.seconds
        let points = try trainer.points(Self.counted)
        if let plot { try draw(points, beside: modes.mixture, on: device, to: plot) }
        finish(ModeCoverage(of: points, in: modes.mixture), seconds: seconds, device: device)
    }

    private func report(_ progress: PointProgress, seconds: Double) {
        if output.json {
            Output.line(
                JSONLine(event: "step").adding("step", progress.step).adding("total", progress.total)
                    .adding(progress.figures).adding(progress.coverage.figures).adding("seconds", seconds))
        } else {
            Output.line(
                "step \(progress.step)/\(progress.total): \(Output.figures(progress.figures)), "
                    + summary(progress.coverage))
        }
    }

    private func summary(_ coverage: ModeCoverage) -> String {
        "\(coverage.covered) of \(coverage.modes) modes, share within 3 sigma \(Output.number(coverage.shareWithin))"
    }

    private func finish(_ coverage: ModeCoverage, seconds: Double, device: any Device) {
        guard output.json else {
            Output.line(
                "\(loss.rawValue) on \(modes.rawValue), seed \(seed): \(summary(coverage)), KL divergence from equal "
                    + "shares \(Output.number(coverage.divergence)) nats; \(steps) steps in \(Output.number(seconds)) s"
            )
            if let plot { Output.line("picture: \(plot)") }
            return
        }
        Output.line(
            JSONLine(event: "done").adding("loss", loss.rawValue).adding("modes", modes.rawValue)
                .adding(coverage.figures).adding("points", Self.counted).adding("steps", steps)
                .adding("device", device.info.name).adding("seconds", seconds).adding("picture", plot))
    }

    private func draw(
        _ generated: [Float], beside mixture: GaussianMixture, on device: any Device, to path: String
    ) throws {
        var random = try RandomSource(seed: seed)
        let real = try mixture.points(Self.drawn, random: &random).floats(on: device)
        func series(_ name: String, _ points: [Float]) -> PlotSeries {
            let pairs = stride(from: 0, to: min(points.count, 2 * Self.drawn), by: 2)
            return PlotSeries(name: name, points: pairs.map { (Double(points[$0]), Double(points[$0 + 1])) })
        }
        let reach = 1.25 * Double(mixture.centers.map { max(abs($0.x), abs($0.y)) }.max() ?? 1)
        try ScatterPlot(
            title: "\(loss.rawValue), seed \(seed)", series: [series("data", real), series("generated", generated)],
            range: -reach...reach
        ).write(to: path)
    }
}

extension ModeCoverage {
    /// For lines of JSON.
    fileprivate var figures: [(name: String, value: Double)] {
        [
            ("covered_modes", Double(covered)), ("share_within_3_sigma", shareWithin),
            ("mode_kl_divergence", divergence),
        ]
    }
}
