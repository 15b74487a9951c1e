import Compute
import Layers
import Tensors

/// Sums of a loss and of its parts over the steps, kept on the device.
struct FigureSums {
    /// The loss, then its parts.
    let names: [String]
    /// What adds a step to the sums, to be made part of the compiled step.
    let updates: [Update]
    /// For each figure one sum for each place in the batch; the last counts the steps whose loss was finite. Summing over
    /// the batch is left to the host, since it is asked for seldom.
    private let sums: [Variable]
    private let count: Int

    init(_ loss: Tensor, named name: String, terms: [(name: String, values: Tensor)], on device: any Device) throws {
        let count = loss.shape[0]
        let isFinite = try loss.absolute().lessOrEqual(Tensor(Float.greatestFiniteMagnitude))
        let rows = [loss] + terms.map(\.values) + [isFinite.cast(to: .float32)]
        let zeros = [Float](repeating: 0, count: count)
        let sums = try rows.map { _ in
            try Variable(zeros, shape: [count], name: "the sums of a figure", on: device)
        }
        names = [name] + terms.map(\.name)
        updates = try zip(sums, rows).map { try Update($0, to: $0.tensor + $1) }
        self.sums = sums
        self.count = count
    }

    /// The sums of the batch means since the last call, after all queued steps; nil for the figures if one of them was
    /// not finite.
    /// - Returns: also how many of the first steps had a finite loss everywhere.
    func take() throws -> (figures: [Double]?, finiteSteps: Int) {
        let values = try sums.map { try $0.read() }
        for sum in sums { try sum.write([Float](repeating: 0, count: count)) }
        let figures = values.dropLast().map { $0.reduce(0.0) { $0 + Double($1) } / Double(count) }
        return (figures.allSatisfy(\.isFinite) ? figures : nil, Int(values.last?.min() ?? 0))
    }
}
