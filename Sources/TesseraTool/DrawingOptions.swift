import ArgumentParser
import Foundation
import Tessera

extension SamplingMethod: ExpressibleByArgument {}

/// How an autoregressive model draws.
struct DrawingOptions: ParsableArguments {
    @Option(help: "How pixels are drawn (autoregressive models); the images are the same.")
    var sampler = SamplingMethod.cached

    @Option(help: "1 draws from the model; less makes likely pixels likelier (autoregressive models).")
    var temperature = 1.0

    @Option(
        name: .customLong("class"), help: "The class of the images, for a model with classes (default: all in turn).")
    var label: Int32?

    func request(count: Int, seed: UInt64) throws -> SamplingRequest {
        guard temperature > 0, temperature.isFinite else {
            throw TrainingError.badSetting(name: "--temperature", expected: "above 0", found: "\(temperature)")
        }
        return SamplingRequest(
            count: count, seed: seed, temperature: temperature,
            labels: label.map { [Int32](repeating: $0, count: count) })
    }

    /// - Throws: `ModelError.unsupported` where something was asked for that the model has no use for.
    func refuse(for model: any GenerativeModel) throws {
        if sampler == .cached, temperature == 1 { return }
        throw ModelError.unsupported(
            model: type(of: model).name, what: "take --sampler or --temperature",
            instead: "they are for autoregressive models")
    }
}

/// A line that tells how far drawing is, on a terminal.
final class DrawingProgress {
    private let count: Int
    private let isShown: Bool
    private var last = ""

    init(count: Int, json: Bool) {
        self.count = count
        isShown = !json && isatty(STDOUT_FILENO) == 1
    }

    func show(_ done: Double) {
        let text = String(format: "\r\u{1B}[K%.0f of %d images", done.rounded(.down), count)
        guard isShown, text != last else { return }
        last = text
        Output.write(text)
    }

    func end() {
        if isShown, !last.isEmpty { Output.write("\r\u{1B}[K") }
    }
}

/// Images of which a part is given, and the drawing of the rest.
struct OriginalOptions: ParsableArguments {
    @OptionGroup var runArgument: RunArgument

    @Option(help: ArgumentHelp("An image of the model's size (PNG), instead of test images.", valueName: "file.png"))
    var input: String?

    @OptionGroup var dataOptions: DataOptions

    @Option(help: "Test images to take.")
    var count = 8

    @Option(help: "Images to draw for each.")
    var samples = 6

    @Option(help: "Decides the images.")
    var seed: UInt64 = 0

    @Option(help: "The picture.")
    var grid: String

    @OptionGroup var drawing: DrawingOptions
    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var output: JSONOption

    func validate() throws {
        if input != nil, dataOptions.data != nil { throw ValidationError("Give --input or --data, not both.") }
    }

    /// Makes a picture of the run's model and of images, writes it and tells of it.
    func draw(
        _ picture: (TrainedModel, ImageDataset, SamplingRequest, any Device, (Double) -> Void) throws -> ImagePanel
    ) throws {
        for (name, value) in [("--count", count), ("--samples", samples)] where !(1...1000).contains(value) {
            throw TrainingError.badSetting(name: name, expected: "1 to 1000", found: "\(value)")
        }
        let device = try deviceOption.chosen(json: output.json)
        let run = try runArgument.trained(on: device)
        let images = try self.images(run)
        let request = try drawing.request(count: images.count * samples, seed: seed)
        let watch = Stopwatch()
        let progress = DrawingProgress(count: request.count, json: output.json)
        let panel = try picture(run, images, request, device, progress.show)
        progress.end()
        let seconds = watch.seconds
        try panel.write(to: grid)
        PictureReport(path: grid, count: request.count, seconds: seconds, device: device).print(json: output.json)
    }

    private func images(_ run: TrainedModel) throws -> ImageDataset {
        if let input {
            let picture = try PNGImage(contentsOf: input, channels: run.model.images.channels)
            return try ImageDataset(name: input, shape: picture.shape, pixels: picture.pixels)
        }
        let test = try run.data(dataOptions.data, directory: dataOptions.dataDir).test
        return try test.images(0..<min(count, test.count))
    }
}
