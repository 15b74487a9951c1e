/// The settings of a model: a struct with a default for each, and a list that tells them by key.
public protocol ModelConfiguration: Hashable, Sendable {
    /// The default settings.
    init()
    /// Every setting that can be given by key, in the order in which they are listed.
    static var options: [ModelOption<Self>] { get }
    /// Values that a pixel of the data is reduced to before the model sees it; nil for as many as there are.
    var levels: Int? { get set }
}

extension ModelConfiguration {
    /// The default settings, changed by keys and values.
    /// - Parameter model: the name to use in errors.
    /// - Throws: `ModelError.unknownOption`, `ModelError.badOption`.
    public init(settings: [String: String], model: String) throws {
        self.init()
        let options = Self.options
        for (key, value) in settings.sorted(by: { $0.key < $1.key }) {
            guard let option = options.first(where: { $0.key == key }) else {
                throw ModelError.unknownOption(key: key, model: model, known: options.map(\.key))
            }
            try option.set(&self, value)
        }
    }

    /// Every key with its present value.
    public var settings: [String: String] {
        Dictionary(uniqueKeysWithValues: Self.options.map { ($0.key, $0.get(self)) })
    }

    /// Checks settings that were made in code: each must be one that could be given by key.
    /// - Throws: `ModelError.badOption`.
    public func check() throws {
        var copy = self
        for option in Self.options { try option.set(&copy, option.get(self)) }
    }
}

/// One setting of a configuration, by its key.
public struct ModelOption<Configuration>: Sendable {
    public let key: String
    /// What values it takes, in words.
    public let values: String
    /// What it means, in one line.
    public let help: String
    let get: @Sendable (Configuration) -> String
    let set: @Sendable (inout Configuration, String) throws -> Void

    init(
        key: String, values: String, help: String, get: @escaping @Sendable (Configuration) -> String,
        parse: @escaping @Sendable (inout Configuration, String) -> Bool
    ) {
        self.key = key
        self.values = values
        self.help = help
        self.get = get
        set = { configuration, text in
            guard parse(&configuration, text) else {
                throw ModelError.badOption(key: key, expected: values, found: text)
            }
        }
    }

    /// A whole number in a range.
    public static func integer(
        _ key: String, _ path: WritableKeyPath<Configuration, Int> & Sendable, in range: ClosedRange<Int>,
        _ help: String
    ) -> ModelOption {
        number(key, path, values: "\(range.lowerBound) to \(range.upperBound)", help) { range.contains($0) }
    }

    /// An odd number in a range, such as the size of a kernel that has a centre.
    public static func oddInteger(
        _ key: String, _ path: WritableKeyPath<Configuration, Int> & Sendable, in range: ClosedRange<Int>,
        _ help: String
    ) -> ModelOption {
        number(key, path, values: "an odd number, \(range.lowerBound) to \(range.upperBound)", help) {
            range.contains($0) && $0 % 2 == 1
        }
    }

    /// A number of at least 0 and below 1.
    public static func fraction(
        _ key: String, _ path: WritableKeyPath<Configuration, Double> & Sendable, _ help: String
    ) -> ModelOption {
        number(key, path, values: "0 or more, below 1", help) { $0 >= 0 && $0 < 1 }
    }

    /// A number in a range.
    public static func number(
        _ key: String, _ path: WritableKeyPath<Configuration, Double> & Sendable, in range: ClosedRange<Double>,
        _ help: String
    ) -> ModelOption {
        number(key, path, values: "\(range.lowerBound) to \(range.upperBound)", help) { range.contains($0) }
    }

    private static func number<Number: LosslessStringConvertible & SendableMetatype>(
        _ key: String, _ path: WritableKeyPath<Configuration, Number> & Sendable, values: String, _ help: String,
        isAllowed: @escaping @Sendable (Number) -> Bool
    ) -> ModelOption {
        ModelOption(
            key: key, values: values, help: help, get: { String($0[keyPath: path]) },
            parse: { configuration, text in
                guard let number = Number(text), isAllowed(number) else { return false }
                configuration[keyPath: path] = number
                return true
            })
    }

    /// A whole number in a range, or a word that stands for none.
    public static func integer(
        _ key: String, _ path: WritableKeyPath<Configuration, Int?> & Sendable, in range: ClosedRange<Int>,
        none: String, _ help: String
    ) -> ModelOption {
        ModelOption(
            key: key, values: "\(range.lowerBound) to \(range.upperBound), or \(none)", help: help,
            get: { $0[keyPath: path].map(String.init) ?? none },
            parse: { configuration, text in
                if text == none {
                    configuration[keyPath: path] = nil
                    return true
                }
                guard let number = Int(text), range.contains(number) else { return false }
                configuration[keyPath: path] = number
                return true
            })
    }

    /// One of the cases of an enumeration, by name.
    public static func choice<Choice: CaseIterable & RawRepresentable & Sendable>(
        _ key: String, _ path: WritableKeyPath<Configuration, Choice> & Sendable, _ help: String
    ) -> ModelOption where Choice.RawValue == String {
        ModelOption(
            key: key, values: Choice.allCases.map(\.rawValue).joined(separator: "|"), help: help,
            get: { $0[keyPath: path].rawValue },
            parse: { configuration, text in
                guard let choice = Choice(rawValue: text) else { return false }
                configuration[keyPath: path] = choice
                return true
            })
    }
}

extension ModelOption {
    /// The key that all models share: how many values a pixel of the data is reduced to before the model sees it.
    static func levels(_ path: WritableKeyPath<Configuration, Int?> & Sendable) -> ModelOption {
        .integer("levels", path, in: 2...256, none: "data", "values that a pixel is reduced to")
    }
}
