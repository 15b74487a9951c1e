import Compute
import Layers
import Models
import Tensors

/// Draws series from a model, number by number, several at once.
final class SequenceSimulation {
    private let device: any Device
    private let seed: UInt64
    /// The number before: [N].
    private let value: Variable
    private let state: [Variable]
    /// The next number where it is known, and whether it is.
    private let given = Argument([2])
    private let key = Argument([2], dtype: .int32)
    private let step: CompiledFunction

    init(_ model: SequenceModel, paths: Int, seed: UInt64, on device: any Device) throws {
        self.device = device
        self.seed = seed
        let value = try Variable([Float](repeating: 0, count: paths), shape: [paths], name: "a number", on: device)
        let state = try Variable.zeros(model.stateShapes(paths), on: device)
        (self.value, self.state) = (value, state)
        let result = try model.parameters(after: value.tensor.expandedDimensions(0), from: state.map(\.tensor))
        var random = try RandomSource(key: key.tensor)
        let drawn = try model.draw(parameters: result.parameters.reshaped([paths, -1]), random: &random)
        let parts = try given.tensor.split([1, 1], axis: 0).map { try $0.broadcast(to: [paths]) }
        let next = try Tensor.select(parts[1].greater(0), parts[0], drawn)
        step = try CompiledFunction(
            on: device, results: [],
            updates: [Update(value, to: next)] + zip(state, result.state).map { try Update($0, to: $1) })
    }

    /// - Parameter known: numbers before the first that is drawn, one or more.
    /// - Returns: for each path its numbers.
    func run(after known: [Float], length: Int) throws -> [[Float]] {
        let paths = value.shape[0]
        try state.clear()
        try value.write([Float](repeating: known.first ?? 0, count: paths))
        var drawn = [[Float]](repeating: [], count: paths)
        for number in 1..<known.count + length {
            let isKnown = number < known.count
            try given.set([isKnown ? known[number] : 0, isKnown ? 1 : 0], on: device)
            try key.set(RandomUse.sampling.key(seed: seed, number), on: device)
            try step.run()
            guard !isKnown else { continue }
            for (path, number) in try value.read().enumerated() { drawn[path].append(number) }
        }
        return drawn
    }
}
