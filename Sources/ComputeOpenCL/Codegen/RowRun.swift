import Compute

/// Neighbouring steps that go over the same rows, each needing of the others only what they have computed for the row it
/// is at: the maximum of a row, the sum of its exponentials, its gradient. They run in one launch, row after row, so that
/// a row comes from memory once and stays in the first cache. The numbers are those of the single steps.
struct RowRun {
    /// Elements of a row at the most: what a core's caches hold, and no more than an item of a single step has.
    private static let longest = 16384

    let rows: Int
    let length: Int
    /// The rows' elements are the last axis of each.
    private(set) var steps: [PointwiseStep]
    private var accesses: [(reads: [RowAccess], writes: [RowAccess])]

    /// As many of the steps as belong together, from the first one on; `nil` where these are not at least two that go over
    /// the elements of rows.
    init?(from first: Step, _ following: ArraySlice<Step>) {
        guard case .pointwise(let first) = first, let reduction = first.reduction, first.shape.count > 1,
            reduction.axes == [first.shape.count - 1], let length = first.shape.last,
            (2...RowRun.longest).contains(length)
        else { return nil }
        rows = first.shape.dropLast().reduce(1, *)
        guard rows > 0 else { return nil }
        self.length = length
        self.steps = []
        accesses = []
        for step in [.pointwise(first)] + following {
            guard case .pointwise(let step) = step, let member = member(step) else { break }
            let access = (reads: member.reads, writes: member.writes)
            guard accesses.allSatisfy({ RowRun.allow(access, after: $0) }) else { break }
            self.steps.append(member)
            accesses.append(access)
        }
        guard self.steps.lazy.filter({ $0.shape.last == length }).count > 1 else { return nil }
    }

    /// The step with the rows' elements as its last axis, of which there is one where it computes a number for each row.
    private func member(_ step: PointwiseStep) -> PointwiseStep? {
        guard !step.stores.isEmpty, let last = step.shape.last else { return nil }
        let outer = step.shape.dropLast().reduce(1, *)
        if let reduction = step.reduction {
            // The key of a random number has nothing to do with rows.
            let isOfRows = reduction.epilogue.instructions.allSatisfy {
                if case .random = $0 { false } else { true }
            }
            return isOfRows && reduction.axes == [step.shape.count - 1] && outer == rows && last == length ? step : nil
        }
        if outer == rows && last == length { return step }
        guard outer * last == rows else { return nil }
        var step = step
        step.shape.append(1)
        step.body = step.body.mappingViews(\.withElementAxis)
        for index in step.stores.indices { step.stores[index].view = step.stores[index].view.withElementAxis }
        return step
    }

    /// Whether one step may follow another within each row: where they touch the same memory and do not both read it, a
    /// row of one touches nothing but the same row of the other.
    private static func allow(
        _ later: (reads: [RowAccess], writes: [RowAccess]), after earlier: (reads: [RowAccess], writes: [RowAccess])
    ) -> Bool {
        func areApart(_ a: [RowAccess], _ b: [RowAccess]) -> Bool {
            a.allSatisfy { one in b.allSatisfy { !one.mayOverlap($0) || one.sharesRows(with: $0) } }
        }
        return areApart(later.reads, earlier.writes) && areApart(later.writes, earlier.writes)
            && areApart(later.writes, earlier.reads)
    }
}

extension PointwiseStep {
    fileprivate var reads: [RowAccess] {
        let after = reduction?.epilogue.reads(of: operands) ?? []
        return body.reads(of: operands).compactMap { RowAccess($0, hasElements: true) }
            + after.compactMap { RowAccess($0, hasElements: false) }
    }

    fileprivate var writes: [RowAccess] {
        stores.compactMap { RowAccess(MemoryAccess($0), hasElements: reduction == nil) }
    }
}

extension View {
    /// The same view, with an axis of extent 1 at its end.
    fileprivate var withElementAxis: View {
        View(shape: shape + [1], strides: strides + [0], offset: offset, valid: valid.map { $0 + [0..<1] })
    }
}
