import Compute

/// What the steps of a raster scan read and write, and whether they can get in one another's way.
final class ScanMemory {
    let scan: RasterScanStep
    /// The least and greatest first element of each slot, for the programs that run.
    let bases: [[ClosedRange<Int>]?]
    /// Where each program runs.
    private var positions: [[(row: Int, column: Int)]]
    /// How far apart two slots begin, in bytes, wherever a program runs.
    private var distances: [Pair: Set<Int>] = [:]

    private struct Pair: Hashable {
        let program: Int
        let first: Int
        let second: Int
    }

    init(_ scan: RasterScanStep, bases: [[ClosedRange<Int>]?]) {
        self.scan = scan
        self.bases = bases
        var positions = scan.programs.map { _ in [(row: Int, column: Int)]() }
        scan.forEachProgram { positions[$0].append((row: $1, column: $2)) }
        self.positions = positions
    }

    func accesses(_ step: Step) -> (reads: [MemoryAccess], writes: [MemoryAccess]) {
        switch step {
        case .pointwise(let step):
            let after = step.reduction?.epilogue.reads(of: step.operands) ?? []
            return (step.body.reads(of: step.operands) + after, step.stores.map(MemoryAccess.init))
        case .contraction(let step):
            let after = step.epilogue.map { $0.body.reads(of: $0.operands) } ?? []
            let result = View(contiguous: [step.batch, step.rows, step.columns])
            let others = step.epilogue?.others.map(MemoryAccess.init) ?? []
            return ([step.left, step.right] + after, [MemoryAccess(operand: step.destination, view: result)] + others)
        default: return ([], [])
        }
    }

    /// Whether two accesses of a program may have a byte in common at some place where it runs. Instances do not touch one
    /// another's memory.
    func mayOverlap(_ a: MemoryAccess, _ b: MemoryAccess, in program: Int) -> Bool {
        let (first, second) = (scan.slots[a.operand.slot], scan.slots[b.operand.slot])
        guard first.operand.slot == second.operand.slot, let left = a.bytes, let right = b.bytes else { return false }
        let step = second.instanceStride * b.operand.dtype.size - first.instanceStride * a.operand.dtype.size
        return distances(a.operand.slot, b.operand.slot, in: program).contains { distance in
            (0..<(step == 0 ? 1 : scan.instances)).contains { instance in
                let shift = distance + instance * step
                return left.lowerBound <= right.upperBound + shift && right.lowerBound + shift <= left.upperBound
            }
        }
    }

    /// The bytes from where the first slot begins to where the second does, in the first instance.
    private func distances(_ a: Int, _ b: Int, in program: Int) -> Set<Int> {
        let pair = Pair(program: program, first: a, second: b)
        if let known = distances[pair] { return known }
        let (first, second) = (scan.slots[a], scan.slots[b])
        var all: Set<Int> = []
        for (row, column) in positions[program] {
            all.insert(
                second.offset(instance: 0, row: row, column: column) * second.operand.dtype.size
                    - first.offset(instance: 0, row: row, column: column) * first.operand.dtype.size)
            if !moves(a) && !moves(b) { break }
        }
        distances[pair] = all
        return all
    }

    func moves(_ slot: Int) -> Bool { scan.slots[slot].rowStride != 0 || scan.slots[slot].columnStride != 0 }
}

extension ContractionStep {
    var left: MemoryAccess { ContractionStep.access(a, [batch, rows, depth]) }
    var right: MemoryAccess { ContractionStep.access(b, [batch, depth, columns]) }

    private static func access(_ matrix: Matrix, _ shape: [Int]) -> MemoryAccess {
        let strides = [matrix.batchStride, matrix.rowStride, matrix.columnStride]
        return MemoryAccess(operand: matrix.operand, view: View(shape: shape, strides: strides))
    }
}
