import Compute

/// Decides which vertices get memory of their own, and which are computed inside the kernel that uses them.
///
/// Movement and cheap pointwise vertices live inside their users. A vertex is stored where it must be (an output, an
/// operand of a product), and where computing it in several kernels would cost more than one store and the loads.
struct Fusion {
    let graph: Graph
    /// Vertices that a failed attempt found to need memory.
    let forced: Set<Int>
    /// Vertices that a failed attempt found impossible to fuse an epilogue onto.
    let separate: Set<Int>

    private(set) var isStored: [Bool]
    /// For a product, convolution or reduction whose only user is fused onto it: that user, which is then the root.
    private(set) var epilogue: [Int: Int] = [:]
    /// For a vertex computed right into a part of a concatenation: where.
    private(set) var placement: [Int: (concatenation: Int, offset: Int)] = [:]
    /// Stored for a reason that no epilogue can take away.
    private var isPinned: [Bool]
    /// For each vertex, the kernels (named by their root vertex) that compute or read it.
    private var kernels: [Set<Int>]
    /// For each vertex, the chains of movement through which kernels see it: each is computed by itself.
    private var forms: [Set<[Int]>]
    /// How many vertices lie between each vertex and the kernel's root.
    private var level: [Int]
    private let cost: [Int]
    /// Pointwise vertices that are the only way to use a product, convolution or reduction: storing such a vertex
    /// costs no more than storing the raw result would.
    private let finishes: [Bool]

    /// Work per element, in units of an addition, up to which a vertex is computed again rather than stored.
    private static let cheap = 10
    /// Work per element that one vertex may cause in a kernel that computes it more often than it has elements: seen in
    /// several forms, or under padding.
    private static let dear = 40
    /// Vertices in a row that one kernel may compute: expressions of this size still compile fast.
    private static let deepest = 128

    init(_ graph: Graph, forced: Set<Int>, separate: Set<Int>) {
        self.graph = graph
        self.forced = forced
        self.separate = separate
        let count = graph.vertices.count
        isStored = [Bool](repeating: false, count: count)
        isPinned = [Bool](repeating: false, count: count)
        kernels = [Set<Int>](repeating: [], count: count)
        forms = [Set<[Int]>](repeating: [], count: count)
        level = [Int](repeating: 0, count: count)
        cost = Fusion.costs(graph)
        finishes = Fusion.finishing(graph)
        for vertex in forced { pin(vertex) }
        for output in graph.outputs { pin(graph.base(of: output.vertex)) }
        for vertex in graph.vertices.indices.reversed() { decide(vertex) }
        fuseEpilogues()
    }

    private mutating func pin(_ vertex: Int) {
        guard case .operation = graph.vertices[vertex].kind else { return }
        isStored[vertex] = true
        isPinned[vertex] = true
    }

    private mutating func decide(_ v: Int) {
        guard let operation = graph.vertices[v].operation else { return }
        let inputs = graph.vertices[v].inputs
        if !operation.isPointwise && !operation.isMovement { isStored[v] = true }
        if !isStored[v], kernels[v].count > 1, cost[v] > Fusion.cheap || finishes[v] {
            // Movement is free: what is worth keeping is what lies below it.
            let base = graph.movementBase(of: v)
            if case .operation = graph.vertices[base].kind { isStored[base] = true }
        }

        if operation.isPointwise, !inputs.isEmpty,
            level[v] > Fusion.deepest || forms[v].count > 1 && forms[v].count * cost[v] > Fusion.dear
        {
            isStored[v] = true
        }

        switch operation {
        case .contraction:
            for input in inputs { pinOperand(input, accepting: { Matrix(view: $0) != nil }) }
        case .convolution, .gather, .scatterAdd:
            for input in inputs { pinOperand(input, accepting: \.isContiguous) }
        case .scan(let scan):
            // The first states are computed right into the result.
            for (number, input) in inputs.enumerated() where !scan.stateInputs.contains(number) {
                pinOperand(input, accepting: \.isContiguous)
            }
        case .random:
            pinOperand(inputs[0], accepting: \.isContiguous)
        case .pad:
            // A computed value can be padded as it is computed; a result of a step, and costly work, from memory.
            let base = graph.movementBase(of: inputs[0])
            if graph.vertices[base].operation?.isPointwise != true || cost[base] > Fusion.dear {
                pin(base)
            }
        case .expand:
            let base = graph.movementBase(of: inputs[0])
            if case .operation = graph.vertices[base].kind,
                Fusion.isComputedOnce(base, repeatedBy: v, cost: cost[base], in: graph)
            {
                isStored[base] = true
            }
        case .concatenate(let axis):
            place(inputs, in: v, axis: axis)
        default: break
        }
        let users: Set<Int> = isStored[v] ? [v] : kernels[v]
        let ownForms: Set<[Int]> = isStored[v] ? [[]] : forms[v]
        let formsOfInputs = operation.isMovement ? Set(ownForms.map { $0 + [v] }) : ownForms
        for input in inputs {
            kernels[input].formUnion(users)
            forms[input].formUnion(formsOfInputs)
            level[input] = max(level[input], isStored[v] ? 1 : level[v] + 1)
        }
    }

    /// Pins what a step reads from memory: the vertex below all movement where its view will do, else the input itself (or
    /// what it is another shape of).
    private mutating func pinOperand(_ input: Int, accepting accepts: (View) -> Bool) {
        let base = graph.movementBase(of: input)
        if let view = graph.view(of: input, over: base), accepts(view) {
            pin(base)
        } else {
            pin(graph.base(of: input))
        }
    }

    /// Inputs of a concatenation along the outermost axis are computed in place.
    private mutating func place(_ inputs: [Int], in concatenation: Int, axis: Int) {
        let shape = graph.vertices[concatenation].shape
        guard shape[..<axis].allSatisfy({ $0 == 1 }) else { return }
        var offset = 0
        for input in inputs {
            let base = graph.base(of: input)
            if case .operation = graph.vertices[base].kind, placement[base] == nil, !isPinned[base] {
                pin(base)
                placement[base] = (concatenation, offset)
            }
            offset += graph.vertices[input].count
        }
    }

    private mutating func fuseEpilogues() {
        var taken: Set<Int> = []
        for v in graph.vertices.indices.reversed() where !isPinned[v] && !separate.contains(v) {
            guard graph.vertices[v].operation?.takesEpilogue == true,
                kernels[v].count == 1, let root = kernels[v].first, !taken.contains(root),
                graph.vertices[root].operation?.isPointwise == true,
                graph.vertices[root].count == graph.vertices[v].count
            else { continue }
            taken.insert(root)
            epilogue[v] = root
            isStored[v] = false
        }
    }

    private static func finishing(_ graph: Graph) -> [Bool] {
        let users = graph.userCounts
        var finishes = [Bool](repeating: false, count: graph.vertices.count)
        // Whether the only use of a result leads through the vertex.
        var carries = finishes
        for (v, vertex) in graph.vertices.enumerated() {
            guard let operation = vertex.operation else { continue }
            let carried = vertex.inputs.contains {
                carries[$0] && users[$0] == 1 && graph.vertices[$0].count == vertex.count
            }
            finishes[v] = operation.isPointwise && carried
            carries[v] = operation.takesEpilogue || (carried && (operation.isPointwise || operation == .reshape))
        }
        return finishes
    }

    /// Whether an operand of an expansion is stored first, since it is repeated many times. (Devices do that with a scalar
    /// by themselves.)
    private static func isComputedOnce(_ base: Int, repeatedBy expansion: Int, cost: Int, in graph: Graph) -> Bool {
        let extent = graph.vertices[base].count
        return extent > 1 && graph.vertices[expansion].count >= 4 * extent && cost > 2
    }

    /// Work per element of computing each vertex inside its user, with vertices that several expensive users would
    /// share, and those that are stored before they are repeated, counted as loads.
    private static func costs(_ graph: Graph) -> [Int] {
        let users = graph.userCounts
        var costs = [Int](repeating: 1, count: graph.vertices.count)
        for (v, vertex) in graph.vertices.enumerated() {
            guard let operation = vertex.operation, operation.isPointwise || operation.isMovement else { continue }
            let inputs = vertex.inputs.reduce(0) { sum, input in
                sum + (users[input] > 1 && costs[input] > cheap ? 1 : costs[input])
            }
            costs[v] = min(inputs + operation.ownCost, 1000)
            if case .expand = operation {
                let base = graph.movementBase(of: vertex.inputs[0])
                if isComputedOnce(base, repeatedBy: v, cost: costs[base], in: graph) { costs[v] = 1 }
            }
        }
        return costs
    }
}

extension Operation {
    /// Work per element in units of an addition, roughly.
    fileprivate var ownCost: Int {
        switch self {
        case .random: 20
        case .unary(let operation):
            switch operation {
            case .negate, .absolute, .sign, .not, .floor, .round: 1
            case .sqrt, .rsqrt, .reciprocal: 3
            default: 5
            }
        case .binary(.power): 10
        case .binary(.divide), .binary(.remainder): 3
        case .binary, .select: 1
        default: 0
        }
    }
}

extension Graph {
    /// How many vertices read each vertex.
    var userCounts: [Int] {
        var counts = [Int](repeating: 0, count: vertices.count)
        for vertex in vertices { for input in vertex.inputs { counts[input] += 1 } }
        return counts
    }

    /// The vertex below reshapes, whose memory is the vertex's own.
    func base(of vertex: Int) -> Int {
        var vertex = vertex
        while vertices[vertex].operation == .reshape { vertex = vertices[vertex].inputs[0] }
        return vertex
    }

    /// The vertex below all movement.
    func movementBase(of vertex: Int) -> Int {
        var vertex = vertex
        while vertices[vertex].operation?.isMovement == true { vertex = vertices[vertex].inputs[0] }
        return vertex
    }

    /// How `vertex` reads the memory of `base`, with nothing but movement between them; `nil` where a copy is needed.
    func view(of vertex: Int, over base: Int) -> View? {
        var chain: [Int] = []
        var current = vertex
        while current != base {
            chain.append(current)
            guard let input = vertices[current].inputs.first, vertices[current].operation?.isMovement == true else {
                return nil
            }
            current = input
        }
        var view: View? = View(contiguous: vertices[base].shape)
        for movement in chain.reversed() {
            guard case .operation(let operation) = vertices[movement].kind else { return nil }
            view = view?.moved(by: operation, to: vertices[movement].shape)
        }
        return view
    }
}

extension Matrix {
    /// A matrix operand read through a view of shape `[batch, rows, columns]`, or `nil` where its strides are not those
    /// of a (possibly transposed) matrix.
    init?(view: View, operand: Operand = Operand(slot: 0, dtype: .float32)) {
        guard view.valid == nil, view.shape.count == 3 else { return nil }
        let (rows, columns) = (view.shape[1], view.shape[2])
        let batchStride = view.shape[0] == 1 ? 0 : view.strides[0]
        guard batchStride >= 0 else { return nil }
        var (row, column) = (view.strides[1], view.strides[2])
        // An axis of extent one may have any stride: choose what makes the matrix plain.
        if columns == 1, rows == 1 {
            (row, column) = (1, 1)
        } else if columns == 1 {
            column = 1
        } else if rows == 1 {
            if column == 1 { row = columns } else { row = 1 }
        }
        guard (column == 1 && row >= columns) || (row == 1 && column >= rows) else { return nil }
        var operand = operand
        operand.offset += view.offset
        self.init(operand: operand, batchStride: batchStride, rowStride: row, columnStride: column)
    }
}
