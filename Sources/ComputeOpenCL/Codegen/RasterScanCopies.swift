import Compute

/// A product's left operand that was put together by copies, read instead where it comes from: runs of `width` columns,
/// one after the other, all with the same strides.
struct ScanSegments: Hashable {
    /// Where the first row of each run begins.
    var sources: [Operand]
    var width: Int
    var rowStride: Int
    var columnStride: Int
}

/// Finds the copies of a raster scan's program that only put a product's left operand together: the concatenated taps of
/// a convolution. The product can read the taps themselves. The copies are then needed only where the program runs for
/// the last time, so that memory looks afterwards as if they had been there always.
struct ScanCopies {
    let memory: ScanMemory
    /// Shorter runs are better copied: each has a loop of its own.
    static let leastWidth = 16
    /// Larger operands are not looked into.
    static let mostElements = 1 << 16

    /// For the products of a program that can do without copies, by their place: where they read.
    private(set) var segments: [Int: ScanSegments] = [:]
    /// For the same products, the places of the copies that they do without.
    private(set) var copiesOfProducts: [Int: [Int]] = [:]
    /// The places of all these copies.
    var copies: Set<Int> { Set(copiesOfProducts.values.joined()) }

    private var scan: RasterScanStep { memory.scan }

    init(program: Int, _ memory: ScanMemory) {
        self.memory = memory
        let steps = memory.scan.programs[program]
        for (index, step) in steps.enumerated() {
            guard case .contraction(let product) = step, let found = sources(of: product, at: index, steps),
                isUnobserved(product, copies: found.copies, at: index, program)
            else { continue }
            segments[index] = found.segments
            copiesOfProducts[index] = found.copies
        }
    }

    /// The copies before a product that make up its whole left operand.
    private func sources(
        of product: ContractionStep, at index: Int, _ steps: [Step]
    ) -> (segments: ScanSegments, copies: [Int])? {
        let (a, rows, depth) = (product.a, product.rows, product.depth)
        guard product.batch == 1, a.rowStride == depth, a.columnStride == 1, rows > 0, depth > 0,
            rows * depth <= ScanCopies.mostElements
        else { return nil }
        var runs: [Int: Run] = [:]
        var copies: [Int] = []
        for earlier in (0..<index).reversed() {
            guard case .pointwise(let step) = steps[earlier],
                let found = columnRuns(of: step, into: a.operand, rows, depth)
            else { continue }
            for run in found where runs.updateValue(run, forKey: run.column) != nil { return nil }
            copies.append(earlier)
            if runs.values.reduce(0, { $0 + $1.width }) >= depth { break }
        }
        guard let first = runs[0], first.width >= ScanCopies.leastWidth else { return nil }
        var segments = ScanSegments(
            sources: [], width: first.width, rowStride: first.rowStride, columnStride: first.columnStride)
        for column in stride(from: 0, to: depth, by: first.width) {
            guard let run = runs.removeValue(forKey: column), run.width == first.width,
                run.rowStride == first.rowStride, run.columnStride == first.columnStride
            else { return nil }
            segments.sources.append(run.source)
        }
        return runs.isEmpty && first.width * segments.sources.count == depth ? (segments, copies) : nil
    }

    /// Some columns of an operand, as they are copied.
    private struct Run {
        var column: Int
        var width: Int
        var source: Operand
        var rowStride: Int
        var columnStride: Int
    }

    /// What a step copies, if it does nothing but copy columns into an operand of so many rows and columns.
    private func columnRuns(of step: PointwiseStep, into target: Operand, _ rows: Int, _ depth: Int) -> [Run]? {
        guard step.reduction == nil, !step.stores.isEmpty else { return nil }
        var runs: [Run] = []
        for store in step.stores {
            guard case .load(let number, let view) = step.body.instructions[store.value],
                step.operands[number].dtype == .float32, store.destination.slot == target.slot,
                view.shape.indices.allSatisfy({ !view.isPadded($0) })
            else { return nil }
            // One axis goes down the rows; the others, of which one at the most is longer than 1, across.
            let axes = view.shape.indices.filter { view.shape[$0] > 1 }
            let row = axes.first { store.view.strides[$0] == depth && view.shape[$0] == rows }
            let across = axes.filter { $0 != row }
            let column = store.destination.offset + store.view.offset - target.offset
            guard row != nil || rows == 1, across.count <= 1, (0..<depth).contains(column),
                across.allSatisfy({ store.view.strides[$0] == 1 && column + view.shape[$0] <= depth })
            else { return nil }
            var source = step.operands[number]
            source.offset += view.offset
            runs.append(
                Run(
                    column: column, width: across.first.map { view.shape[$0] } ?? 1, source: source,
                    rowStride: row.map { view.strides[$0] } ?? 0,
                    columnStride: across.first.map { view.strides[$0] } ?? 0))
        }
        return runs
    }

    // MARK: Who else looks

    /// Whether the product alone sees what the copies write, and their sources stay as they are until it has run.
    private func isUnobserved(_ product: ContractionStep, copies: [Int], at index: Int, _ program: Int) -> Bool {
        let steps = scan.programs[program]
        let region = product.a.operand
        let count = product.rows * product.depth
        guard !memory.moves(region.slot), let start = copies.min() else { return false }
        let sources = copies.flatMap { memory.accesses(steps[$0]).reads }
        let own = Set(copies)
        for between in start...index where !own.contains(between) {
            var (reads, writes) = memory.accesses(steps[between])
            if between == index { reads.removeFirst() }
            if writes.contains(where: { write in sources.contains { memory.mayOverlap(write, $0) } }) { return false }
            var all = [Bool](repeating: true, count: count)
            for access in reads + writes where !visit(access, region, &all, marks: false) { return false }
        }
        // Afterwards nothing is to read what is left of them.
        var live = [Bool](repeating: true, count: count)
        for step in steps[(index + 1)...] where !pass(step, region, &live) { return false }
        for (other, bases) in zip(scan.programs, memory.bases) where bases != nil {
            var left = live
            for step in other where !pass(step, region, &left) { return false }
        }
        return true
    }

    /// Follows what is left of a region through a step; false where the step reads some of it.
    private func pass(_ step: Step, _ region: Operand, _ live: inout [Bool]) -> Bool {
        let (reads, writes) = memory.accesses(step)
        for read in reads where !visit(read, region, &live, marks: false) { return false }
        for write in writes where !visit(write, region, &live, marks: true) { return false }
        return true
    }

    /// Takes an access's elements out of what is left of a region, or, without `marks`, says false where there is one of
    /// them in it. False too for memory that may be the region's, but moves otherwise.
    private func visit(_ access: ScanAccess, _ region: Operand, _ live: inout [Bool], marks: Bool) -> Bool {
        let (own, other) = (scan.slots[region.slot], scan.slots[access.operand.slot])
        guard own.operand.slot == other.operand.slot, let reach = access.view.reach else { return true }
        let shift = other.operand.offset + access.operand.offset - own.operand.offset - region.offset
        guard !memory.moves(access.operand.slot), own.instanceStride == other.instanceStride,
            access.operand.dtype == region.dtype
        else {
            let whole = ScanAccess(operand: region, view: View(contiguous: [live.count]))
            return !memory.mayOverlap(access, whole)
        }
        if reach.upperBound + shift < 0 || reach.lowerBound + shift >= live.count { return true }
        return access.view.forEachAddress { address in
            guard live.indices.contains(address + shift), live[address + shift] else { return true }
            if marks { live[address + shift] = false }
            return marks
        }
    }
}

extension View {
    /// Visits every address inside the memory until `body` says false.
    /// - Returns: whether it never did.
    fileprivate func forEachAddress(_ body: (Int) -> Bool) -> Bool {
        func visit(_ axis: Int, _ address: Int) -> Bool {
            if axis == shape.count { return body(address) }
            for index in validRange(axis) where !visit(axis + 1, address + index * strides[axis]) { return false }
            return true
        }
        return visit(0, offset)
    }
}
