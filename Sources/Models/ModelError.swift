/// What can be wrong with the choice of a model and of its settings.
public enum ModelError: Error, Hashable, Sendable {
    /// No model of that name.
    case unknownModel(String, known: [String])
    /// A `--set` key that the model does not have.
    case unknownOption(key: String, model: String, known: [String])
    /// A value that the key does not take.
    case badOption(key: String, expected: String, found: String)
    /// Images that the model cannot be made for.
    case badImages(expected: String, found: String)
    /// Something asked of a model that it cannot do.
    case unsupported(model: String, what: String, instead: String)
}

extension ModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownModel(let name, let known):
            "there is no model '\(name)'; choose one of \(known.joined(separator: ", "))"
        case .unknownOption(let key, let model, let known):
            "\(model) has no key '\(key)'; its keys are \(known.joined(separator: ", "))"
        case .badOption(let key, let expected, let found):
            "\(key): expected \(expected), found '\(found)'"
        case .badImages(let expected, let found):
            "images: expected \(expected), found \(found)"
        case .unsupported(let model, let what, let instead):
            "\(model) cannot \(what); \(instead)"
        }
    }
}
