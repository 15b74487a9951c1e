import Compute

/// Gives scheduled kernels memory and makes steps of them.
struct PlanBuilder {
    /// A kernel with its final expressions.
    struct Item {
        var kernel: Kernel
        var main: Emission?
        var values: [Int]
        var epilogue: Emission?
        var epilogueValues: [Int]
        /// Stored vertices and sources it reads.
        var loads: Set<Int>
    }

    let lowering: Lowering
    var graph: Graph { lowering.graph }
    private(set) var items: [Item] = []
    /// Where stored vertices live, by vertex; parts of concatenations are found through `Lowering.storage`.
    var location: [Int: Operand] = [:]
    /// Copies that end the plan: what a kernel could not write where it belongs.
    var copies: [(vertex: Int, destination: Operand)] = []
    var results: [(slot: Int, bytes: Int)] = []
    /// The intermediates of scans' bodies, by item.
    var scratch: [Int: Operand] = [:]
    /// Whether the graph has gradients of convolutions' weights: a training step's, whose bits no sampler has to have.
    let trainsConvolutions: Bool
    private let sourceCount: Int

    init(_ lowering: Lowering, _ kernels: [Kernel]) throws {
        self.lowering = lowering
        var sources = 0
        for vertex in lowering.graph.vertices {
            if case .source(let ordinal) = vertex.kind { sources = max(sources, ordinal + 1) }
        }
        for output in lowering.graph.outputs {
            if case .source(let ordinal) = output.destination { sources = max(sources, ordinal + 1) }
        }
        sourceCount = sources
        trainsConvolutions = lowering.graph.vertices.contains {
            if case .convolution(.weightGradient, _) = $0.operation { true } else { false }
        }
        for kernel in kernels {
            let body = try lowering.expressions(of: kernel)
            var loads = Set((body.main?.operands ?? []) + (body.epilogue?.operands ?? []))
            if let heart = kernel.heart, body.main == nil {
                for input in lowering.operands(ofHeart: heart) { loads.insert(lowering.operandBase(of: input)) }
            }
            items.append(
                Item(
                    kernel: kernel, main: body.main, values: body.values, epilogue: body.epilogue,
                    epilogueValues: body.epilogueValues, loads: loads))
        }
        dropUnreadStores()
    }

    /// A vertex that only its own kernel reads needs no memory.
    private mutating func dropUnreadStores() {
        var needed = Set(graph.outputs.map { graph.base(of: $0.vertex) })
        for item in items { needed.formUnion(item.loads) }
        for index in items.indices where items[index].kernel.roots.count > 1 || items[index].kernel.heart == nil {
            let roots = items[index].kernel.roots
            let kept = roots.indices.filter { position in
                let root = roots[position]
                return root.target != root.vertex || needed.contains(root.vertex)
                    || needed.contains(lowering.storage(of: root.vertex))
            }
            items[index].kernel.roots = kept.map { roots[$0] }
            if items[index].kernel.heart == nil {
                items[index].values = kept.map { items[index].values[$0] }
            } else {
                items[index].epilogueValues = kept.map { items[index].epilogueValues[$0] }
            }
        }
        items.removeAll { $0.kernel.roots.isEmpty }
    }

    mutating func build(largestAllocation: Int, deviceName: String) throws -> Plan {
        for (v, vertex) in graph.vertices.enumerated() {
            if case .source(let ordinal) = vertex.kind { location[v] = Operand(slot: ordinal, dtype: vertex.dtype) }
        }
        assignDestinations()
        let slabs = try planMemory(
            firstSlot: sourceCount + results.count, largestAllocation: largestAllocation, deviceName: deviceName)
        var steps = try items.enumerated().map { try step(of: $1, scratch: scratch[$0]) }
        for copy in copies { steps.append(try self.copy(copy.vertex, to: copy.destination)) }
        steps.removeAll { $0.isEmpty }
        return Plan(steps: steps, sources: sourceCount, results: results.map(\.bytes), slabs: slabs)
    }

    /// Results and new values of sources are written where they belong, unless the old contents are still wanted.
    private mutating func assignDestinations() {
        for output in graph.outputs {
            let base = graph.base(of: output.vertex)
            let vertex = graph.vertices[base]
            let isFree = location[base] == nil
            switch output.destination {
            case .result:
                let slot = sourceCount + results.count
                results.append((slot, vertex.count * vertex.dtype.size))
                let destination = Operand(slot: slot, dtype: vertex.dtype)
                if isFree { location[base] = destination } else { copies.append((base, destination)) }
            case .source(let ordinal):
                let destination = Operand(slot: ordinal, dtype: vertex.dtype)
                if isFree, canOverwrite(ordinal, with: base) {
                    location[base] = destination
                } else {
                    copies.append((base, destination))
                }
            }
        }
        // What reads sources comes before what overwrites them.
        copies =
            copies.filter { $0.destination.slot >= sourceCount } + copies.filter { $0.destination.slot < sourceCount }
    }

    private func canOverwrite(_ ordinal: Int, with base: Int) -> Bool {
        guard let source = graph.vertices.firstIndex(where: { $0.kind == .source(ordinal) }) else { return true }
        // The first of them, where parts of a concatenation have several.
        guard
            let writer = items.firstIndex(where: {
                $0.kernel.roots.contains { lowering.storage(of: $0.target) == base }
            })
        else {
            return false
        }
        let isReadLater = items[(writer + 1)...].contains { $0.loads.contains(source) }
        let isCopied = graph.outputs.contains { graph.base(of: $0.vertex) == source }
        guard !isReadLater, !isCopied else { return false }
        return !items[writer].loads.contains(source)
            || items[writer].readsInPlace(source, count: graph.vertices[base].count)
                && !items[writer].isPlainLoad(of: base)
    }

    func storedLocation(_ vertex: Int) -> Operand? {
        if let known = location[vertex] { return known }
        guard let place = lowering.fusion.placement[vertex], var operand = storedLocation(place.concatenation) else {
            return nil
        }
        operand.offset += place.offset
        return operand
    }
}

extension PlanBuilder.Item {
    /// Whether a vertex is read only at the index that is being stored: by a pointwise kernel, or by what follows a
    /// reduction. (A product may write its result before its epilogue reads.)
    func readsInPlace(_ vertex: Int, count: Int) -> Bool {
        if kernel.heart != nil, main == nil || main?.operands.contains(vertex) == true { return false }
        guard let last = kernel.heart == nil ? main : epilogue, let operand = last.operands.firstIndex(of: vertex)
        else {
            return false
        }
        return last.expression.instructions.allSatisfy { instruction in
            switch instruction {
            case .load(operand, let view): view.isContiguous && view.offset == 0 && view.count == count
            case .random(_, operand, _, _): false
            default: true
            }
        }
    }

    /// Whether a root's value is a load and nothing else.
    func isPlainLoad(of root: Int) -> Bool {
        guard kernel.heart == nil, let main, let index = kernel.roots.firstIndex(where: { $0.target == root }) else {
            return false
        }
        if case .load = main.expression.instructions[values[index]] { return true }
        return false
    }
}
