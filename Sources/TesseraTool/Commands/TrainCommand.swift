import ArgumentParser
import Foundation
import Tessera

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a model, and keep the run in a folder.",
        discussion: ModelHelp.models)

    @ArgumentParser.Argument(help: "The model, one of those above.")
    var model: String

    @OptionGroup var dataOptions: DataOptions
    @OptionGroup var deviceOption: DeviceOption

    @Option(help: "Passes over the training images.")
    var epochs: Int?

    @Option(help: "Steps, instead of epochs.")
    var steps: Int?

    @Option(help: "Images in a step.")
    var batchSize: Int?

    @Option(help: "Adam's step size, kept as it is.")
    var learningRate: Double?

    @Flag(help: "Let the step size fall along a cosine to zero at the end.")
    var cosine = false

    @Option(help: "Decay of a moving average of the parameters, which then is what is evaluated and sampled.")
    var averageDecay: Double?

    @Option(
        help: ArgumentHelp(
            "How exactly products and convolutions take their factors; below full, a device with tensor cores may round "
                + "them to tf32 (fast) or bf16 (fastest) (default: full)."))
    var precision: Precision?

    @Option(help: "Decides the first parameters, the order of the images and all chance (default: 0).")
    var seed: UInt64?

    @Option(help: ArgumentHelp("Start from the parameters of another run of the model.", valueName: "run"))
    var from: String?

    @Option(help: "The folder of the run (default: runs/MODEL-DATA-NUMBER).")
    var out: String?

    @Flag(help: "Go on with the run in --out.")
    var resume = false

    @Option(help: "Evaluate, draw and save at the end of an epoch after so many steps (default: 500).")
    var checkpointSteps: Int?

    @Option(help: "Checkpoints that are kept (default: 2).")
    var keep: Int?

    @Flag(help: "Write event files for TensorBoard too: scalars and images.")
    var tensorboard = false

    @OptionGroup var output: JSONOption

    @Option(name: .customLong("set"), help: ArgumentHelp("A key of the model.", valueName: "key=value"))
    var settings: [String] = []

    func validate() throws {
        if epochs != nil, steps != nil { throw ValidationError("Give --epochs or --steps, not both.") }
        if resume, from != nil { throw ValidationError("Give --resume or --from, not both.") }
        if resume, out == nil { throw ValidationError("Say which run to resume with --out.") }
    }

    func run() throws {
        let entry = try ModelCatalog.entry(model)
        let given = try parsedSettings()
        _ = try entry.completed(given)
        let (trainer, folder) = try resume ? resumed(entry, given) : begun(entry, given)
        let reporter = TrainingReporter(json: output.json, run: folder.path)
        let board = try tensorboard ? TensorBoardLog(folder.path, step: trainer.step) : nil
        Interruption.watch()
        trainer.stopRequest = Interruption.request
        let result: TrainingResult
        do {
            result = try trainer.train { event in
                reporter.observe(event)
                try board?.observe(event)
            }
        } catch let error as any ToolFailure {
            // A loss that is no number would be none again.
            if case TrainingError.notFinite = error { throw error }
            guard let step = trainer.savedStep else { throw error }
            throw InterruptedTraining(cause: error, step: step, run: folder.path)
        }
        if let status = Interruption.status, result.steps < trainer.total {
            reporter.finishEarly(result, savedStep: trainer.savedStep)
            throw ExitCode(status)
        }
        reporter.finish(result, device: trainer.device)
    }

    private var length: TrainingConfiguration.Length? {
        steps.map { .steps($0) } ?? epochs.map { .epochs($0) }
    }

    private func parsedSettings() throws -> [String: String] {
        var result: [String: String] = [:]
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ModelError.badOption(key: "--set", expected: "key=value", found: setting)
            }
            result[parts[0]] = parts[1]
        }
        return result
    }

    /// A new run. The folder is made last, when everything else is known to be right.
    private func begun(_ entry: ModelEntry, _ settings: [String: String]) throws -> (Trainer, RunFolder) {
        let source = dataOptions.source(dataOptions.data ?? "digits")
        let splits = try DatasetCatalog.load(source.name, directory: source.directory)
        let model = try entry.model(for: ImageSpace(splits.train), settings: settings)
        var configuration = TrainingConfiguration(entry.recipe)
        if let length { configuration.length = length }
        if let batchSize { configuration.batchSize = batchSize }
        if let learningRate { configuration.learningRate = .constant(learningRate) }
        if cosine {
            configuration.learningRate = .cosine(
                initial: configuration.learningRate.value(at: 1),
                steps: try configuration.totalSteps(images: splits.train.count))
        }
        if let averageDecay {
            guard averageDecay >= 0, averageDecay < 1 else {
                throw TrainingError.badSetting(
                    name: "--average-decay", expected: "at least 0 and below 1", found: "\(averageDecay)")
            }
            configuration.averageDecay = averageDecay
        }
        configuration.seed = seed ?? 0
        configuration.precision = precision ?? .full
        if let checkpointSteps { configuration.checkpointSteps = checkpointSteps }
        if let keep { configuration.keptCheckpoints = keep }
        let folder =
            out.map { RunFolder($0) } ?? .fresh(in: "runs", stem: "\(entry.name)-\(splits.train.name)")
        if folder.holdsRun { throw TrainingError.runExists(path: folder.path) }
        let device = try deviceOption.chosen(json: output.json)
        let trainer = try Trainer(model, data: splits, configuration: configuration, on: device, folder: folder)
        var description = RunDescription(model, data: source, training: configuration, device: device.info.name)
        if let from {
            try trainer.start(from: RunFolder(from))
            description.startedFrom = URL(fileURLWithPath: from).path
        }
        try folder.begin(description)
        return (trainer, folder)
    }

    /// A run that goes on from its last checkpoint, with the settings that it began with.
    private func resumed(_ entry: ModelEntry, _ settings: [String: String]) throws -> (Trainer, RunFolder) {
        let folder = RunFolder(out ?? "")
        var description = try folder.description()
        func require(_ what: String, _ began: some CustomStringConvertible, _ now: (some CustomStringConvertible)?)
            throws
        {
            guard let now, now.description != began.description else { return }
            throw TrainingError.runDiffers(
                path: folder.path, what: what, began: began.description, now: now.description)
        }
        try require("the model", description.model, entry.name)
        for (key, value) in settings { try require(key, description.options[key] ?? "", value) }
        try require("the data", description.data.name, dataOptions.data.map { dataOptions.source($0).name })
        try require("the batch size", description.batchSize, batchSize)
        try require("the seed", description.seed, seed)
        try require("the precision", (description.precision ?? .full).rawValue, precision?.rawValue)
        try require("the learning rate", description.learningRate.value(at: 1), learningRate)
        if let length { description.setLength(length) }
        if let checkpointSteps { description.checkpointSteps = checkpointSteps }
        if let keep { description.keptCheckpoints = keep }

        let splits = try DatasetCatalog.load(
            description.data.name, directory: dataOptions.dataDir ?? description.data.directory)
        let device = try deviceOption.chosen(json: output.json)
        let trainer = try Trainer(
            description.makeModel(), data: splits, configuration: description.makeConfiguration(), on: device,
            folder: folder)
        if folder.holdsRun {
            for problem in try trainer.resume() {
                Output.note("warning: \(problem); the checkpoint before it is taken up, that of step \(trainer.step)")
            }
            try folder.write(description)
        } else {
            Output.note("\(folder.path) has no checkpoint yet: it begins anew")
            if let from = description.startedFrom { try trainer.start(from: RunFolder(from)) }
            try folder.begin(description)
        }
        return (trainer, folder)
    }
}
