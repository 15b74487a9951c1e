import Compute
import Tensors

/// Random compiled functions: variables that take new values made of each other, with results besides.
public struct UpdateFuzzer {
    public let variables: [Variable]
    public let updates: [Update]
    public let results: [Tensor]

    /// The contents of the variables, as the interpreter has them.
    public private(set) var state: [ReferenceInterpreter.Leaf: ReferenceArray] = [:]

    public init(seed: UInt64, on device: any Device) throws {
        var fuzzer = GraphFuzzer(seed: seed)
        let shapes = [[12], [3, 4], [12], [4, 6]]
        var variables: [Variable] = []
        for shape in shapes.prefix(2 + fuzzer.random.int(0..<3)) {
            let values = (0..<shape.product).map { _ in fuzzer.random.float(-2...2) }
            let variable = try Variable(values, shape: shape, on: device)
            state[.init(variable)] = ReferenceArray(shape: shape, values: values.map { Double($0) })
            variables.append(variable)
        }
        var results = try fuzzer.outputs(operations: fuzzer.random.int(1..<12), from: variables.map(\.tensor))
        var updates: [Update] = []
        for variable in variables where fuzzer.random.chance(0.8) {
            updates.append(try Update(variable, to: try UpdateFuzzer.value(for: variable, of: variables, &fuzzer)))
        }
        if fuzzer.random.chance(0.3) { results = [] }
        if fuzzer.random.chance(0.3), let update = updates.last { results.append(update.value) }
        if fuzzer.random.chance(0.3), let variable = variables.first { results.append(variable.tensor) }
        self.variables = variables
        self.updates = updates
        self.results = results
    }

    /// A new value for a variable: simple ones that invite writing in place, moved ones that forbid it, and any other.
    private static func value(
        for variable: Variable, of variables: [Variable], _ fuzzer: inout GraphFuzzer
    ) throws -> Tensor {
        let (own, shape) = (variable.tensor, variable.shape)
        let other = variables[fuzzer.random.int(0..<variables.count)]
        let fitting = other.shape.product == shape.product ? other : variable
        let value: Tensor =
            switch fuzzer.random.int(0..<10) {
            case 0: try fitting.tensor.reshaped(shape)
            case 1: try own * 0.9 + fuzzer.value(of: shape) * 0.1
            case 2: try own.flipped([0])
            case 3: try own + own.flipped([shape.count - 1])
            case 4: try fitting.tensor.reshaped(shape) - own
            case 5:
                try Tensor.concatenate([own.sliced(1..<shape[0], axis: 0), own.sliced(0..<1, axis: 0).sin()])
            case 9:
                // One part computed from old contents, the other merely copied.
                try Tensor.concatenate([
                    own.sliced(1..<shape[0], axis: 0).flipped([0]).tanh(),
                    InputSpec.floats([1] + shape.dropFirst()).tensor(&fuzzer.random),
                ])
            case 6: try own - own.mean()
            case 7: try own + fitting.tensor.sum()
            default: try fuzzer.value(of: shape)
            }
        // Values that stay small however often the function runs.
        return fuzzer.random.chance(0.5) ? value : try (value * 0.5).tanh()
    }

    /// Runs on the device and in the interpreter.
    /// - Returns: what the variables and results disagree on.
    public mutating func disagreements(runs: Int, on device: any Device, _ tolerance: Tolerance) throws -> [String] {
        let function = try CompiledFunction(on: device, results: results, updates: updates)
        var problems: [String] = []
        for run in 0..<runs {
            let references = try ReferenceInterpreter(replacing: state).evaluate(results + updates.map(\.value))
            try function.run()
            for index in results.indices {
                let found = try function.floats(index).map { Double($0) }
                if let text = tolerance.disagreement(found, references[index]) {
                    problems.append("run \(run), result \(index): \(text)")
                }
            }
            for (update, value) in zip(updates, references[results.count...]) { state[.init(update.variable)] = value }
            for (index, variable) in variables.enumerated() {
                guard let wanted = state[.init(variable)] else { continue }
                let found = try variable.read().map { Double($0) }
                if let text = tolerance.disagreement(found, wanted) {
                    problems.append("run \(run), variable \(index): \(text)")
                }
                // From the device's own values on, so that roundings do not add up.
                state[.init(variable)]?.values = found
            }
        }
        return problems
    }
}
