import Compute
import Layers
import Models
import Tensors

/// Measures how well a model predicts the numbers of one long series, piece by piece, with the state handed on.
final class SequenceEvaluator {
    private let device: any Device
    private let chunk: Int
    /// [chunk + 1, 1]
    private let values: Argument
    /// [chunk, 1]: which numbers count.
    private let weights: Argument
    private let state: [Variable]
    private let function: CompiledFunction

    init(_ model: SequenceModel, chunk: Int, on device: any Device) throws {
        self.device = device
        self.chunk = chunk
        let values = Argument([chunk + 1, 1])
        let weights = Argument([chunk, 1])
        (self.values, self.weights) = (values, weights)
        let state = try Variable.zeros(model.stateShapes(1), on: device)
        self.state = state
        let result = try model.nats(of: values.tensor, from: state.map(\.tensor))
        function = try CompiledFunction(
            on: device, results: [(result.nats * weights.tensor).sum()],
            updates: zip(state, result.state).map { try Update($0, to: $1) })
    }

    /// The mean nats of the numbers from place `first`, 1 or more, on.
    func meanNats(of series: [Float], from first: Int) throws -> Double {
        try state.clear()
        var sum = 0.0
        for start in stride(from: 0, to: series.count - 1, by: chunk) {
            let piece = series[start..<min(start + chunk + 1, series.count)]
            let rest = [Float](repeating: 0, count: chunk + 1 - piece.count)
            try values.set(piece + rest, on: device)
            try weights.set(
                (start + 1...start + chunk).map { Float($0 >= first && $0 < series.count ? 1 : 0) }, on: device)
            try function.run()
            sum += Double(try function.floats()[0])
        }
        return sum / Double(series.count - first)
    }
}

extension Variable {
    /// Zeros of such shapes.
    static func zeros(_ shapes: [[Int]], on device: any Device) throws -> [Variable] {
        try shapes.map {
            try Variable([Float](repeating: 0, count: $0.reduce(1, *)), shape: $0, name: "a state", on: device)
        }
    }
}

extension [Variable] {
    func clear() throws { for part in self { try part.write([Float](repeating: 0, count: part.shape.reduce(1, *))) } }
}
