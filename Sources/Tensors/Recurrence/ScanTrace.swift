import Compute

/// Makes a scan of tensors written down over leaves for one step.
///
/// What does not depend on the step (weights, and what is computed from them) is computed before the scan and captured;
/// what only looks at it in another way (a transposed weight, a bias repeated for each row) stays in the body, so that
/// nothing is copied for it.
struct ScanTrace {
    let steps: Int
    let isReversed: Bool
    /// Nodes older than this are from outside, and captured as they are.
    let start: Int
    /// Nodes that stand for one step of a sequence `[steps, …]`.
    var sequences: [(leaf: Node, value: Tensor)]
    var states: [(leaf: Node, first: Tensor, next: Tensor)]
    /// Tensors that captured leaves stand for.
    var captured: [ObjectIdentifier: Tensor] = [:]

    private var stepLeaves: Set<ObjectIdentifier> {
        Set(sequences.map { ObjectIdentifier($0.leaf) } + states.map { ObjectIdentifier($0.leaf) })
    }

    /// The scan, and what it makes of `outputs`: each stacked along time.
    func scan(_ outputs: [Tensor]) throws -> (result: ScanResult, outputs: [Tensor]) {
        let leaves = stepLeaves
        let isLeaf: (Node) -> Bool = { leaves.contains(ObjectIdentifier($0)) || $0.serial < start }
        var rewriting = ScanRewriting(isLeaf: isLeaf, stepLeaves: leaves)
        let next = try states.map { try rewriting.rewritten($0.next) }
        let rewritten = try outputs.map { try rewriting.rewritten($0) }
        var writer = Writer(self, order: topologicalOrder(of: (next + rewritten).map(\.node), isLeaf: isLeaf))

        let nextVertices = try next.map { try writer.vertex(of: $0.node) }
        var stacked: [Int] = []
        func number(_ vertex: Int) -> Int {
            let known = stacked.firstIndex(of: vertex)
            if known == nil { stacked.append(vertex) }
            return known ?? stacked.count - 1
        }
        // Where each output comes from, once there is a scan.
        let sources: [(ScanResult) throws -> Tensor] = try rewritten.map { output in
            if let sequence = sequences.first(where: { $0.leaf === output.node }) { return { _ in sequence.value } }
            if let state = states.firstIndex(where: { $0.leaf === output.node }) { return { try $0.before(state) } }
            let vertex = try writer.vertex(of: output.node)
            if let state = nextVertices.firstIndex(of: vertex) { return { try $0.after(state) } }
            let number = number(vertex)
            return { try $0.stacked(states.count + number) }
        }
        for vertex in writer.kept where !nextVertices.contains(vertex) { _ = number(vertex) }

        let used = sequences.indices.filter { writer.isUsed[$0] }
        let operation = ScanOperation(
            steps: steps, isReversed: isReversed, sequences: used.count, keepsHistory: states.map { _ in true },
            body: writer.graph(used: used, outputs: nextVertices + stacked))
        let inputs = used.map { sequences[$0].value } + states.map(\.first) + writer.captured
        let shape = [operation.count]
        try Tensor.check(shape, operation: "scan")
        let packed = Tensor(.scan(operation), inputs, shape: shape, dtype: .float32)
        let result = ScanResult(packed: packed, operation: operation)
        return (result, try sources.map { try $0(result) })
    }
}

extension ScanTrace {
    /// Writes the body's graph. Leaves are numbered sequences first, then states, then what is captured.
    fileprivate struct Writer {
        let trace: ScanTrace
        private var vertices: [Graph.Vertex] = []
        private var numbers: [Graph.Vertex: Int] = [:]
        private var known: [ObjectIdentifier: Int] = [:]
        /// Nodes that depend on the step.
        private var depends: Set<ObjectIdentifier>
        private var ordinals: [ObjectIdentifier: Int] = [:]
        private(set) var isUsed: [Bool]
        private(set) var captured: [Tensor] = []

        init(_ trace: ScanTrace, order: [Node]) {
            self.trace = trace
            isUsed = trace.sequences.map { _ in false }
            depends = trace.stepLeaves
            for (number, leaf) in (trace.sequences.map(\.leaf) + trace.states.map(\.leaf)).enumerated() {
                ordinals[ObjectIdentifier(leaf)] = number
            }
            for node in order where !depends.contains(ObjectIdentifier(node)) && node.serial >= trace.start {
                if node.inputs.contains(where: { depends.contains(ObjectIdentifier($0)) }) {
                    depends.insert(ObjectIdentifier(node))
                }
            }
        }

        /// - Throws: `TensorError.unsupported` for a scan inside the body.
        mutating func vertex(of node: Node) throws -> Int {
            // In a loop, inputs first: bodies may be deep.
            let isLeaf: (Node) -> Bool = { [depends, ordinals] node in
                ordinals[ObjectIdentifier(node)] != nil || !depends.contains(ObjectIdentifier(node))
            }
            for inner in topologicalOrder(of: [node], isLeaf: isLeaf)
            where known[ObjectIdentifier(inner)] == nil && depends.contains(ObjectIdentifier(inner)) {
                known[ObjectIdentifier(inner)] = try written(inner)
            }
            return known[ObjectIdentifier(node)] ?? invariant(node, ofProduct: false)
        }

        private mutating func written(_ node: Node) throws -> Int {
            let identity = ObjectIdentifier(node)
            if let ordinal = ordinals[identity] {
                if ordinal < isUsed.count { isUsed[ordinal] = true }
                return source(ordinal, node)
            }
            if case .scan = node.operation {
                throw TensorError.unsupported(
                    operation: "scan", what: "a scan inside its body",
                    instead: "compute the inner one before, over a sequence, or write its steps out")
            }
            let inputs = node.inputs.map {
                known[ObjectIdentifier($0)] ?? invariant($0, ofProduct: node.operation == .contraction)
            }
            return add(.operation(node.operation), inputs, node)
        }

        /// Vertices worth keeping for the way back: results of products and their like, and the sums that these go into:
        /// a sum is stored where the product's result is computed, and the result itself then is not.
        var kept: [Int] {
            var users = [[Int]](repeating: [], count: vertices.count)
            for (v, vertex) in vertices.enumerated() { for input in vertex.inputs { users[input].append(v) } }
            var kept: [Int] = []
            for (v, vertex) in vertices.enumerated() where vertex.operation?.isWorthKeeping == true {
                var last = v
                kept.append(v)
                while users[last].count == 1, let next = users[last].first, vertices[next].count == vertex.count,
                    vertices[next].operation?.isSum == true
                {
                    last = next
                }
                if last != v { kept.append(last) }
            }
            return kept.filter { vertices[$0].dtype == .float32 }
        }

        /// What does not depend on the step: looked at in the body where that needs no copy, and captured otherwise.
        private mutating func invariant(_ node: Node, ofProduct: Bool) -> Int {
            var path: [Node] = []
            var base = node
            while base.serial >= trace.start, base.operation.isLooking {
                path.append(base)
                base = base.inputs[0]
            }
            if case .constant = base.operation, base.serial >= trace.start {
                return path.reversed().reduce(add(.operation(base.operation), [], base)) {
                    add(.operation($1.operation), [$0], $1)
                }
            }
            var view: View? = View(contiguous: base.shape)
            for movement in path.reversed() { view = view?.moved(by: movement.operation, to: movement.shape) }
            guard let view, !ofProduct || Matrix(view: view) != nil else {
                return source(ordinal(ofCaptured: node), node)
            }
            return path.reversed().reduce(source(ordinal(ofCaptured: base), base)) {
                add(.operation($1.operation), [$0], $1)
            }
        }

        private mutating func ordinal(ofCaptured node: Node) -> Int {
            if let ordinal = ordinals[node.identity] { return ordinal }
            let ordinal = trace.sequences.count + trace.states.count + captured.count
            ordinals[node.identity] = ordinal
            captured.append(trace.outside(node))
            return ordinal
        }

        private mutating func source(_ ordinal: Int, _ node: Node) -> Int { add(.source(ordinal), [], node) }

        private mutating func add(_ kind: Graph.Kind, _ inputs: [Int], _ node: Node) -> Int {
            let vertex = Graph.Vertex(kind: kind, inputs: inputs, shape: node.shape, dtype: node.dtype)
            if let number = numbers[vertex] { return number }
            numbers[vertex] = vertices.count
            vertices.append(vertex)
            return vertices.count - 1
        }

        /// The graph, with the leaves of unused sequences left out of the numbering.
        func graph(used: [Int], outputs: [Int]) -> Graph {
            var renumbered = vertices
            let unused = trace.sequences.count - used.count
            for (index, vertex) in vertices.enumerated() {
                guard case .source(let ordinal) = vertex.kind else { continue }
                renumbered[index].kind = .source(
                    ordinal < trace.sequences.count ? used.firstIndex(of: ordinal) ?? 0 : ordinal - unused)
            }
            return Graph(vertices: renumbered, outputs: outputs.map { Graph.Output(vertex: $0, destination: .result) })
        }
    }

    /// A tensor that does not depend on the step, with the leaves that stand for captured ones replaced by those.
    func outside(_ node: Node) -> Tensor {
        if captured.isEmpty { return Tensor(node) }
        var known: [ObjectIdentifier: Tensor] = captured
        for node in topologicalOrder(of: [node], isLeaf: { captured[ObjectIdentifier($0)] != nil || $0.serial < start })
        where known[ObjectIdentifier(node)] == nil {
            let inputs = node.inputs.compactMap { known[ObjectIdentifier($0)] }
            let isSame = node.serial < start || zip(inputs, node.inputs).allSatisfy { $0.node === $1 }
            known[ObjectIdentifier(node)] =
                isSame ? Tensor(node) : Tensor(node.operation, inputs, shape: node.shape, dtype: node.dtype)
        }
        return known[ObjectIdentifier(node)] ?? Tensor(node)
    }
}

extension Operation {
    /// Work that is kept for the way back rather than done twice.
    var isWorthKeeping: Bool {
        switch self {
        case .contraction, .convolution, .reduce, .scatterAdd: true
        default: false
        }
    }

    /// A sum, or the same elements under another shape.
    fileprivate var isSum: Bool {
        switch self {
        case .reshape, .binary(.add), .binary(.subtract): true
        default: false
        }
    }

    /// Another look at the whole of a tensor, or at parts of it repeated.
    fileprivate var isLooking: Bool {
        switch self {
        case .reshape, .permute, .expand: true
        default: false
        }
    }
}
