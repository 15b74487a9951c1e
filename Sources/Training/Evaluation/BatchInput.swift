import Compute
import Datasets
import Models
import Tensors

/// The input of a compiled evaluation: a batch of pixels of a fixed size with labels, if the model wants them, and a key.
struct BatchInput {
    /// Images in a batch.
    let count: Int
    let key = Argument([2], dtype: .int32)
    private let pixels: Argument
    private let labelInput: LabelInput?
    private let levels: Int

    init(_ model: any GenerativeModel, count: Int, levels: Int) {
        self.count = count
        self.levels = levels
        pixels = Argument(model.images.batchShape(count), dtype: .uint8)
        labelInput = LabelInput(model, count: count)
    }

    /// The labels of the batch, if the model wants them: Int32 [count].
    var labels: Tensor? { labelInput?.tensor }

    /// The images of the batch in 0...1.
    func images() throws -> Tensor { try pixels.tensor.unitValues(levels: levels) }

    /// Uploads a set batch by batch, the last one filled up with its first image.
    /// - Parameter body: gets the number of the batch and how many of its images count.
    func forEach(of set: ImageDataset, on device: any Device, _ body: (Int, Int) throws -> Void) throws {
        for (number, start) in stride(from: 0, to: set.count, by: count).enumerated() {
            let valid = min(count, set.count - start)
            let filler = [Int](repeating: start, count: count - valid)
            let batch = try set.batch(Array(start..<start + valid) + filler)
            try pixels.set(batch.pixels, on: device)
            try labelInput?.set(batch, on: device)
            try body(number, valid)
        }
    }
}
