/// The models of the library by name.
public enum ModelCatalog {
    /// All models, in the order in which they are listed.
    public static let entries: [ModelEntry] = [
        ModelEntry(Autoencoder.self), ModelEntry(VAE.self), ModelEntry(ConvolutionalVAE.self), ModelEntry(IWAE.self),
        ModelEntry(PixelCNN.self), ModelEntry(GatedPixelCNN.self), ModelEntry(PixelCNNPlusPlus.self),
        ModelEntry(RowLSTMModel.self), ModelEntry(DiagonalBiLSTMModel.self),
        ModelEntry(GAN.self), ModelEntry(DCGAN.self), ModelEntry(WGAN.self), ModelEntry(WGANGP.self),
    ]

    /// - Throws: `ModelError.unknownModel`.
    public static func entry(_ name: String) throws -> ModelEntry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw ModelError.unknownModel(name, known: entries.map(\.name))
        }
        return entry
    }
}

/// A model as the catalogue lists it.
public struct ModelEntry: Sendable {
    /// A key of a model, with its default.
    public struct Option: Hashable, Sendable {
        public let key: String
        public let defaultValue: String
        /// What values it takes, in words.
        public let values: String
        public let help: String
    }

    public let name: String
    public let summary: String
    public let recipe: Recipe
    public let options: [Option]
    private let make: @Sendable (ImageSpace, [String: String]) throws -> any GenerativeModel
    private let complete: @Sendable ([String: String]) throws -> [String: String]

    init<Model: GenerativeModel>(_ type: Model.Type) {
        name = Model.name
        summary = Model.summary
        recipe = Model.recipe
        let defaults = Model.Configuration()
        options = Model.Configuration.options.map {
            Option(key: $0.key, defaultValue: $0.get(defaults), values: $0.values, help: $0.help)
        }
        make = { images, settings in
            try Model(
                images: images, configuration: Model.Configuration(settings: settings, model: Model.name))
        }
        complete = { try Model.Configuration(settings: $0, model: Model.name).settings }
    }

    /// The model for such images, with settings by key; keys that are not given keep their defaults.
    /// - Throws: `ModelError`.
    public func model(for images: ImageSpace, settings: [String: String] = [:]) throws -> any GenerativeModel {
        try make(images, settings)
    }

    /// Every key with its value: those given, checked, and the defaults of the others.
    /// - Throws: `ModelError.unknownOption`, `ModelError.badOption`.
    public func completed(_ settings: [String: String]) throws -> [String: String] { try complete(settings) }
}
