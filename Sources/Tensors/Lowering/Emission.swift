import Compute

/// Why an attempt at lowering has to start again, with one decision changed.
enum LoweringRetry: Error {
    /// The vertex has to be in memory.
    case store(Int)
    /// No epilogue can be fused onto the vertex.
    case separate(Int)
}

/// Writes the expression of a kernel: everything between the vertices in memory and the kernel's roots.
struct Emission {
    let graph: Graph
    /// Whether a vertex can be loaded.
    let isStored: [Bool]
    /// The product, convolution or reduction whose result the expression follows.
    let accumulator: Int?

    private(set) var expression = Expression()
    /// The vertices that the expression's operands stand for.
    private(set) var operands: [Int] = []
    private var values: [Key: Int] = [:]

    /// A vertex seen through movement operations; the outermost comes first.
    private struct Key: Hashable {
        var vertex: Int
        var movement: [Int]
    }

    init(_ graph: Graph, isStored: [Bool], accumulator: Int? = nil) {
        self.graph = graph
        self.isStored = isStored
        self.accumulator = accumulator
    }

    /// The value of a root, computed even though it is stored.
    mutating func emitRoot(_ vertex: Int) throws -> Int {
        let value = try compute(vertex, [])
        values[Key(vertex: vertex, movement: [])] = value
        return value
    }

    /// The value of a vertex that a step takes as it is, loaded where it is stored.
    mutating func emit(_ vertex: Int) throws -> Int { try emit(vertex, []) }

    private mutating func emit(_ vertex: Int, _ movement: [Int]) throws -> Int {
        var movement = movement
        // A root of this kernel seen through reshapes that change nothing is at hand.
        if !movement.isEmpty, values[Key(vertex: vertex, movement: [])] != nil, isStored[vertex],
            try isIdentity(movement, of: vertex)
        {
            movement = []
        }
        let key = Key(vertex: vertex, movement: movement)
        if let known = values[key] { return known }
        let value: Int
        if isStored[vertex] {
            value = load(vertex, try view(of: vertex, movement))
        } else {
            value = try compute(vertex, movement)
        }
        values[key] = value
        return value
    }

    private mutating func compute(_ v: Int, _ movement: [Int]) throws -> Int {
        let vertex = graph.vertices[v]
        guard case .operation(let operation) = vertex.kind else { return load(v, try view(of: v, movement)) }
        if v == accumulator {
            guard try isIdentity(movement, of: v) else { throw LoweringRetry.separate(v) }
            return expression.append(.accumulator, type: vertex.dtype)
        }
        if case .pad(let before) = operation { return try emitPadding(v, before, movement) }
        if operation.isMovement { return try emit(vertex.inputs[0], movement + [v]) }
        let inputs =
            if case .random = operation { [Int]() } else { try vertex.inputs.map { try emit($0, movement) } }
        switch operation {
        case .constant(let scalar):
            return expression.append(.constant(scalar), type: vertex.dtype)
        case .coordinate(let axis):
            var own = View(contiguous: vertex.shape)
            own.strides = own.strides.indices.map { $0 == axis ? 1 : 0 }
            return expression.append(.index(view: try unbounded(moved(own, of: v, by: movement), v)), type: .int32)
        case .random(let distribution, let stream):
            let key = vertex.inputs[0]
            let base = graph.movementBase(of: key)
            let keyView = try view(of: base, Array(graph.movementPath(from: key)))
            return expression.append(
                .random(
                    distribution, operand: operand(base, keyView.offset), stream: stream,
                    view: try unbounded(view(of: v, movement), v)), type: vertex.dtype)
        case .unary(let operation):
            return expression.append(.unary(operation, inputs[0]), type: vertex.dtype)
        case .binary(let operation):
            return expression.append(.binary(operation, inputs[0], inputs[1]), type: vertex.dtype)
        case .select:
            return expression.append(.select(inputs[0], inputs[1], inputs[2]), type: vertex.dtype)
        case .cast:
            if expression.types[inputs[0]] == vertex.dtype { return inputs[0] }
            return expression.append(.cast(vertex.dtype, inputs[0]), type: vertex.dtype)
        default:
            throw LoweringRetry.store(v)
        }
    }

    /// Padding around memory is in the view that loads it; around a computed value it is chosen element by element.
    private mutating func emitPadding(_ v: Int, _ before: [Int], _ movement: [Int]) throws -> Int {
        let (vertex, input) = (graph.vertices[v], graph.vertices[v].inputs[0])
        let inner = try emit(input, movement + [v])
        if isStored[graph.movementBase(of: input)] { return inner }
        var inside: Int?
        func note(_ condition: Int, _ expression: inout Expression) {
            inside = inside.map { expression.append(.binary(.and, $0, condition), type: .bool) } ?? condition
        }
        for (axis, extent) in graph.vertices[input].shape.enumerated() where extent != vertex.shape[axis] {
            var own = View(contiguous: vertex.shape)
            own.strides = own.strides.indices.map { $0 == axis ? 1 : 0 }
            let view = try unbounded(moved(own, of: v, by: movement), v)
            let coordinate = expression.append(.index(view: view), type: .int32)
            if before[axis] > 0 {
                let low = expression.append(.constant(.int(Int32(before[axis]))), type: .int32)
                note(expression.append(.binary(.lessOrEqual, low, coordinate), type: .bool), &expression)
            }
            if before[axis] + extent < vertex.shape[axis] {
                let high = expression.append(.constant(.int(Int32(before[axis] + extent))), type: .int32)
                note(expression.append(.binary(.less, coordinate, high), type: .bool), &expression)
            }
        }
        guard let inside else { return inner }
        let zero = expression.append(.constant(vertex.dtype.zero), type: vertex.dtype)
        return expression.append(.select(inside, inner, zero), type: vertex.dtype)
    }

    /// Numbers computed from a view exist only where the view has no bounds.
    private func unbounded(_ view: View, _ vertex: Int) throws -> View {
        guard view.valid == nil else { throw LoweringRetry.store(vertex) }
        return view
    }

    /// Offsets of random keys, by operand, in elements: a key may be a part of a larger buffer.
    private(set) var operandOffsets: [Int] = []

    private mutating func operand(_ vertex: Int, _ offset: Int = 0) -> Int {
        for (index, known) in operands.enumerated() where known == vertex && operandOffsets[index] == offset {
            return index
        }
        operands.append(vertex)
        operandOffsets.append(offset)
        return operands.count - 1
    }

    private mutating func load(_ vertex: Int, _ view: View) -> Int {
        let dtype = graph.vertices[vertex].dtype
        // Nothing but padding.
        if view.valid?.contains(where: \.isEmpty) == true {
            return expression.append(.constant(.zero(of: dtype)), type: dtype)
        }
        return expression.append(.load(operand: operand(vertex), view: view), type: dtype)
    }

    /// The view of a vertex's own contiguous memory (or row-major numbering) through movement.
    private func view(of vertex: Int, _ movement: [Int]) throws -> View {
        try moved(View(contiguous: graph.vertices[vertex].shape), of: vertex, by: movement)
    }

    private func moved(_ view: View, of vertex: Int, by movement: [Int]) throws -> View {
        var view = view
        for step in movement.reversed() {
            guard let operation = graph.vertices[step].operation,
                let next = view.moved(by: operation, to: graph.vertices[step].shape)
            else { throw LoweringRetry.store(graph.vertices[step].inputs[0]) }
            view = next
        }
        return view
    }

    private func isIdentity(_ movement: [Int], of vertex: Int) throws -> Bool {
        let view = try view(of: vertex, movement)
        return view.isContiguous && view.offset == 0 && view.count == graph.vertices[vertex].count
    }
}

extension Graph {
    /// The movement operations between a vertex and the one below all movement, outermost first.
    func movementPath(from vertex: Int) -> [Int] {
        var path: [Int] = []
        var vertex = vertex
        while vertices[vertex].operation?.isMovement == true {
            path.append(vertex)
            vertex = vertices[vertex].inputs[0]
        }
        return path
    }
}

extension Scalar {
    fileprivate static func zero(of dtype: DType) -> Scalar {
        switch dtype {
        case .float32: .float(0)
        case .int32: .int(0)
        case .uint8: .uint8(0)
        case .bool: .bool(false)
        }
    }
}

extension DType {
    fileprivate var zero: Scalar {
        switch self {
        case .float32: .float(0)
        case .int32: .int(0)
        case .uint8: .uint8(0)
        case .bool: .bool(false)
        }
    }
}
