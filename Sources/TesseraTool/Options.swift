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

    /// The device that was asked for, whose name is told on standard error.
    func chosen() throws -> any Device {
        let device = try DeviceSelection.choose(device)
        Output.note("device: \(device.info.name) (\(device.info.platform))")
        return device
    }
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
}
