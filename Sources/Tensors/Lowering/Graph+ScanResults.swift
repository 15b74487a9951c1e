import Compute

extension Graph {
    /// The same graph, with scans that compute and keep only what the rest of the graph uses. A scan is written down with
    /// all that the way back may need; whether there is a way back shows here.
    func withUsedScanResults() -> Graph {
        guard vertices.contains(where: { $0.operation?.scan != nil }) else { return self }
        var isLive = [Bool](repeating: false, count: vertices.count)
        // The parts of each scan's result that are used; none where all of it is.
        var used: [Int: [Range<Int>]] = [:]
        var whole: Set<Int> = []
        var pruned: [Int: ScanOperation.Pruned] = [:]
        for output in outputs {
            isLive[output.vertex] = true
            whole.insert(output.vertex)
        }
        for (v, vertex) in vertices.enumerated().reversed() where isLive[v] {
            var inputs = vertex.inputs
            if let scan = vertex.operation?.scan, !whole.contains(v), let part = scan.pruned(to: used[v] ?? []) {
                pruned[v] = part
                inputs = part.inputs.map { inputs[$0] }
            }
            for input in inputs {
                isLive[input] = true
                if case .slice(let starts, steps: [1]) = vertex.operation {
                    used[input, default: []].append(starts[0]..<starts[0] + vertex.shape[0])
                } else {
                    whole.insert(input)
                }
            }
        }

        var kept: [Vertex] = []
        var numbers = [Int](repeating: 0, count: vertices.count)
        for (v, vertex) in vertices.enumerated() where isLive[v] {
            var new = vertex
            if let part = pruned[v] {
                new.inputs = part.inputs.map { vertex.inputs[$0] }
                new.kind = .operation(.scan(part.operation))
                new.shape = [part.operation.count]
            } else if case .slice(let starts, let steps) = vertex.operation, let part = pruned[vertex.inputs[0]] {
                new.kind = .operation(.slice(starts: [part.place(of: starts[0])], steps: steps))
            }
            new.inputs = new.inputs.map { numbers[$0] }
            numbers[v] = kept.count
            kept.append(new)
        }
        return Graph(
            vertices: kept,
            outputs: outputs.map { Output(vertex: numbers[$0.vertex], destination: $0.destination) })
    }
}

extension Operation {
    /// The recurrence, where it is one.
    var scan: ScanOperation? {
        if case .scan(let scan) = self { scan } else { nil }
    }
}

extension ScanOperation {
    /// A scan that computes a part of another's result.
    struct Pruned {
        var operation: ScanOperation
        /// The inputs it needs, by their numbers among the other's.
        var inputs: [Int]
        /// Where elements of the other's result are now: for each old segment that is left, its range and its new place.
        fileprivate var moved: [(old: Range<Int>, new: Int)]

        func place(of element: Int) -> Int {
            guard let part = moved.first(where: { $0.old.contains(element) }) else { return element }
            return part.new + element - part.old.lowerBound
        }
    }

    /// - Parameter ranges: the elements of the result that are used, each range in one segment.
    /// - Returns: nil where all is needed as it is.
    fileprivate func pruned(to ranges: [Range<Int>]) -> Pruned? {
        let segments = segments
        var isNeeded = segments.map { segment in ranges.contains { $0.overlaps(segment.range) } }
        guard
            ranges.allSatisfy({ range in
                segments.contains { $0.range.lowerBound <= range.lowerBound && range.upperBound <= $0.range.upperBound }
            })
        else { return nil }
        let last = (0..<states).map { segments[$0].range(lastEntry..<lastEntry + 1) }
        let keeps = (0..<states).map { state in
            keepsHistory[state]
                && ranges.contains { $0.overlaps(segments[state].range) && !last[state].contains($0) }
        }
        // A state that something needed is computed from is needed, too.
        var isReached = [Bool](repeating: false, count: body.vertices.count)
        var count = -1
        while count != isNeeded.count(where: { $0 }) {
            count = isNeeded.count { $0 }
            for (number, output) in body.outputs.enumerated() where isNeeded[number] { isReached[output.vertex] = true }
            for (v, vertex) in body.vertices.enumerated().reversed() where isReached[v] {
                for input in vertex.inputs { isReached[input] = true }
                if case .source(let ordinal) = vertex.kind, stateInputs.contains(ordinal) {
                    isNeeded[ordinal - sequences] = true
                }
            }
        }
        return pruned(isNeeded, isReached, keeps)
    }

    private func pruned(_ isNeeded: [Bool], _ isReached: [Bool], _ keeps: [Bool]) -> Pruned {
        var leaves = Set((0..<states).filter { isNeeded[$0] }.map { sequences + $0 })
        for (v, vertex) in body.vertices.enumerated() where isReached[v] {
            if case .source(let ordinal) = vertex.kind { leaves.insert(ordinal) }
        }
        let inputs = leaves.sorted()
        var vertices: [Graph.Vertex] = []
        var numbers = [Int](repeating: 0, count: body.vertices.count)
        for (v, vertex) in body.vertices.enumerated() where isReached[v] {
            var new = vertex
            if case .source(let ordinal) = vertex.kind { new.kind = .source(inputs.firstIndex(of: ordinal) ?? 0) }
            new.inputs = vertex.inputs.map { numbers[$0] }
            numbers[v] = vertices.count
            vertices.append(new)
        }
        var result = self
        let outputs = segments.indices.filter { isNeeded[$0] }
        result.sequences = inputs.count { $0 < sequences }
        result.keepsHistory = outputs.filter { $0 < states }.map { keeps[$0] }
        result.body = Graph(
            vertices: vertices,
            outputs: outputs.map { Graph.Output(vertex: numbers[body.outputs[$0].vertex], destination: .result) })
        let moved = zip(outputs, result.segments).map { number, new -> (old: Range<Int>, new: Int) in
            let isLastAlone = number < states && keepsHistory[number] && !keeps[number]
            let old = isLastAlone ? segments[number].range(lastEntry..<lastEntry + 1) : segments[number].range
            return (old, new.offset)
        }
        return Pruned(operation: result, inputs: inputs, moved: moved)
    }
}

extension Range<Int> {
    fileprivate func contains(_ other: Range<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound
    }
}
