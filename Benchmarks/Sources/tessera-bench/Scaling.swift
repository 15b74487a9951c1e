import ArgumentParser
import Foundation
import Tessera

/// How a training step grows with its batch, its images and its width.
struct Scaling: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "The training step of the 256-way PixelCNN (7 blocks) for other batches, images and widths.",
        discussion: """
            One of the three grows, the other two stay at 16 images of 28x28 pixels and 64 features. Memory is what the \
            device has in use while the step is held.
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "Numbers of images, comma-separated.")
    var batches = "1,4,16,64"
    @Option(help: "Heights and widths of the images.")
    var sides = "8,14,28,56"
    @Option(help: "Features of a block.")
    var widths = "16,32,64,128"
    @Option(help: "Also draw a picture for each table in this folder.")
    var plot: String?

    private struct Size {
        var batch = 16
        var side = 28
        var width = 64
    }

    func run() throws {
        let devices = try options.devices()
        try table("batch", numbers(batches, "--batches"), devices) { Size(batch: $0) }
        try table("side", numbers(sides, "--sides"), devices) { Size(side: $0) }
        try table("width", numbers(widths, "--widths"), devices) { Size(width: $0) }
    }

    private func numbers(_ text: String, _ option: String) throws -> [Int] {
        try text.split(separator: ",").map { part in
            guard let number = Int(part), number >= 1 else {
                throw ValidationError("\(option) takes numbers of 1 and more; got \(part)")
            }
            return number
        }
    }

    private func table(
        _ axis: String, _ values: [Int], _ devices: [any Device], _ size: (Int) -> Size
    ) throws {
        var points = devices.map { _ in [(x: Double, y: Double)]() }
        for value in values {
            let size = size(value)
            let net = PixelNet.grey
            let model = try net.model(side: size.side, hidden: size.width)
            var (steps, memory): ([CompiledFunction], [Int]) = ([], [])
            for device in devices {
                let before = device.memory.inUse
                steps.append(
                    try ModelStep.compiled(model, batch: size.batch, levels: net.levels, on: device, runs: 2))
                memory.append(device.memory.inUse - before)
            }
            var table = TimeTable(
                workload: "pixelcnn \(axis) \(value)", examples: size.batch,
                operations: 6 * size.batch * size.side * size.side * net.multiplyAdds(hidden: size.width))
            try table.time(
                rounds: options.rounds,
                zip(devices, steps).map { device, step in
                    (device.info.name, step.launches, { try ModelStep.time(step, on: device, runs: 3) })
                })
            for index in table.contenders.indices {
                table.contenders[index].memory = memory[index]
                let time = median(table.contenders[index].times)
                points[index].append((Double(value), Double(table.operations) / time / 1e9))
            }
            try table.print(reference: nil, json: options.json)
        }
        guard let plot else { return }
        try FileManager.default.createDirectory(atPath: plot, withIntermediateDirectories: true)
        try LinePlot(
            title: "Training step of a PixelCNN", xLabel: axis, yLabel: "GFLOP/s",
            series: zip(devices, points).map { PlotSeries(name: $0.info.name, points: $1) }, hasLogarithmicX: true
        ).write(to: "\(plot)/scaling-\(axis).png")
    }
}
