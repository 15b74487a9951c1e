import Compute
import Datasets
import Foundation
import Layers
import Models
import Tensors

extension ImagePanel {
    /// The latent space as a picture. For codes of two numbers it is the whole plane, at equally likely steps (as in
    /// figure 4 of Kingma & Welling 2014). For longer ones each row changes one number of the code from low to high,
    /// the others staying at their mean; the rows are the numbers that change the picture most.
    ///
    /// - Parameter images: needed where codes have no known distribution, to find their means and spreads.
    /// - Throws: `ModelError.unsupported` for a model without codes; `TrainingError.dataMismatch`.
    public static func traversal(
        of model: any GenerativeModel, images: ImageDataset? = nil, on device: any Device
    ) throws -> ImagePanel {
        guard let model = model as? any DecodingModel else {
            throw ModelError.unsupported(
                model: type(of: model).name, what: "show its latent space",
                instead: "it has no codes; sample it instead")
        }
        let space = try CodeSpace(of: model, images: images, on: device)
        let codes = model.latentSize == 2 ? space.plane(side: 16) : try space.rows(model, on: device)
        let columns = model.latentSize == 2 ? 16 : CodeSpace.steps
        return ImagePanel(
            values: try decode(codes, by: model, on: device), shape: model.images.shape, columns: columns)
    }

    fileprivate static func decode(
        _ codes: [[Float]], by model: any DecodingModel, on device: any Device
    ) throws -> [Float] {
        let context = try Context()
        // Of one class, so that only the code changes.
        if (model as? any ClassConditionalModel)?.classes != nil {
            context.labels = try Tensor([Int32](repeating: 0, count: codes.count), shape: [codes.count])
        }
        let codes = try Tensor(codes.flatMap { $0 }, shape: [codes.count, model.latentSize])
        return try model.decode(codes, context).floats(on: device)
    }
}

/// Where the codes of a model lie: the mean and the spread of each number.
private struct CodeSpace {
    /// Images in a row.
    static let steps = 11
    /// How far a row goes to either side, in spreads.
    private static let reach: Float = 2.5
    private static let mostRows = 10
    /// Images from which means and spreads are found.
    private static let mostImages = 1000
    /// Codes decoded at a time in the search for the rows.
    private static let chunk = 128

    let means: [Float]
    let spreads: [Float]

    init(of model: any DecodingModel, images: ImageDataset?, on device: any Device) throws {
        guard !model.hasNormalPrior else {
            means = [Float](repeating: 0, count: model.latentSize)
            spreads = [Float](repeating: 1, count: model.latentSize)
            return
        }
        guard let images else {
            throw TrainingError.dataMismatch(
                name: "traversal", expected: "images to find the range of its codes", found: "not given")
        }
        let encoder = try ImagePanel.latent(model, to: "find the range of its codes")
        let originals = try ImagePanel.tensor(of: images.preparedForEvaluation(of: model), count: Self.mostImages)
        let codes = try encoder.encode(originals, Context())
        means = try codes.mean([0]).floats(on: device)
        spreads = try codes.variance([0]).sqrt().floats(on: device)
    }

    /// All pairs of two numbers at equally likely steps, row by row.
    func plane(side: Int) -> [[Float]] {
        let steps = (0..<side).map { normalQuantile((Double($0) + 0.5) / Double(side)) }
        return steps.reversed().flatMap { y in
            steps.map { x in [means[0] + spreads[0] * Float(x), means[1] + spreads[1] * Float(y)] }
        }
    }

    /// A row of codes for each of the numbers that matter most.
    func rows(_ model: any DecodingModel, on device: any Device) throws -> [[Float]] {
        let changes = try changes(model, on: device)
        let order = changes.indices.sorted { (changes[$0], $1) > (changes[$1], $0) }
        return order.prefix(Self.mostRows).flatMap { number in
            (0..<Self.steps).map { step in
                code(number, at: Self.reach * (2 * Float(step) / Float(Self.steps - 1) - 1))
            }
        }
    }

    /// The mean code with one number moved by so many spreads.
    private func code(_ number: Int, at distance: Float) -> [Float] {
        var code = means
        code[number] += distance * spreads[number]
        return code
    }

    /// By how much each number of a code changes the picture: the squared difference between its two ends.
    private func changes(_ model: any DecodingModel, on device: any Device) throws -> [Float] {
        let size = model.images.dimensions
        var changes: [Float] = []
        for start in stride(from: 0, to: means.count, by: Self.chunk / 2) {
            let numbers = start..<min(start + Self.chunk / 2, means.count)
            let ends = numbers.flatMap { [code($0, at: -Self.reach), code($0, at: Self.reach)] }
            let pictures = try ImagePanel.decode(ends, by: model, on: device)
            for pair in 0..<numbers.count {
                let low = pictures[2 * pair * size..<(2 * pair + 1) * size]
                let high = pictures[(2 * pair + 1) * size..<(2 * pair + 2) * size]
                changes.append(zip(low, high).reduce(0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0) })
            }
        }
        return changes
    }
}

/// The number below which a standard normal one lies with probability `p`, by bisection.
private func normalQuantile(_ p: Double) -> Double {
    var (low, high) = (-10.0, 10.0)
    for _ in 0..<60 {
        let middle = (low + high) / 2
        if erfc(-middle / 2.0.squareRoot()) / 2 < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
}
