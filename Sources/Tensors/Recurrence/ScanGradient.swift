import Compute

/// The gradients of a scan's inputs: another scan, through time in the other direction.
///
/// Its state is the gradient of the state; its sequences are the inputs of each step, the states before (and where they
/// are used, after) each step, the kept results of products, and the gradients of what was stacked. It stacks only what
/// the next step back cannot do without, the gradients of products' results above all: the gradient of a weight is then
/// one product over all steps after the scan (`ScanTime`), rather than a sum that is written at each step.
struct ScanGradient {
    private let operation: ScanOperation
    private let inputs: [Tensor]
    private let forward: ScanResult

    init(of packed: Tensor, _ operation: ScanOperation) {
        self.operation = operation
        inputs = packed.node.inputs.map { Tensor($0) }
        forward = ScanResult(packed: packed, operation: operation)
    }

    /// - Parameter gradient: of the whole result.
    /// - Returns: for each input that is wanted, its gradient; nil for none.
    func shares(of gradient: Tensor, wanted: [Bool]) throws -> [Tensor?] {
        let start = Node.nextSerial
        let leaves = operation.leaves(for: inputs)
        let values = operation.instantiated(leaves)
        let outputs = operation.body.outputs.map { values[$0.vertex] }
        let stateLeaves = Array(leaves[operation.stateInputs])

        // What the body's outputs receive, at one step.
        var trace = ScanTrace(
            steps: operation.steps, isReversed: !operation.isReversed, start: start, sequences: [], states: [])
        var seeds: [(value: Tensor, seed: Tensor)] = []
        var carried: [(leaf: Tensor, first: Tensor)] = []
        var direct: [Tensor?] = []
        for (state, output) in outputs.prefix(operation.states).enumerated() {
            let received = try PackedGradient(gradient).ofState(state, operation)
            let leaf = Tensor(source: ScanLeaf(shape: output.shape, dtype: .float32))
            carried.append((leaf, try received.last ?? Tensor.zeros(output.shape)))
            direct.append(received.first)
            seeds.append((output, leaf))
            if let each = received.each {
                let leaf = Tensor(source: ScanLeaf(shape: output.shape, dtype: .float32))
                trace.sequences.append((leaf.node, each))
                seeds.append((output, leaf))
            }
        }
        for (number, output) in outputs.enumerated().dropFirst(operation.states) {
            guard let received = try PackedGradient(gradient).ofStacked(number, operation) else { continue }
            let leaf = Tensor(source: ScanLeaf(shape: output.shape, dtype: .float32))
            trace.sequences.append((leaf.node, received))
            seeds.append((output, leaf))
        }

        // The way back through the body, for one step.
        let targets = leaves.indices.filter { operation.stateInputs.contains($0) || wanted[$0] }
        let found = try gradients(of: seeds, withRespectTo: targets.map { leaves[$0] })
        var slopes = [Tensor?](repeating: nil, count: leaves.count)
        for (target, slope) in zip(targets, found) { slopes[target] = slope }

        // What it needs of the way there: inputs, states, and results that were kept.
        let ordinary = Set(leaves.map { ObjectIdentifier($0.node) })
        for (leaf, input) in zip(leaves, inputs).prefix(operation.sequences) {
            trace.sequences.append((leaf.node, input))
        }
        for (state, leaf) in stateLeaves.enumerated() { trace.sequences.append((leaf.node, try forward.before(state))) }
        for (number, output) in outputs.enumerated() where !ordinary.contains(ObjectIdentifier(output.node)) {
            let all = try number < operation.states ? forward.after(number) : forward.stacked(number)
            trace.sequences.append((output.node, all))
        }
        for (leaf, input) in zip(leaves, inputs).dropFirst(operation.stateInputs.upperBound) {
            trace.captured[ObjectIdentifier(leaf.node)] = input
        }
        for (number, state) in carried.enumerated() {
            let next = try slopes[operation.sequences + number] ?? Tensor.zeros(state.leaf.shape)
            trace.states.append((state.leaf.node, state.first, next))
        }

        // First what has to be stacked for the gradients, then the gradients themselves.
        let roots = slopes.compactMap { $0?.node }
        let needed = try ScanTime.needs(of: trace, for: roots) { try outside(slopes, wanted, in: $0) }
        let (result, stacked) = try trace.scan(needed)
        var shares = try ScanTime.values(of: trace, for: roots, needed, stacked) {
            try outside(slopes, wanted, in: $0)
        }
        for state in 0..<operation.states where wanted[operation.sequences + state] {
            let last = try result.last(state)
            shares[operation.sequences + state] = try direct[state].map { try last + $0 } ?? last
        }
        return shares
    }

    /// The gradients of sequences and of what is captured, from those of one step.
    private func outside(_ slopes: [Tensor?], _ wanted: [Bool], in time: ScanTime) throws -> [Tensor?] {
        try slopes.enumerated().map { number, slope in
            guard let slope, wanted[number], !operation.stateInputs.contains(number) else { return nil }
            return try number < operation.sequences ? time.lifted(slope.node) : time.summed(slope.node)
        }
    }
}

/// The gradient of a scan's result, taken apart without adding zeros: it is a sum of padded parts.
private struct PackedGradient {
    let gradient: Tensor

    init(_ gradient: Tensor) { self.gradient = gradient }

    /// What a state receives: its last value (or nothing, where `each` holds that too), its value after each step, its
    /// first value.
    func ofState(_ state: Int, _ operation: ScanOperation) throws -> (last: Tensor?, each: Tensor?, first: Tensor?) {
        let segment = operation.segments[state]
        func received(_ entries: Range<Int>) throws -> Tensor? {
            if entries.isEmpty { return nil }
            let shape = [entries.count] + segment.shape
            return try PackedGradient.part(gradient.node, segment.range(entries))?.reshaped(shape)
        }
        let (first, last, after) = (operation.firstEntry, operation.lastEntry, operation.entriesAfter)
        let others = operation.isReversed ? after.dropFirst() : after.dropLast()
        let atFirst = try received(first..<first + 1)?.reshaped(segment.shape)
        if try received(others) == nil {
            return (try received(last..<last + 1)?.reshaped(segment.shape), nil, atFirst)
        }
        return (nil, try received(after), atFirst)
    }

    func ofStacked(_ output: Int, _ operation: ScanOperation) throws -> Tensor? {
        let segment = operation.segments[output]
        return try PackedGradient.part(gradient.node, segment.range)?
            .reshaped([segment.entries] + segment.shape)
    }

    /// Some elements of a vector; nil where they are all zero.
    private static func part(_ node: Node, _ range: Range<Int>) throws -> Tensor? {
        switch node.operation {
        case .binary(.add):
            let parts = try node.inputs.compactMap { try part($0, range) }
            return try parts.dropFirst().reduce(parts.first) { try $0.map { [next = $1] in try $0 + next } }
        case .pad(let before):
            let content = node.inputs[0]
            let inside = before[0]..<before[0] + content.shape[0]
            if !inside.overlaps(range) { return nil }
            if inside.lowerBound <= range.lowerBound, range.upperBound <= inside.upperBound {
                return try part(content, range.lowerBound - before[0]..<range.upperBound - before[0])
            }
        default: break
        }
        return try Tensor(node).sliced(range, axis: 0)
    }
}
