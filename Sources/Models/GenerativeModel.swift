import Layers
import Tensors

/// A model of images.
///
/// Images are Float32 tensors [N, height, width, channels] with values in 0...1. How a model is trained is said by
/// `LossModel` or `AdversarialModel`, and what else it can do by further protocols: `SamplingModel`, `LatentModel`,
/// `ImportanceWeightedBound`.
public protocol GenerativeModel: Module, SendableMetatype {
    /// The settings of the model, each with a default.
    associatedtype Configuration: ModelConfiguration

    /// The name by which the tool knows the model.
    static var name: String { get }
    /// One line on what the model is.
    static var summary: String { get }
    /// How the model is trained unless something else is asked for.
    static var recipe: Recipe { get }

    /// The images that the model was made for.
    var images: ImageSpace { get }
    var configuration: Configuration { get }
    /// Whether the model is one of black-and-white images, drawn from grey ones by chance: a pixel is 1 with the
    /// probability that its grey value tells. Training draws anew each step; evaluation uses one fixed draw.
    var binarizes: Bool { get }

    /// - Throws: `ModelError` where the settings or the images do not fit the model.
    init(images: ImageSpace, configuration: Configuration) throws
}

extension GenerativeModel {
    /// A model with default settings.
    public init(images: ImageSpace) throws { try self.init(images: images, configuration: Configuration()) }
}

/// A model that is trained by minimising a loss.
public protocol LossModel: GenerativeModel {
    /// Whether the loss is a number of nats: minus the log-likelihood of an image, or an upper bound of it.
    var isLikelihood: Bool { get }
    /// Whether that number is minus the log-likelihood itself, and nothing about it is drawn by chance.
    var isExact: Bool { get }
    /// What exactly the loss of an image measures, for reports.
    var measure: String { get }

    /// The loss of each image, and the parts that are reported.
    /// - Parameter images: Float32 [N, height, width, channels] in 0...1.
    func loss(_ images: Tensor, _ context: Context) throws -> LossTerms
    /// What an evaluation reports; the loss unless the model says otherwise.
    func evaluation(_ images: Tensor, _ context: Context) throws -> LossTerms
}

extension LossModel {
    public var isExact: Bool { false }

    public func evaluation(_ images: Tensor, _ context: Context) throws -> LossTerms { try loss(images, context) }
}

/// The loss of each image of a batch.
public struct LossTerms: Sendable {
    /// [N]; training minimises its mean.
    public var values: Tensor
    /// Parts of the loss by the names under which they are reported, each [N].
    public var terms: [(name: String, values: Tensor)]

    public init(_ values: Tensor, terms: [(name: String, values: Tensor)] = []) {
        self.values = values
        self.terms = terms
    }
}

/// The customary way to train a model.
public struct Recipe: Hashable, Sendable {
    public var epochs: Int
    public var batchSize: Int
    public var learningRate: Double
    /// By what the learning rate is multiplied after every step.
    public var learningRateDecay: Double
    /// The decay of an exponential moving average of the parameters, which then is what is evaluated and sampled; nil
    /// for none.
    public var averageDecay: Double?

    public init(
        epochs: Int = 20, batchSize: Int = 128, learningRate: Double = 1e-3, learningRateDecay: Double = 1,
        averageDecay: Double? = nil
    ) {
        self.epochs = epochs
        self.batchSize = batchSize
        self.learningRate = learningRate
        self.learningRateDecay = learningRateDecay
        self.averageDecay = averageDecay
    }
}

// MARK: - What a model may be able to do

/// A model that new images can be drawn from.
public protocol SamplingModel: GenerativeModel {
    /// New images, Float32 [count, height, width, channels] in 0...1.
    /// - Parameter drawingPixels: whether pixels are drawn from the model's distribution over them; otherwise they
    ///   are its means, which look smoother.
    func samples(_ count: Int, drawingPixels: Bool, _ context: Context) throws -> Tensor
}

/// A model that makes images of short codes.
public protocol DecodingModel: GenerativeModel {
    /// Numbers in a code.
    var latentSize: Int { get }
    /// Whether codes are standard normal under the model, so that any such code stands for an image.
    var hasNormalPrior: Bool { get }
    /// The (mean) image of each code: [N, latentSize] -> [N, height, width, channels] in 0...1.
    func decode(_ codes: Tensor, _ context: Context) throws -> Tensor
}

/// A model that maps images to short codes and back.
public protocol LatentModel: DecodingModel, LossModel {
    /// The (mean) code of each image: [N, height, width, channels] -> [N, latentSize].
    func encode(_ images: Tensor, _ context: Context) throws -> Tensor
}

/// A model whose log-likelihood can be bounded by importance sampling, the tighter the more samples are drawn
/// (Burda, Grosse & Salakhutdinov 2016, "Importance weighted autoencoders", equation 8).
public protocol ImportanceWeightedBound: LossModel {
    /// Log importance weights `log p(x, z) - log q(z | x)` of `samples` draws of z for each image: [samples, N].
    /// The logarithm of their mean weight bounds `log p(x)` from below in expectation.
    func logImportanceWeights(_ images: Tensor, samples: Int, _ context: Context) throws -> Tensor
}

/// A model some of whose first parameters are fitted to its first batch, by a pass over it whose `Context` initialises.
public protocol DataInitializedModel: LossModel {}

/// A model that can be told what class of image it is to look at or to draw, by `Context.labels`.
public protocol ClassConditionalModel: GenerativeModel {
    /// Classes that it tells apart, labels being `0 ..< classes`; nil where it was made without.
    var classes: Int? { get }
}

extension ClassConditionalModel {
    /// The labels of a pass: Int32 [N], or nil for a model without classes.
    /// - Throws: `ModelError.unsupported` where the model needs labels and there are none.
    func labels(_ context: Context) throws -> Tensor? {
        guard classes != nil else { return nil }
        guard let labels = context.labels else {
            throw ModelError.unsupported(
                model: Self.name, what: "do without class labels once it was made for classes",
                instead: "give a label for each image")
        }
        return labels
    }
}
