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

    @Option(name: .customLong("class"), help: "The class of the images, for a model with classes (default: all in turn).")
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
        if sampler == .cached, temperature == 1, label == nil { return }
        throw ModelError.unsupported(
            model: type(of: model).name, what: "take --sampler, --temperature or --class",
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
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    func end() {
        if isShown, !last.isEmpty { FileHandle.standardOutput.write(Data("\r\u{1B}[K".utf8)) }
    }
}
