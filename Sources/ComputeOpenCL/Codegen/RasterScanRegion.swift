import Compute

/// A part of memory that does not move, and what is left of its contents: a byte each.
struct ScanRegion {
    let operand: Operand
    private var isLeft: [Bool]

    init(_ operand: Operand, count: Int) {
        self.operand = operand
        isLeft = Array(repeating: true, count: count * operand.dtype.size)
    }

    /// Follows the contents through a step; false where the step reads some of them.
    mutating func pass(_ step: Step, in program: Int, _ memory: ScanMemory) -> Bool {
        let (reads, writes) = memory.accesses(step)
        for read in reads where !isUntouched(by: read, in: program, memory) { return false }
        for write in writes { overwrite(write, memory) }
        return true
    }

    /// Whether an access has nothing to do with what is left.
    func isUntouched(by access: MemoryAccess, in program: Int, _ memory: ScanMemory) -> Bool {
        guard let shift = distance(to: access, memory) else {
            let whole = MemoryAccess(operand: operand, view: View(contiguous: [isLeft.count / operand.dtype.size]))
            return !memory.mayOverlap(whole, access, in: program)
        }
        let size = access.operand.dtype.size
        return access.view.forEachRun { first, count in
            let bytes = (shift + first * size..<shift + (first + count) * size).clamped(to: isLeft.indices)
            return !isLeft[bytes].contains(true)
        }
    }

    /// Takes away what an access certainly overwrites.
    private mutating func overwrite(_ access: MemoryAccess, _ memory: ScanMemory) {
        guard let shift = distance(to: access, memory) else { return }
        let size = access.operand.dtype.size
        _ = access.view.forEachRun { first, count in
            for byte in (shift + first * size..<shift + (first + count) * size).clamped(to: isLeft.indices) {
                isLeft[byte] = false
            }
            return true
        }
    }

    /// Where an access' operand begins, in bytes from the region's beginning; nil where that is not always the same, or in
    /// another buffer.
    private func distance(to access: MemoryAccess, _ memory: ScanMemory) -> Int? {
        let (own, other) = (memory.scan.slots[operand.slot], memory.scan.slots[access.operand.slot])
        let (ownSize, size) = (operand.dtype.size, access.operand.dtype.size)
        guard own.operand.slot == other.operand.slot, !memory.moves(access.operand.slot),
            own.instanceStride * ownSize == other.instanceStride * size
        else { return nil }
        return (other.operand.offset + access.operand.offset) * size - (own.operand.offset + operand.offset) * ownSize
    }
}

extension View {
    /// Visits the elements inside the memory, neighbours together, until `body` says false.
    /// - Returns: whether it never did.
    fileprivate func forEachRun(_ body: (_ first: Int, _ count: Int) -> Bool) -> Bool {
        func visit(_ axis: Int, _ address: Int) -> Bool {
            if axis == shape.count { return body(address, 1) }
            let range = validRange(axis)
            if range.isEmpty { return true }
            if axis == shape.count - 1 && strides[axis] == 1 { return body(address + range.lowerBound, range.count) }
            for index in range where !visit(axis + 1, address + index * strides[axis]) { return false }
            return true
        }
        return visit(0, offset)
    }
}
