import ArgumentParser
import Tessera

struct FilmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "film", abstract: "Draw how a run's images became what they are, epoch by epoch.")

    @ArgumentParser.Argument(
        help: ArgumentHelp("The folder of a run, as tessera train makes it.", valueName: "run"))
    var runFolder: String

    @Option(help: "Epochs to show, evenly spread.")
    var frames = 12

    @Option(help: "The picture.")
    var grid: String

    func run() throws {
        guard (2...100).contains(frames) else {
            throw TrainingError.badSetting(name: "--frames", expected: "2 to 100", found: "\(frames)")
        }
        let folder = RunFolder(runFolder)
        let images = try folder.description().images
        let shape = ImageShape(height: images.height, width: images.width, channels: images.channels)
        let taken = try FilmStrip.write(of: folder, shape: shape, frames: frames, to: grid)
        Output.line("\(taken) epochs: \(grid)")
    }
}
