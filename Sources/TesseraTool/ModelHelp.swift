import Foundation
import Tessera

/// `tessera train --help` lists the models, `tessera train MODEL --help` the keys of one.
enum ModelHelp {
    /// Prints the keys of a model if the arguments ask for them.
    /// - Throws: `ModelError.unknownModel`.
    static func printed(for arguments: [String]) throws -> Bool {
        guard arguments.first == "train", arguments.contains("--help") || arguments.contains("-h"),
            arguments.count >= 2, !arguments[1].hasPrefix("-")
        else { return false }
        print(keys(of: try ModelCatalog.entry(arguments[1])))
        return true
    }

    /// One line a model.
    static var models: String {
        let width = ModelCatalog.entries.map(\.name.count).max() ?? 0
        return "MODELS:\n"
            + ModelCatalog.entries.map { "  \(padded($0.name, width))  \($0.summary)" }.joined(separator: "\n")
            + "\n\ntessera train MODEL --help lists the keys of a model."
    }

    private static func keys(of entry: ModelEntry) -> String {
        let keys = entry.options.map { "\($0.key)=\($0.defaultValue)" }
        let width = keys.map(\.count).max() ?? 0
        let lines = zip(keys, entry.options).map { key, option in
            "  \(padded(key, width))  \(option.help): \(option.values)"
        }
        return """
            \(entry.name): \(entry.summary)

            KEYS, each with its default, changed by --set key=value:
            \(lines.joined(separator: "\n"))

            DEFAULTS: --epochs \(entry.recipe.epochs) --batch-size \(entry.recipe.batchSize) \
            --learning-rate \(entry.recipe.learningRate)
            tessera train --help lists the other options.
            """
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
