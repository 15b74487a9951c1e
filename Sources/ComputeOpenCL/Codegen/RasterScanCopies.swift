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
    /// One store of a step.
    struct Copy: Hashable {
        var step: Int
        var store: Int
    }

    /// Shorter runs are better copied: each has a loop of its own.
    private static let leastWidth = 16
    /// Larger operands are not looked into.
    private static let mostElements = 1 << 16

    /// For the products of a program that can do without copies, by their place: where they read.
    private(set) var segments: [Int: ScanSegments] = [:]
    /// For the same products, the copies that they do without.
    private(set) var copiesOfProducts: [Int: [Copy]] = [:]
    /// For each step with such copies, their numbers among its stores.
    private(set) var stores: [Int: Set<Int>] = [:]

    private let memory: ScanMemory
    private let program: Int
    private var steps: [Step] { memory.scan.programs[program] }

    init(program: Int, _ memory: ScanMemory) {
        self.memory = memory
        self.program = program
        for (index, step) in steps.enumerated() {
            guard case .contraction(let product) = step, let found = sources(of: product, at: index),
                isUnobserved(product, copies: found.copies, at: index)
            else { continue }
            segments[index] = found.segments
            copiesOfProducts[index] = found.copies
            for copy in found.copies { stores[copy.step, default: []].insert(copy.store) }
        }
    }

    /// What a copy reads.
    func source(_ copy: Copy) -> MemoryAccess? {
        guard case .pointwise(let step) = steps[copy.step],
            case .load(let operand, let view) = step.body.instructions[step.stores[copy.store].value]
        else { return nil }
        return MemoryAccess(operand: step.operands[operand], view: view)
    }

    /// The copies before a product that make up its whole left operand.
    private func sources(of product: ContractionStep, at index: Int) -> (segments: ScanSegments, copies: [Copy])? {
        let (a, rows, depth) = (product.a, product.rows, product.depth)
        guard product.batch == 1, a.rowStride == depth, a.columnStride == 1, rows > 0, depth > 0,
            rows * depth <= ScanCopies.mostElements
        else { return nil }
        var runs: [Int: ScanRun] = [:]
        var copies: [Copy] = []
        var columns = 0
        for earlier in (0..<index).reversed() where columns < depth {
            guard case .pointwise(let step) = steps[earlier], step.reduction == nil else { continue }
            for number in step.stores.indices {
                let found = step.runs(ofStore: number, into: a.operand, rows: rows, depth: depth)
                if found.isEmpty { continue }
                for run in found where runs.updateValue(run, forKey: run.column) != nil { return nil }
                copies.append(Copy(step: earlier, store: number))
                columns += found.reduce(0) { $0 + $1.width }
            }
        }
        guard columns == depth, let first = runs[0], first.width >= ScanCopies.leastWidth else { return nil }
        var segments = ScanSegments(
            sources: [], width: first.width, rowStride: first.rowStride, columnStride: first.columnStride)
        for column in stride(from: 0, to: depth, by: first.width) {
            guard let run = runs[column], run.isLike(first) else { return nil }
            segments.sources.append(run.source)
        }
        return (segments, copies)
    }

    /// Whether the product alone sees what the copies write, and their sources stay as they are until it has run.
    private func isUnobserved(_ product: ContractionStep, copies: [Copy], at index: Int) -> Bool {
        let region = ScanRegion(product.a.operand, count: product.rows * product.depth)
        let own = Set(copies)
        guard !memory.moves(region.operand.slot), let start = copies.map(\.step).min() else { return false }
        for copy in copies {
            guard let source = source(copy), region.isUntouched(by: source, in: program, memory) else { return false }
        }
        for between in start...index {
            var (reads, writes) = memory.accesses(steps[between])
            if between == index {
                reads.removeFirst()
            } else {
                let others = writes.indices.filter { !own.contains(Copy(step: between, store: $0)) }
                writes = others.map { writes[$0] }
            }
            for copy in copies where copy.step <= between {
                guard let source = source(copy) else { return false }
                if writes.contains(where: { memory.mayOverlap($0, source, in: program) }) { return false }
            }
            for access in reads + writes where !region.isUntouched(by: access, in: program, memory) { return false }
        }
        // Afterwards nothing is to read what is left of them.
        var left = region
        for step in steps[(index + 1)...] where !left.pass(step, in: program, memory) { return false }
        for other in memory.scan.programs.indices where memory.bases[other] != nil {
            var left = left
            for step in memory.scan.programs[other] where !left.pass(step, in: other, memory) { return false }
        }
        return true
    }
}

/// Some neighbouring columns of a matrix, as they are copied from elsewhere.
struct ScanRun {
    var column: Int
    var width: Int
    var source: Operand
    var rowStride: Int
    var columnStride: Int

    /// Whether another run has the same shape.
    func isLike(_ other: ScanRun) -> Bool {
        width == other.width && rowStride == other.rowStride && columnStride == other.columnStride
    }
}

extension PointwiseStep {
    /// The runs of columns that a store copies into a matrix of so many rows and columns; none where it does not copy.
    fileprivate func runs(ofStore number: Int, into target: Operand, rows: Int, depth: Int) -> [ScanRun] {
        let store = stores[number]
        guard case .load(let operand, let view) = body.instructions[store.value],
            operands[operand].dtype == .float32, store.destination.slot == target.slot,
            view.shape.indices.allSatisfy({ !view.isPadded($0) })
        else { return [] }
        let column = store.destination.offset + store.view.offset - target.offset
        // One axis goes down the rows; of the others, one may go along a run, and the rest from run to run.
        let axes = view.shape.indices.filter { view.shape[$0] > 1 }
        let row = rows == 1 ? nil : axes.first { store.view.strides[$0] == depth && view.shape[$0] == rows }
        let along = axes.first { store.view.strides[$0] == 1 }
        guard (0..<depth).contains(column), rows == 1 || row != nil else { return [] }
        var source = operands[operand]
        source.offset += view.offset
        var runs = [
            ScanRun(
                column: column, width: along.map { view.shape[$0] } ?? 1, source: source,
                rowStride: row.map { view.strides[$0] } ?? 0, columnStride: along.map { view.strides[$0] } ?? 0)
        ]
        for axis in axes where axis != row && axis != along {
            runs = runs.flatMap { run in
                (0..<view.shape[axis]).map { index in
                    var moved = run
                    moved.column += index * store.view.strides[axis]
                    moved.source.offset += index * view.strides[axis]
                    return moved
                }
            }
        }
        return runs.allSatisfy { $0.column >= 0 && $0.column + $0.width <= depth } ? runs : []
    }
}
