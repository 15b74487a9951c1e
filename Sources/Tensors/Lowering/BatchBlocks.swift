import Compute

/// Divides a scan's body into blocks of the batch that have nothing to do with one another, so that each can run through
/// all steps by itself.
///
/// The batch is the first axis of the states. For every vertex that depends on a step it is found where the batch is: an
/// axis of which it is the leading factor (`[B, H, C]` as `[1, B * H, C]` has it in axis 1). A vertex in which it is
/// nowhere, or which mixes it, makes the body indivisible.
struct BatchBlocks {
    private struct Mixed: Error {}
    /// The axis of the batch; nil for what has none.
    private typealias Axis = Int?

    private let operation: ScanOperation
    private let batch: Int
    /// By vertex of the body.
    private var axes: [Axis] = []

    /// - Returns: nil where the batch is mixed.
    init?(_ operation: ScanOperation) {
        self.operation = operation
        let body = operation.body
        // Without states the first sequence says what the batch is.
        let first =
            operation.states > 0
            ? body.outputs.first.map { body.vertices[$0.vertex] } : body.vertices.first { $0.kind == .source(0) }
        guard let batch = first?.shape.first, batch > 1 else { return nil }
        self.batch = batch
        do {
            for (v, vertex) in body.vertices.enumerated() { axes.append(try axis(of: v, vertex)) }
            _ = try blocks(of: batch)
        } catch { return nil }
    }

    /// The batch.
    var count: Int { batch }

    /// The body for so many blocks, one of them; and which of its leaves hold a part of each block, one after the other.
    func body(blocks count: Int) -> (body: Graph, isDivided: [Bool])? {
        guard batch % count == 0 else { return nil }
        return try? blocks(of: count)
    }

    private func axis(of v: Int, _ vertex: Graph.Vertex) throws -> Axis {
        guard let operation = vertex.operation else {
            guard case .source(let ordinal) = vertex.kind, ordinal < self.operation.stateInputs.upperBound else {
                return nil
            }
            let isBatch = vertex.shape.first == batch
            if !isBatch, self.operation.stateInputs.contains(ordinal) { throw Mixed() }
            return isBatch ? 0 : nil
        }
        let known = vertex.inputs.map { axes[$0] }
        guard let axis = known.lazy.compactMap({ $0 }).first else { return nil }
        let input = vertex.inputs.first.map { self.operation.body.vertices[$0].shape } ?? []
        switch operation {
        case .unary, .binary, .select, .cast:
            guard known.allSatisfy({ $0 == nil || $0 == axis }) else { throw Mixed() }
            return axis
        case .reshape: return try moved(axis, from: input, to: vertex.shape)
        case .permute(let axes): return axes.firstIndex(of: axis)
        case .expand: return axis
        case .slice, .pad, .flip:
            guard leaves(axis, alone: operation, input, vertex.shape) else { throw Mixed() }
            return axis
        case .concatenate(let joined):
            guard joined != axis, known.allSatisfy({ $0 == nil || $0 == axis }) else { throw Mixed() }
            return axis
        case .reduce(_, let reduced):
            guard !reduced.contains(axis) else { throw Mixed() }
            return axis - reduced.count { $0 < axis }
        case .contraction:
            switch (known[0], known[1]) {
            case (0, 0), (0, nil), (nil, 0): return 0
            case (1, nil): return 1
            case (nil, 2): return 2
            default: throw Mixed()
            }
        case .convolution(let kind, _):
            guard kind != .weightGradient, known == [0, nil] else { throw Mixed() }
            return 0
        case .gather:
            guard known == [nil, 0] else { throw Mixed() }
            return 0
        case .constant, .source, .coordinate, .random, .scatterAdd, .scan: throw Mixed()
        }
    }

    /// Whether a slice, padding or flip does nothing along an axis.
    private func leaves(_ axis: Int, alone operation: Operation, _ input: [Int], _ result: [Int]) -> Bool {
        if case .flip(let axes) = operation { return !axes.contains(axis) }
        return input[axis] == result[axis]
    }

    /// The axis of another shape that the batch leads.
    private func moved(_ axis: Int, from old: [Int], to new: [Int]) throws -> Int {
        let before = old[..<axis].reduce(1, *)
        for other in new.indices where new[..<other].reduce(1, *) == before && new[other] % batch == 0 {
            if new[other] > 0 { return other }
        }
        throw Mixed()
    }

    private func blocks(of count: Int) throws -> (body: Graph, isDivided: [Bool]) {
        var writer = Writer(blocks: self, count: count)
        let outputs = try operation.body.outputs.enumerated().map { number, output in
            // Blocks of a result are one after the other.
            let shape = operation.body.vertices[output.vertex].shape
            let axis = axes[output.vertex] ?? shape.firstIndex(of: batch)
            guard let axis, shape[..<axis].allSatisfy({ $0 == 1 }), axis == 0 || number >= operation.states else {
                throw Mixed()
            }
            return try writer.vertex(output.vertex, axis)
        }
        var isDivided: [Bool] = []
        for (ordinal, isIn) in writer.leaves {
            while isDivided.count <= ordinal { isDivided.append(false) }
            isDivided[ordinal] = isIn
        }
        return (
            Graph(vertices: writer.vertices, outputs: outputs.map { Graph.Output(vertex: $0, destination: .result) }),
            isDivided
        )
    }

    private struct Writer {
        let blocks: BatchBlocks
        let count: Int
        var vertices: [Graph.Vertex] = []
        /// Whether each leaf is divided.
        var leaves: [Int: Bool] = [:]
        private var known: [Key: Int] = [:]

        private struct Key: Hashable {
            var vertex: Int
            var axis: Int?
        }

        init(blocks: BatchBlocks, count: Int) {
            self.blocks = blocks
            self.count = count
        }

        /// A block of a vertex; all of it, without an axis.
        mutating func vertex(_ v: Int, _ wanted: Axis) throws -> Int {
            let body = blocks.operation.body
            // What depends on the batch is where it is.
            if let own = blocks.axes[v], own != wanted { throw Mixed() }
            let key = Key(vertex: v, axis: wanted)
            if let number = known[key] { return number }
            var vertex = body.vertices[v]
            if let axis = wanted {
                guard vertex.shape.indices.contains(axis), vertex.shape[axis] % blocks.batch == 0 else { throw Mixed() }
                vertex.shape[axis] /= count
            }
            switch vertex.kind {
            case .source(let ordinal):
                // A block must be in one piece.
                if let axis = wanted, vertex.shape[..<axis].contains(where: { $0 != 1 }) { throw Mixed() }
                if let other = leaves.updateValue(wanted != nil, forKey: ordinal), other != (wanted != nil) {
                    throw Mixed()
                }
            case .operation(let operation):
                let needs = try axesOfInputs(v, operation, wanted)
                vertex.inputs = try zip(vertex.inputs, needs).map { try self.vertex($0, $1) }
                if case .convolution(let kind, var geometry) = operation, wanted != nil {
                    geometry.batch /= count
                    vertex.kind = .operation(.convolution(kind, geometry))
                }
            }
            let number = vertices.count
            vertices.append(vertex)
            known[key] = number
            return number
        }

        private func axesOfInputs(_ v: Int, _ operation: Operation, _ wanted: Axis) throws -> [Axis] {
            let body = blocks.operation.body
            let inputs = body.vertices[v].inputs
            guard let axis = wanted else { return inputs.map { _ in nil } }
            let shape = body.vertices[v].shape
            switch operation {
            case .constant: return []
            case .coordinate(let other):
                guard other != axis else { throw Mixed() }
                return []
            case .unary, .binary, .select, .cast: return inputs.map { _ in axis }
            case .concatenate(let joined):
                guard joined != axis else { throw Mixed() }
                return inputs.map { _ in axis }
            case .reshape: return [try blocks.moved(axis, from: shape, to: body.vertices[inputs[0]].shape)]
            case .permute(let axes): return [axes[axis]]
            case .expand: return [body.vertices[inputs[0]].shape[axis] == shape[axis] ? axis : nil]
            case .slice, .pad, .flip:
                guard blocks.leaves(axis, alone: operation, body.vertices[inputs[0]].shape, shape) else {
                    throw Mixed()
                }
                return [axis]
            case .reduce(_, let reduced):
                let kept = body.vertices[inputs[0]].shape.indices.filter { !reduced.contains($0) }
                return [kept[axis]]
            case .contraction:
                if axis != 0 { return axis == 1 ? [1, nil] : [nil, 2] }
                return [0, 0]
            case .convolution: return [0, nil]
            case .gather: return [nil, 0]
            case .source, .random, .scatterAdd, .scan: throw Mixed()
            }
        }
    }
}
