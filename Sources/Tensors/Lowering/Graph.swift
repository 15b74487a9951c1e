import Compute

/// A graph in canonical form: vertices numbered in topological order, equal ones merged, leaves replaced by ordinals.
/// Two graphs of the same structure are equal, whatever their leaves hold; plans are cached by this.
package struct Graph: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The ordinal of a leaf among the graph's sources.
        case source(Int)
        case operation(Operation)
    }

    package struct Vertex: Hashable, Sendable {
        package var kind: Kind
        package var inputs: [Int]
        package var shape: [Int]
        package var dtype: DType

        var count: Int { shape.reduce(1, *) }
        var operation: Operation? {
            if case .operation(let operation) = kind { operation } else { nil }
        }
    }

    /// Where an output goes.
    package enum Destination: Hashable, Sendable {
        /// Memory of its own, handed to the caller.
        case result
        /// The memory of a source, which takes the new value when everything has been computed from the old one.
        case source(Int)
    }

    package struct Output: Hashable, Sendable {
        package var vertex: Int
        package var destination: Destination
    }

    package private(set) var vertices: [Vertex] = []
    package private(set) var outputs: [Output] = []

    /// - Returns: the graph, and its leaves by ordinal.
    package static func canonical(
        results: [Tensor], assignments: [(source: Source, value: Tensor)]
    ) -> (graph: Graph, sources: [Source]) {
        var graph = Graph()
        var sources: [Source] = []
        var ordinals: [Source: Int] = [:]
        var numbers: [Vertex: Int] = [:]
        var vertexOf: [ObjectIdentifier: Int] = [:]

        func ordinal(_ source: Source) -> Int {
            if let known = ordinals[source] { return known }
            ordinals[source] = sources.count
            sources.append(source)
            return sources.count - 1
        }
        for node in topologicalOrder(of: results.map(\.node) + assignments.map(\.value.node)) {
            let kind: Kind
            if case .source(let source) = node.operation {
                kind = .source(ordinal(source))
            } else {
                kind = .operation(node.operation)
            }
            let inputs = node.inputs.compactMap { vertexOf[ObjectIdentifier($0)] }
            let vertex = Vertex(kind: kind, inputs: inputs, shape: node.shape, dtype: node.dtype)
            if let known = numbers[vertex] {
                vertexOf[ObjectIdentifier(node)] = known
            } else {
                numbers[vertex] = graph.vertices.count
                vertexOf[ObjectIdentifier(node)] = graph.vertices.count
                graph.vertices.append(vertex)
            }
        }
        for result in results {
            if let vertex = vertexOf[ObjectIdentifier(result.node)] {
                graph.outputs.append(Output(vertex: vertex, destination: .result))
            }
        }
        let assigned = Set(assignments.map { Graph.Kind.source(ordinal($0.source)) })
        for (source, value) in assignments {
            guard var vertex = vertexOf[ObjectIdentifier(value.node)] else { continue }
            let base = graph.vertices[graph.base(of: vertex)]
            if assigned.contains(base.kind) {
                // The old contents of a source that is assigned too: set aside before anything is overwritten.
                let (shape, dtype) = (graph.vertices[vertex].shape, base.dtype)
                graph.vertices.append(
                    Vertex(kind: .operation(.cast), inputs: [vertex], shape: shape, dtype: dtype))
                vertex = graph.vertices.count - 1
            }
            graph.outputs.append(Output(vertex: vertex, destination: .source(ordinal(source))))
        }
        return (graph, sources)
    }
}

extension Operation {
    var isMovement: Bool {
        switch self {
        case .reshape, .permute, .expand, .slice, .pad, .flip: true
        default: false
        }
    }

    /// Computed element by element from inputs at the same index (or from nothing).
    var isPointwise: Bool {
        switch self {
        case .constant, .coordinate, .random, .unary, .binary, .select, .cast: true
        default: false
        }
    }

    /// Whose result a pointwise operation may be fused onto, as an epilogue.
    var takesEpilogue: Bool {
        switch self {
        case .reduce, .contraction, .convolution: true
        default: false
        }
    }
}
