import ArgumentParser
import Foundation
import Tessera

/// The program: picks the command, runs it, and turns what goes wrong into one line and an exit status.
@main
enum Entry {
    static func main() {
        // A limit on the size of files is then an error that is told, not the end of the program.
        signal(SIGXFSZ, SIG_IGN)
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if try ModelHelp.printed(for: arguments) { return }
            var command = try TesseraCommand.parseAsRoot(arguments)
            try command.run()
            if Output.isIncomplete.load(ordering: .relaxed) {
                fail("the output could not be written whole; check the free space", status: EXIT_FAILURE)
            }
        } catch let status as ExitCode {
            exit(status.rawValue)
        } catch let error as any ToolFailure {
            fail(String(describing: error), status: EXIT_FAILURE)
        } catch {
            let status = TesseraCommand.exitCode(for: error)
            // Help and the version come as errors too.
            if status.isSuccess { TesseraCommand.exit(withError: error) }
            fail(TesseraCommand.message(for: error) + " (see tessera --help)", status: status.rawValue)
        }
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        Output.note("error: \(line)")
        exit(status)
    }
}

/// Errors whose description is a line for the user.
protocol ToolFailure: Error {}
extension DatasetError: ToolFailure {}
extension DeviceError: ToolFailure {}
extension TensorError: ToolFailure {}
extension IncrementalError: ToolFailure {}
extension LayerError: ToolFailure {}
extension ModelError: ToolFailure {}
extension TrainingError: ToolFailure {}
extension MetricError: ToolFailure {}
extension CheckpointError: ToolFailure {}

/// An error that ended training, and what is left of it.
struct InterruptedTraining: ToolFailure, CustomStringConvertible {
    let cause: any ToolFailure
    let step: Int
    let run: String

    var description: String { "\(cause); the checkpoint of step \(step) is in \(run): go on with --resume" }
}

struct TesseraCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tessera",
        abstract: "Train generative models of images and sample them, on any OpenCL device or on the CPU.",
        version: libraryVersion,
        subcommands: [
            DevicesCommand.self, TrainCommand.self, SampleCommand.self, EvaluateCommand.self, ReconstructCommand.self,
            InterpolateCommand.self, TraverseCommand.self, CompleteCommand.self, EnlargeCommand.self,
            FilmCommand.self, PointsCommand.self, SequenceCommand.self, DoctorCommand.self, TuneCommand.self,
        ])
}
