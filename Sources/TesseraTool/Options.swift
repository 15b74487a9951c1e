import ArgumentParser
import Foundation
import Tessera

/// The options that several commands share.
struct DeviceOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "auto, gpu, cpu, pocl, an index of tessera devices, or part of a name (default: $TESSERA_DEVICE or auto).",
            valueName: "device"))
    var device: String?

    /// The device that was asked for. Its name is printed.
    func chosen(json: Bool) throws -> any Device {
        let device = try DeviceSelection.choose(device)
        if json {
            Output.line(
                JSONLine(event: "device").adding("device", device.info.name).adding("platform", device.info.platform)
                    .adding("kind", device.info.kind.rawValue))
        } else {
            Output.line("device: \(device.info.name) (\(device.info.platform))")
        }
        return device
    }
}

extension Precision: ExpressibleByArgument {}

struct PrecisionOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How exactly products and convolutions take their factors; below full, a device with tensor cores may round "
                + "them to tf32 (fast) or bf16 (fastest)."))
    var precision = Precision.full
}

struct JSONOption: ParsableArguments {
    @Flag(help: "Print lines of JSON only; the last is the event done.")
    var json = false
}

struct DataOptions: ParsableArguments {
    @Option(help: "digits, mnist, fashion-mnist, cifar10, or a folder of IDX files, CIFAR-10 batches or PNGs.")
    var data: String?

    @Option(help: "The folder that holds the files of a named data set.")
    var dataDir: String?

    /// Where the images come from, for the run's description.
    func source(_ name: String) -> RunDescription.Source {
        RunDescription.Source(
            name: name, directory: dataDir, isFolder: !DatasetCatalog.names.contains(name))
    }
}

struct RunArgument: ParsableArguments {
    @ArgumentParser.Argument(help: "The folder of a run, as tessera train makes it.")
    var run: String

    @Flag(help: "Use the parameters whose figures on the test images were best, instead of the last.")
    var best = false

    /// The model of the run.
    func trained(on device: any Device) throws -> TrainedModel {
        try TrainedModel(run: run, best ? .best : .last, on: device)
    }
}
