import Compute

/// A read or a write of some elements by a step.
struct MemoryAccess {
    var operand: Operand
    var view: View
}

extension MemoryAccess {
    init(_ store: Store) { self.init(operand: store.destination, view: store.view) }

    /// The bytes that it may touch, from where the slot begins.
    var bytes: ClosedRange<Int>? {
        guard let reach = view.reach else { return nil }
        let size = operand.dtype.size
        return (operand.offset + reach.lowerBound) * size...(operand.offset + reach.upperBound + 1) * size - 1
    }
}

extension Expression {
    /// What it reads of a step's operands.
    func reads(of operands: [Operand]) -> [MemoryAccess] {
        instructions.compactMap(\.read).map { MemoryAccess(operand: operands[$0.operand], view: $0.view) }
    }
}
