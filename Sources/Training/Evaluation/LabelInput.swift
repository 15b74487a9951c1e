import Compute
import Datasets
import Models
import Tensors

/// The labels of a batch, for a model that is told the class of each image.
struct LabelInput {
    private let labels: Argument

    /// Nil for a model that takes no labels.
    init?(_ model: any GenerativeModel, count: Int) {
        guard model.labelledClasses != nil else { return nil }
        labels = Argument([count], dtype: .int32)
    }

    /// Int32 [count].
    var tensor: Tensor { labels.tensor }

    /// Queues the upload of a batch's labels.
    /// - Throws: `TrainingError.dataMismatch` for images without labels.
    func set(_ batch: ImageBatch, on device: any Device) throws {
        guard let values = batch.labels else {
            throw TrainingError.dataMismatch(name: "images", expected: "labels", found: "without them")
        }
        try labels.set(values.map { Int32($0) }, on: device)
    }
}

extension GenerativeModel {
    /// The number of classes by which the model wants its images labelled; nil where it takes no labels.
    var labelledClasses: Int? { (self as? any ClassConditionalModel)?.classes }

    /// Labels for images that are not of the data: all classes in turn; nil where the model takes no labels.
    func turnLabels(count: Int) throws -> Tensor? {
        guard let classes = labelledClasses else { return nil }
        return try Tensor((0..<count).map { Int32($0 % classes) }, shape: [count])
    }
}
