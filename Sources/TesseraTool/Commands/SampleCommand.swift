import ArgumentParser
import Tessera

struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Draw new images from the model of a run.")

    @OptionGroup var runArgument: RunArgument

    @Option(help: "Images to draw.")
    var count = 64

    @Option(help: "Decides the images.")
    var seed: UInt64 = 0

    @Option(help: "The picture (default: samples/sample-SEED.png in the run).")
    var grid: String?

    @Flag(help: "Draw pixels by chance too, instead of showing their means (models with latent variables).")
    var drawPixels = false

    @OptionGroup var drawing: DrawingOptions

    @OptionGroup var deviceOption: DeviceOption
    @OptionGroup var precisionOption: PrecisionOption
    @OptionGroup var output: JSONOption

    func run() throws {
        guard (1...10_000).contains(count) else {
            throw TrainingError.badSetting(name: "--count", expected: "1 to 10000", found: "\(count)")
        }
        let device = try deviceOption.chosen(json: output.json).with(precision: precisionOption.precision)
        let run = try runArgument.trained(on: device)
        let watch = Stopwatch()
        let panel: ImagePanel
        if let model = run.model as? any AutoregressiveModel {
            let request = try drawing.request(count: count, seed: seed)
            let progress = DrawingProgress(count: count, json: output.json)
            panel = try ImagePanel.samples(
                of: model, request, method: drawing.sampler, on: device, progress: progress.show)
            progress.end()
        } else {
            try drawing.refuse(for: run.model)
            panel = try ImagePanel.samples(
                of: run.model, count: count, seed: seed, drawingPixels: drawPixels, label: drawing.label, on: device)
        }
        let seconds = watch.seconds
        let path = grid ?? "\(run.folder.samples)/sample-\(seed).png"
        try panel.write(to: path)
        PictureReport(path: path, count: panel.count, seconds: seconds, device: device).print(json: output.json)
    }
}

/// What is told of a picture that was made.
struct PictureReport {
    let path: String
    let count: Int
    let seconds: Double
    let device: any Device

    func print(json: Bool) {
        let rate = Double(count) / max(seconds, 1e-9)
        if json {
            Output.line(
                JSONLine(event: "done").adding("picture", path).adding("count", count)
                    .adding("device", device.info.name).adding("seconds", seconds)
                    .adding("examples_per_second", rate).adding("peak_memory_bytes", device.memory.peak))
        } else {
            Output.line("\(count) images in \(Output.number(seconds)) s: \(path)")
        }
    }
}
