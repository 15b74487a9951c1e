import Compute

extension Lowering {
    /// Kernels that go over the same rows, one after the other: the reductions of a softmax, and what follows from them.
    private struct RowGroup {
        /// Nil for a kernel that does not go over rows.
        var rows: Int?
        var length = 1
        /// What is run before the group: numbers for each row that do not come from the rows, like weights of losses.
        var before: [Kernel] = []
        var kernels: [Kernel]
        /// What they read that is more than a number for each row.
        var elements: Set<Int> = []

        var count: Int { (rows ?? 0) * length }
    }

    /// The kernels in an order in which those that go over the same rows are neighbours where they can be: devices may run
    /// them in one launch, which brings each row from memory once.
    func withRowsTogether(_ kernels: [Kernel]) -> [Kernel] {
        var groups: [RowGroup] = []
        var ready: [Int: Int] = [:]  // The last group that writes a vertex's storage.
        for kernel in kernels {
            let vertices = Set(kernel.reads.keys)
            let needed = vertices.map { max(ready[$0] ?? -1, ready[storage(of: $0)] ?? -1) }.max() ?? -1
            // Of several groups the one with most to read again.
            let hosts = groups.indices.filter { index in
                needed <= index && joins(kernel, groups[index]) || needed < index && precedes(kernel, groups[index])
            }
            let index = hosts.max { (groups[$0].count, $0) < (groups[$1].count, $1) } ?? groups.count
            let isBefore = index < groups.count && !joins(kernel, groups[index])
            if index == groups.count {
                let size = rowsOfReduction(kernel)
                groups.append(RowGroup(rows: size?.rows, length: size?.length ?? 1, kernels: []))
            }
            if isBefore {
                groups[index].before.append(kernel)
            } else {
                groups[index].kernels.append(kernel)
                let rows = groups[index].rows ?? .max
                groups[index].elements.formUnion(vertices.filter { graph.vertices[$0].count > rows })
            }
            for root in kernel.roots {
                // Another part of a concatenation may be computed later than this one.
                for vertex in [root.target, storage(of: root.target), storage(of: root.vertex)] {
                    ready[vertex] = max(ready[vertex] ?? 0, index)
                }
            }
        }
        return groups.flatMap { $0.before + $0.kernels }
    }

    /// Whether a kernel computes a number for each row of a group, and not from its rows.
    private func precedes(_ kernel: Kernel, _ group: RowGroup) -> Bool {
        kernel.heart == nil && isOnItsOwn(kernel) && kernel.shape.reduce(1, *) == group.rows
    }

    /// Whether a kernel goes over a group's rows too: over elements that the group reads, or with a number for each row that
    /// it has computed.
    private func joins(_ kernel: Kernel, _ group: RowGroup) -> Bool {
        guard isOnItsOwn(kernel), let rows = group.rows else { return false }
        let own = rowsOfReduction(kernel)
        if kernel.heart != nil, own == nil { return false }
        let count = own.map { $0.rows * $0.length } ?? kernel.shape.reduce(1, *)
        if count == rows * group.length, own.map({ $0.rows == rows }) ?? true {
            return kernel.reads.keys.contains { group.elements.contains($0) }
        }
        return kernel.heart == nil && count == rows
            && kernel.reads.keys.contains { read in
                group.kernels.contains { $0.roots.contains { $0.vertex == read } }
            }
    }

    /// Whether a kernel writes whole tensors of its own: no variable, no part of a concatenation.
    private func isOnItsOwn(_ kernel: Kernel) -> Bool {
        !kernel.onlyAssigns && kernel.roots.allSatisfy { $0.target == $0.vertex }
    }

    /// The rows of a kernel that reduces the last axes of something, and their length.
    private func rowsOfReduction(_ kernel: Kernel) -> (rows: Int, length: Int)? {
        guard let heart = kernel.heart, case .reduce(_, let axes) = graph.vertices[heart].operation else { return nil }
        let shape = graph.vertices[graph.vertices[heart].inputs[0]].shape
        let kept = shape.indices.filter { !axes.contains($0) && shape[$0] != 1 }
        let reduced = axes.filter { shape[$0] != 1 }
        guard let first = reduced.min(), kept.allSatisfy({ $0 < first }) else { return nil }
        let rows = kept.reduce(1) { $0 * shape[$1] }
        return (rows, reduced.reduce(1) { $0 * shape[$1] })
    }
}
