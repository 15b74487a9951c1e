import Compute

/// A read or a write of some elements by an inner step of a raster scan.
struct ScanAccess {
    var operand: Operand
    var view: View
}

/// What the steps of a raster scan read and write, and whether they can get in one another's way.
struct ScanMemory {
    let scan: RasterScanStep
    /// The least and greatest first element of each slot, for the programs that run.
    let bases: [[ClosedRange<Int>]?]

    func accesses(_ step: Step) -> (reads: [ScanAccess], writes: [ScanAccess]) {
        func loads(_ expression: Expression, _ operands: [Operand]) -> [ScanAccess] {
            expression.instructions.compactMap(\.read).map { ScanAccess(operand: operands[$0.operand], view: $0.view) }
        }
        switch step {
        case .pointwise(let step):
            let after = step.reduction.map { loads($0.epilogue, step.operands) } ?? []
            return (
                loads(step.body, step.operands) + after,
                step.stores.map { ScanAccess(operand: $0.destination, view: $0.view) }
            )
        case .contraction(let step):
            func matrix(_ matrix: Matrix, _ rows: Int, _ columns: Int) -> ScanAccess {
                let strides = [matrix.batchStride, matrix.rowStride, matrix.columnStride]
                return ScanAccess(
                    operand: matrix.operand, view: View(shape: [step.batch, rows, columns], strides: strides))
            }
            let after = step.epilogue.map { loads($0.body, $0.operands) } ?? []
            let result = View(contiguous: [step.batch, step.rows, step.columns])
            return (
                [matrix(step.a, step.rows, step.depth), matrix(step.b, step.depth, step.columns)] + after,
                [ScanAccess(operand: step.destination, view: result)]
            )
        default: return ([], [])
        }
    }

    /// Whether two accesses may have a byte in common, wherever an instance is. Instances do not touch one another's.
    func mayOverlap(_ a: ScanAccess, _ b: ScanAccess) -> Bool {
        let (first, second) = (scan.slots[a.operand.slot], scan.slots[b.operand.slot])
        guard first.operand.slot == second.operand.slot, let left = bytes(a), let right = bytes(b) else { return false }
        let step = first.instanceStride * a.operand.dtype.size - second.instanceStride * b.operand.dtype.size
        return (0..<(step == 0 ? 1 : scan.instances)).contains { instance in
            (left.lowerBound + instance * step...left.upperBound + instance * step).overlaps(right)
        }
    }

    /// The bytes that the first instance may touch.
    private func bytes(_ access: ScanAccess) -> ClosedRange<Int>? {
        guard let reach = access.view.reach else { return nil }
        let all = bases.compactMap { $0?[access.operand.slot] }
        guard let low = all.map(\.lowerBound).min(), let high = all.map(\.upperBound).max() else { return nil }
        let others = (scan.instances - 1) * scan.slots[access.operand.slot].instanceStride
        let size = access.operand.dtype.size
        let first = (low - min(0, others) + access.operand.offset + reach.lowerBound) * size
        return first...(high - max(0, others) + access.operand.offset + reach.upperBound + 1) * size - 1
    }

    func moves(_ slot: Int) -> Bool { scan.slots[slot].rowStride != 0 || scan.slots[slot].columnStride != 0 }
}
