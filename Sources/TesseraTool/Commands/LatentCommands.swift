import ArgumentParser
import Tessera

// Pictures of what the codes of a model mean.

struct ReconstructCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconstruct", abstract: "Draw test images, each above what the model makes of it.")

    @OptionGroup var options: LatentOptions

    func run() throws {
        try options.draw { run, device in
            let images = try run.data(options.dataOptions.data, directory: options.dataOptions.dataDir).test
            return try ImagePanel.reconstructions(of: run.model, images: images, on: device)
        }
    }
}

struct InterpolateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interpolate",
        abstract: "Draw the way from one test image, or from one random code, to another through the codes.")

    @Option(help: "Decides the random codes of a model that has no codes of images.")
    var seed: UInt64 = 0

    @OptionGroup var options: LatentOptions

    func run() throws {
        try options.draw { run, device in
            guard run.model is any LatentModel else {
                return try ImagePanel.interpolations(of: run.model, seed: seed, on: device)
            }
            let images = try run.data(options.dataOptions.data, directory: options.dataOptions.dataDir).test
            return try ImagePanel.interpolations(of: run.model, images: images, on: device)
        }
    }
}

struct TraverseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traverse", abstract: "Draw the latent space: a plane of two numbers, or one number a row.")

    @OptionGroup var options: LatentOptions

    func run() throws {
        try options.draw { run, device in
            // A prior tells where the codes are; without one, images do.
            let hasPrior = (run.model as? any DecodingModel)?.hasNormalPrior ?? true
            let images =
                try hasPrior
                ? nil : run.data(options.dataOptions.data, directory: options.dataOptions.dataDir).test
            return try ImagePanel.traversal(of: run.model, images: images, on: device)
        }
    }
}

struct LatentOptions: ParsableArguments {
    @OptionGroup var runArgument: RunArgument

    @Option(help: "The picture.")
    var grid: String

    @OptionGroup var dataOptions: DataOptions
    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    /// Makes a picture of the run's model, writes it and tells of it.
    func draw(_ picture: (TrainedModel, any Device) throws -> ImagePanel) throws {
        let device = try deviceOption.chosen(json: output.json)
        let run = try runArgument.trained(on: device)
        let watch = Stopwatch()
        let panel = try picture(run, device)
        let seconds = watch.seconds
        try panel.write(to: grid)
        PictureReport(path: grid, count: panel.count, seconds: seconds, device: device).print(json: output.json)
    }
}
