import ArgumentParser
import Tessera

struct CompleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete",
        abstract: "Complete images whose first rows are given, with an autoregressive model.",
        discussion: "Each row of the picture: what is given, the completions, and the image itself.")

    @OptionGroup var originals: OriginalOptions

    @Option(help: "Rows that are given (default: the upper half).")
    var givenRows: Int?

    @Option(help: "Pixels that are given, in raster order, instead of rows.")
    var givenPixels: Int?

    func validate() throws {
        if givenRows != nil, givenPixels != nil {
            throw ValidationError("Give --given-rows or --given-pixels, not both.")
        }
    }

    func run() throws {
        try originals.draw { run, images, request, device, progress in
            guard let model = run.model as? any AutoregressiveModel else {
                throw ModelError.unsupported(
                    model: type(of: run.model).name, what: "complete images", instead: "use an autoregressive model")
            }
            return try ImagePanel.completions(
                of: model, images: images, givenPixels: given(model.images), samples: originals.samples,
                request: request, method: originals.drawing.sampler, on: device, progress: progress)
        }
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

struct EnlargeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enlarge",
        abstract: "Enlarge small versions of images, with a model of super-resolution.",
        discussion: "Each row of the picture: the small version, its enlargements, and the image that it was made of.")

    @OptionGroup var originals: OriginalOptions

    func run() throws {
        try originals.draw { run, images, request, device, progress in
            try ImagePanel.enlargements(
                of: run.model, images: images, samples: originals.samples, request: request,
                method: originals.drawing.sampler, on: device, progress: progress)
        }
    }
}
