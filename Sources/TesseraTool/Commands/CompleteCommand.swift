import ArgumentParser
import Tessera

struct CompleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete",
        abstract: "Complete images whose first rows are given, with an autoregressive model.",
        discussion: "Each row of the picture: what is given, the completions, and the image itself.")

    @OptionGroup var runArgument: RunArgument

    @Option(help: ArgumentHelp("An image of the model's size (PNG), instead of test images.", valueName: "file.png"))
    var input: String?

    @OptionGroup var dataOptions: DataOptions

    @Option(help: "Rows that are given (default: the upper half).")
    var givenRows: Int?

    @Option(help: "Pixels that are given, in raster order, instead of rows.")
    var givenPixels: Int?

    @Option(help: "Test images to complete.")
    var count = 8

    @Option(help: "Completions of each image.")
    var samples = 6

    @Option(help: "Decides the completions.")
    var seed: UInt64 = 0

    @Option(help: "The picture.")
    var grid: String

    @OptionGroup var drawing: DrawingOptions
    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        if givenRows != nil, givenPixels != nil { throw ValidationError("Give --given-rows or --given-pixels, not both.") }
        if input != nil, dataOptions.data != nil { throw ValidationError("Give --input or --data, not both.") }
    }

    func run() throws {
        for (name, value) in [("--count", count), ("--samples", samples)] where !(1...1000).contains(value) {
            throw TrainingError.badSetting(name: name, expected: "1 to 1000", found: "\(value)")
        }
        let device = try deviceOption.chosen(json: output.json)
        let run = try TrainedModel(run: runArgument.run, on: device)
        guard let model = run.model as? any AutoregressiveModel else {
            throw ModelError.unsupported(
                model: type(of: run.model).name, what: "complete images", instead: "use an autoregressive model")
        }
        let images = try self.images(run, like: model.images)
        let given = try self.given(model.images)
        var request = try drawing.request(count: images.count * samples, seed: seed)
        request.count = images.count * samples
        let watch = Stopwatch()
        let progress = DrawingProgress(count: request.count, json: output.json)
        let panel = try ImagePanel.completions(
            of: model, images: images, givenPixels: given, samples: samples, request: request,
            method: drawing.sampler, on: device, progress: progress.show)
        progress.end()
        let seconds = watch.seconds
        try panel.write(to: grid)
        PictureReport(path: grid, count: request.count, seconds: seconds, device: device).print(json: output.json)
    }

    private func images(_ run: TrainedModel, like space: ImageSpace) throws -> ImageDataset {
        if let input {
            let picture = try PNGImage(contentsOf: input, channels: space.channels)
            return try ImageDataset(name: input, shape: picture.shape, pixels: picture.pixels)
        }
        let test = try run.data(dataOptions.data, directory: dataOptions.dataDir).test
        return try test.images(0..<min(count, test.count))
    }

    private func given(_ space: ImageSpace) throws -> Int {
        if let givenPixels {
            let pixels = space.height * space.width
            guard (0...pixels).contains(givenPixels) else {
                throw TrainingError.badSetting(
                    name: "--given-pixels", expected: "0 to \(pixels)", found: "\(givenPixels)")
            }
            return givenPixels
        }
        let rows = givenRows ?? space.height / 2
        guard (0...space.height).contains(rows) else {
            throw TrainingError.badSetting(name: "--given-rows", expected: "0 to \(space.height)", found: "\(rows)")
        }
        return rows * space.width
    }
}
