import Compute

/// One future step: which stored vertices it computes, from which others.
struct Kernel {
    /// A vertex to compute, and the storage that takes it: its own, or a part of a concatenation's.
    struct Root {
        var vertex: Int
        var target: Int
        var view: View
    }

    /// Ascending by vertex.
    var roots: [Root]
    /// The product, convolution, reduction, gather or scatter at the kernel's heart; `nil` for pointwise kernels.
    var heart: Int?
    /// What it loads, and whether all loads of that vertex are at the index being computed.
    var reads: [Int: Bool]
    /// Computes nothing but new values of sources; such kernels run last.
    var onlyAssigns = false
    /// Takes new values of sources that no other kernel reads: it need not wait until the end.
    var assignsPrivately = false

    /// The shape of every root.
    var shape: [Int]

    /// Takes over the roots of a pointwise kernel of the same shape.
    mutating func join(_ other: Kernel) {
        roots = (roots + other.roots).sorted { $0.vertex < $1.vertex }
        reads.merge(other.reads) { $0 && $1 }
    }
}

extension Lowering {
    /// All kernels, in an order in which each finds its inputs ready, neighbours of one shape merged.
    func schedule() throws -> [Kernel] {
        var kernels: [(position: Int, kernel: Kernel)] = []
        let heartOf = Dictionary(fusion.epilogue.map { ($0.value, $0.key) }, uniquingKeysWith: { a, _ in a })
        for (v, vertex) in graph.vertices.enumerated() where fusion.isStored[v] {
            guard let operation = vertex.operation else { continue }
            if case .concatenate(let axis) = operation {
                var start = 0
                for input in vertex.inputs {
                    let extent = graph.vertices[input].shape[axis]
                    if fusion.placement[graph.base(of: input)]?.concatenation != v
                        || !isPlaced(input, in: v, start, axis)
                    {
                        var view = View(contiguous: vertex.shape)
                        view.offset = start * view.strides[axis]
                        view.shape[axis] = extent
                        kernels.append((v, try kernel(root: input, target: v, view: view, heart: nil)))
                    }
                    start += extent
                }
                continue
            }
            if let scan = operation.scan {
                for (state, number) in scan.stateInputs.enumerated() {
                    let segment = scan.segments[state]
                    var view = View(contiguous: segment.shape)
                    view.offset = segment.range(0..<scan.firstEntry(ofState: state)).upperBound
                    kernels.append((v, try kernel(root: vertex.inputs[number], target: v, view: view, heart: nil)))
                }
            }
            let isHeart = !operation.isPointwise && !operation.isMovement
            let heart = isHeart ? v : heartOf[v]
            kernels.append((v, try kernel(root: v, target: v, view: View(contiguous: vertex.shape), heart: heart)))
        }
        markAssigning(&kernels)
        // Stable: by moment, assignments last.
        let moments = moments(of: kernels)
        let ordered = kernels.enumerated().sorted { a, b in
            func key(_ entry: (offset: Int, element: (position: Int, kernel: Kernel))) -> (Int, Int, Int, Int) {
                let moment = moments[entry.offset]
                let (position, kernel) = entry.element
                return (kernel.onlyAssigns ? 1 : 0, moment, moment < position ? 1 : 0, entry.offset)
            }
            return key(a) < key(b)
        }
        return withSumsBehindProducts(withRowsTogether(merged(ordered.map(\.element.kernel))))
    }

    /// When each kernel runs: at its vertex's position; or, where its result is much smaller than what it reads, right
    /// after the last of that was computed. The gradient of a weight then finds its operands in the caches, and their
    /// memory is free for others afterwards.
    private func moments(of kernels: [(position: Int, kernel: Kernel)]) -> [Int] {
        var computed: [Int: Int] = [:]  // The moment of each stored vertex.
        return kernels.map { position, kernel in
            var moment = position
            let reads = kernel.reads.keys.filter { graph.vertices[$0].operation != nil }
            let largest = reads.map { graph.vertices[$0].count }.max() ?? 0
            // A scan follows the kernels that compute its first states.
            if let heart = kernel.heart, graph.vertices[heart].operation?.scan == nil,
                8 * kernel.roots.reduce(0, { $0 + $1.view.count }) <= largest
            {
                moment = reads.map { computed[$0] ?? $0 }.max() ?? position
            }
            for root in kernel.roots where root.target == root.vertex { computed[root.vertex] = moment }
            return moment
        }
    }

    /// Whether the placed base of `input` is this very part of the concatenation (it may be there twice).
    private func isPlaced(_ input: Int, in concatenation: Int, _ start: Int, _ axis: Int) -> Bool {
        let inner = graph.vertices[concatenation].shape[(axis + 1)...].reduce(1, *)
        return fusion.placement[graph.base(of: input)]?.offset == start * inner
    }

    private func kernel(root: Int, target: Int, view: View, heart: Int?) throws -> Kernel {
        var kernel = Kernel(
            roots: [.init(vertex: root, target: target, view: view)], heart: heart, reads: [:],
            shape: graph.vertices[root].shape)
        let body = try expressions(of: kernel)
        func note(_ emission: Emission) {
            let extent = emission.operands.indices.map { index in
                emission.expression.instructions.allSatisfy { instruction in
                    switch instruction {
                    case .load(index, let view): view.isContiguous && view.offset == 0
                    case .random(_, index, _, _): false
                    default: true
                    }
                }
            }
            for (index, vertex) in emission.operands.enumerated() {
                let isSame = extent[index] && graph.vertices[vertex].count == kernel.shape.reduce(1, *)
                kernel.reads[vertex] = (kernel.reads[vertex] ?? true) && isSame
            }
        }
        if let epilogue = body.epilogue { note(epilogue) }
        if let main = body.main { note(main) }
        if let heart {
            // What a heart reads besides expressions, it reads anywhere.
            if body.main == nil {
                for input in operands(ofHeart: heart) { kernel.reads[operandBase(of: input)] = false }
            } else if graph.vertices[heart].count != graph.vertices[graph.vertices[heart].inputs[0]].count {
                for read in kernel.reads.keys { kernel.reads[read] = false }
            }
        }
        return kernel
    }

    /// What a heart reads besides expressions. A scan finds its first states in its own memory.
    func operands(ofHeart heart: Int) -> [Int] {
        let vertex = graph.vertices[heart]
        guard let scan = vertex.operation?.scan else { return vertex.inputs }
        return vertex.inputs.indices.filter { !scan.stateInputs.contains($0) }.map { vertex.inputs[$0] }
    }

    /// The stored vertex that a heart's operand is a view of.
    func operandBase(of input: Int) -> Int {
        var vertex = input
        while !isLoadable(vertex) { vertex = graph.vertices[vertex].inputs[0] }
        return vertex
    }

    /// Marks kernels whose results only go to sources, or to kernels of that kind.
    private func markAssigning(_ kernels: inout [(position: Int, kernel: Kernel)]) {
        var readers: [Int: [Int]] = [:]
        for (index, entry) in kernels.enumerated() {
            for read in entry.kernel.reads.keys { readers[read, default: []].append(index) }
        }
        let assigned = Set(
            graph.outputs.filter { $0.destination != .result }.map { graph.base(of: $0.vertex) })
        let results = Set(graph.outputs.filter { $0.destination == .result }.map { graph.base(of: $0.vertex) })
        for index in kernels.indices.reversed() {
            kernels[index].kernel.onlyAssigns = kernels[index].kernel.roots.allSatisfy { root in
                assigned.contains(root.target) && !results.contains(root.target)
                    && (readers[root.target] ?? []).allSatisfy { kernels[$0].kernel.onlyAssigns }
            }
            guard kernels[index].kernel.onlyAssigns else { continue }
            kernels[index].kernel.assignsPrivately = graph.outputs.allSatisfy { output in
                guard case .source(let ordinal) = output.destination,
                    kernels[index].kernel.roots.contains(where: { $0.target == graph.base(of: output.vertex) }),
                    let source = graph.vertices.firstIndex(where: { $0.kind == .source(ordinal) })
                else { return true }
                return (readers[source] ?? []).allSatisfy { $0 == index }
            }
        }
    }

    /// Joins pointwise kernels of one shape where nothing has to happen between them: shared inputs are read once, and
    /// a launch is saved.
    private func merged(_ kernels: [Kernel]) -> [Kernel] {
        var groups: [Kernel] = []
        var ready: [Int: Int] = [:]  // The last group that writes a vertex's storage.
        for kernel in kernels {
            // The first group that every input is ready for.
            var earliest = 0
            for (read, isSame) in kernel.reads {
                guard let group = ready[read] ?? ready[storage(of: read)] else { continue }
                let canJoin = isSame && groups[group].roots.contains { $0.vertex == read && $0.target == read }
                earliest = max(earliest, canJoin ? group : group + 1)
            }
            var host: Int?
            if kernel.heart == nil, earliest < groups.count {
                host = groups.indices[earliest...].last { canMerge(kernel, into: groups[$0]) }
            }
            if let host {
                groups[host].join(kernel)
            } else {
                groups.append(kernel)
            }
            let index = host ?? groups.count - 1
            for root in kernel.roots {
                for vertex in [root.target, storage(of: root.target), storage(of: root.vertex)] {
                    ready[vertex] = max(ready[vertex] ?? 0, index)
                }
            }
        }
        return groups
    }

    private func canMerge(_ kernel: Kernel, into group: Kernel) -> Bool {
        guard group.shape == kernel.shape, group.roots.count < 8,
            group.onlyAssigns == kernel.onlyAssigns || (group.heart != nil && kernel.assignsPrivately),
            group.reads.count + kernel.reads.count <= 20
        else { return false }
        // First states are computed together, and no earlier: that is when a scan's memory is needed.
        let (own, other) = (firstStates(of: kernel), firstStates(of: group))
        if own != nil || other != nil { return own == other }
        // What follows a heart is evaluated once for each of its results. Copies join each other instead.
        if let heart = group.heart {
            return kernel.reads.keys.contains { read in group.roots.contains { $0.vertex == read } }
                && kernel.roots.allSatisfy { $0.target == $0.vertex }
                && (isReduction(heart) || isBeside(kernel, heart))
        }
        let count = kernel.shape.reduce(1, *)
        if count <= 4096 { return true }
        // Large kernels join where they share more than scalars.
        return kernel.reads.keys.contains { read in
            graph.vertices[read].count > 1
                && (group.reads[read] != nil || group.roots.contains { $0.vertex == read })
        }
    }

    /// Whether a pointwise kernel can be computed with a product's or convolution's result: a ReLU is stored beside what it
    /// follows, which is not read again.
    private func isBeside(_ kernel: Kernel, _ heart: Int) -> Bool {
        guard let operation = graph.vertices[heart].operation, operation.takesEpilogue, !isBody, !kernel.onlyAssigns,
            !fusion.separate.contains(heart), let body = try? expressions(of: kernel).main
        else { return false }
        return body.expression.views.allSatisfy { $0.reshaped(to: graph.vertices[heart].shape) != nil }
    }

    /// The scan whose first states a kernel computes.
    private func firstStates(of kernel: Kernel) -> Int? {
        kernel.roots.lazy.map(\.target).first { graph.vertices[$0].operation?.scan != nil && $0 != kernel.heart }
    }

    /// The vertex whose memory holds `vertex`: a concatenation's for what is computed in place.
    func storage(of vertex: Int) -> Int {
        var vertex = vertex
        while let place = fusion.placement[vertex] { vertex = place.concatenation }
        return vertex
    }

    /// Whether a vertex is in memory: a source, or stored.
    func isLoadable(_ vertex: Int) -> Bool {
        if case .source = graph.vertices[vertex].kind { return true }
        return fusion.isStored[vertex]
    }

    /// A kernel's expressions: `main` runs over the heart's input or the kernel's own shape, `epilogue` follows a heart.
    func expressions(
        of kernel: Kernel
    ) throws -> (main: Emission?, values: [Int], epilogue: Emission?, epilogueValues: [Int]) {
        let loadable = graph.vertices.indices.map(isLoadable)
        guard let heart = kernel.heart else {
            var main = Emission(graph, isStored: loadable)
            let values = try kernel.roots.map {
                try $0.target == $0.vertex ? main.emitRoot($0.vertex) : main.emit($0.vertex)
            }
            return (main, values, nil, [])
        }
        var epilogue: Emission?
        var epilogueValues: [Int] = []
        if kernel.roots.map(\.vertex) != [heart] || isReduction(heart) {
            var emission = Emission(graph, isStored: loadable, accumulator: heart)
            epilogueValues = try kernel.roots.map {
                try $0.target == $0.vertex ? emission.emitRoot($0.vertex) : emission.emit($0.vertex)
            }
            epilogue = emission
        }
        var main: Emission?
        var values: [Int] = []
        if isReduction(heart) {
            var emission = Emission(graph, isStored: loadable)
            values = [try emission.emit(graph.vertices[heart].inputs[0])]
            main = emission
        }
        return (main, values, epilogue, epilogueValues)
    }

    func isReduction(_ vertex: Int) -> Bool {
        if case .reduce = graph.vertices[vertex].operation { true } else { false }
    }
}
