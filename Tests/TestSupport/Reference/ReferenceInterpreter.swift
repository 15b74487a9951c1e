import Compute
import Tensors

/// Evaluates a lazy graph with plain loops in double precision, one node after the other: what every device's result is
/// compared with. It shares nothing with lowering; each operation is written from its description.
public struct ReferenceInterpreter: Sendable {
    /// Contents to use for leaves, in place of what the host holds; double precision, so that derivatives can be
    /// approximated by differences.
    public var replacements: [Leaf: ReferenceArray]

    /// A leaf of the graph, by identity.
    public struct Leaf: Hashable, Sendable {
        private let identity: ObjectIdentifier
        public init(_ tensor: Tensor) { self.init(tensor.node) }
        public init(_ source: Source) { identity = ObjectIdentifier(source) }
        init(_ node: Node) {
            if case .source(let source) = node.operation {
                identity = ObjectIdentifier(source)
            } else {
                identity = ObjectIdentifier(node)
            }
        }
    }

    public init(replacing replacements: [Leaf: ReferenceArray] = [:]) { self.replacements = replacements }

    /// The values of tensors of one graph.
    /// - Throws: `ReferenceError` for a leaf whose contents are not on the host.
    public func evaluate(_ tensors: [Tensor]) throws -> [ReferenceArray] {
        var known: [ObjectIdentifier: ReferenceArray] = [:]
        for node in topologicalOrder(of: tensors.map(\.node)) {
            let inputs = node.inputs.compactMap { known[ObjectIdentifier($0)] }
            let result = try replacements[Leaf(node)] ?? value(of: node, inputs)
            guard result.shape == node.shape, result.dtype == node.dtype, result.count == node.shape.reduce(1, *) else {
                throw ReferenceError.inconsistent(operation: "\(node.operation)", shape: node.shape)
            }
            known[ObjectIdentifier(node)] = result
        }
        return tensors.compactMap { known[ObjectIdentifier($0.node)] }
    }

    private func value(of node: Node, _ inputs: [ReferenceArray]) throws -> ReferenceArray {
        let (shape, dtype) = (node.shape, node.dtype)
        func pointwise(_ element: (Int) -> Double) -> ReferenceArray {
            ReferenceArray(shape: shape, dtype: dtype, values: (0..<shape.reduce(1, *)).map(element))
        }
        switch node.operation {
        case .constant(let scalar):
            return pointwise { _ in ReferenceArithmetic.value(of: scalar) }
        case .source(let source):
            guard let bytes = source.hostContents else { throw ReferenceError.unknownLeaf(shape: shape) }
            return ReferenceArray(bytes: bytes, shape: shape, dtype: dtype)
        case .coordinate(let axis):
            return ReferenceArray(shape: shape, dtype: dtype) { Double($0[axis]) }
        case .random(let kind, let stream):
            return pointwise {
                ReferencePhilox.draw(kind, key: inputs[0].values, stream: stream, element: $0)
            }
        case .unary(let operation):
            return pointwise { ReferenceArithmetic.unary(operation, inputs[0].values[$0], dtype) }
        case .binary(let operation):
            let type = inputs[0].dtype
            return pointwise {
                ReferenceArithmetic.binary(operation, inputs[0].values[$0], inputs[1].values[$0], type)
            }
        case .select:
            return pointwise { inputs[0].values[$0] != 0 ? inputs[1].values[$0] : inputs[2].values[$0] }
        case .cast:
            let source = inputs[0].dtype
            return pointwise { ReferenceArithmetic.cast(inputs[0].values[$0], from: source, to: dtype) }
        case .reshape, .permute, .expand, .slice, .pad, .flip, .concatenate:
            return moved(node, inputs)
        case .reduce(let operation, let axes):
            return reduced(inputs[0], operation, axes, to: shape)
        case .contraction:
            return product(inputs[0], inputs[1], shape)
        case .convolution(let kind, let geometry):
            return ReferenceArray(
                shape: shape, dtype: dtype,
                values: ReferenceConvolution.result(kind, geometry, inputs[0].values, inputs[1].values))
        case .gather:
            let rows = inputs[0].shape[0]
            return ReferenceArray(shape: shape, dtype: dtype) { index in
                let row = Int(inputs[1].values[index[0]])
                return row >= 0 && row < rows ? inputs[0][[row, index[1]]] : 0
            }
        case .scatterAdd:
            var result = ReferenceArray(shape: shape, dtype: dtype) { _ in 0 }
            for (i, row) in inputs[1].values.enumerated() where row >= 0 && Int(row) < shape[0] {
                for column in 0..<shape[1] {
                    result.values[result.position([Int(row), column])] += inputs[0][[i, column]]
                }
            }
            return result
        case .scan(let scan):
            return try recurrence(scan, node, inputs)
        }
    }

    /// Step after step, each a graph of its own.
    private func recurrence(
        _ scan: ScanOperation, _ node: Node, _ inputs: [ReferenceArray]
    ) throws -> ReferenceArray {
        let leaves = scan.leaves(for: node.inputs.map { Tensor($0) })
        let vertices = scan.instantiated(leaves)
        let outputs = scan.body.outputs.map { vertices[$0.vertex] }
        var state = inputs[scan.stateInputs].map(\.values)
        // What each output's segment holds, step by step; of a state, first its first value.
        var entries = outputs.indices.map { $0 < scan.states ? [state[$0]] : [] }
        for step in scan.isReversed ? (0..<scan.steps).reversed() : Array(0..<scan.steps) {
            var contents: [Leaf: ReferenceArray] = [:]
            for (number, (leaf, input)) in zip(leaves, inputs).enumerated() {
                var values = input.values
                if number < scan.sequences { values = Array(values[step * leaf.count..<(step + 1) * leaf.count]) }
                if scan.stateInputs.contains(number) { values = state[number - scan.sequences] }
                contents[Leaf(leaf)] = ReferenceArray(shape: leaf.shape, dtype: leaf.dtype, values: values)
            }
            let results = try ReferenceInterpreter(replacing: contents).evaluate(outputs)
            for (number, result) in results.enumerated() { entries[number].append(result.values) }
            state = results.prefix(scan.states).map(\.values)
        }
        let ordered = scan.isReversed ? entries.map { $0.reversed() } : entries
        return ReferenceArray(shape: node.shape, dtype: .float32, values: ordered.joined().flatMap { $0 })
    }

    private func reduced(
        _ input: ReferenceArray, _ operation: Reduction.Operation, _ axes: [Int], to shape: [Int]
    ) -> ReferenceArray {
        let identity = ReferenceArithmetic.identity(operation, input.dtype)
        var result = ReferenceArray(shape: shape, dtype: input.dtype) { _ in identity }
        let kept = input.shape.indices.filter { !axes.contains($0) }
        _ = ReferenceArray(shape: input.shape, dtype: input.dtype) { index in
            let target = result.position(kept.map { index[$0] })
            result.values[target] = ReferenceArithmetic.combined(
                operation, result.values[target], input[index], input.dtype)
            return 0
        }
        return result
    }

    private func product(_ a: ReferenceArray, _ b: ReferenceArray, _ shape: [Int]) -> ReferenceArray {
        let (rows, columns, depth) = (shape[1], shape[2], a.shape[2])
        var values = [Double](repeating: 0, count: shape.reduce(1, *))
        for batch in 0..<shape[0] {
            for row in 0..<rows {
                for column in 0..<columns {
                    var sum = 0.0
                    for k in 0..<depth {
                        sum +=
                            a.values[(batch * rows + row) * depth + k]
                            * b.values[(batch * depth + k) * columns + column]
                    }
                    values[(batch * rows + row) * columns + column] = sum
                }
            }
        }
        return ReferenceArray(shape: shape, dtype: .float32, values: values)
    }
}

/// What the reference interpreter cannot do.
public enum ReferenceError: Error, Hashable, Sendable {
    /// A leaf without contents: give them as a replacement.
    case unknownLeaf(shape: [Int])
    /// A node whose shape is not what its operation makes of its inputs.
    case inconsistent(operation: String, shape: [Int])
}
