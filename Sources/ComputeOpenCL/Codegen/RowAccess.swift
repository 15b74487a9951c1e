import Compute

/// Where a step over rows reads or writes memory: the bytes of a slot, in all rows and in the first.
struct RowAccess {
    private let slot: Int
    private let whole: ClosedRange<Int>
    /// `nil` where rows are not evenly apart.
    private let row: (bytes: ClosedRange<Int>, stride: Int)?

    /// Nil where nothing is touched.
    /// - Parameter hasElements: whether the view's last axis is that of a row's elements; those before it are of rows.
    init?(_ access: MemoryAccess, hasElements: Bool) {
        guard let bytes = access.bytes else { return nil }
        slot = access.operand.slot
        whole = bytes
        let view = access.view
        let outer = view.shape.indices.dropLast(hasElements ? 1 : 0).filter { view.shape[$0] != 1 }
        guard zip(outer, outer.dropFirst()).allSatisfy({ view.strides[$0] == view.strides[$1] * view.shape[$1] }) else {
            row = nil
            return
        }
        var first = access
        first.view.valid = nil
        for axis in outer { first.view.shape[axis] = 1 }
        let stride = outer.last.map { view.strides[$0] } ?? 0
        row = first.bytes.map { ($0, stride * access.operand.dtype.size) }
    }

    func mayOverlap(_ other: RowAccess) -> Bool { slot == other.slot && whole.overlaps(other.whole) }

    /// Whether no row touches what another row of the other access touches.
    func sharesRows(with other: RowAccess) -> Bool {
        guard let row, let others = other.row, row.stride == others.stride else { return false }
        let first = min(row.bytes.lowerBound, others.bytes.lowerBound)
        let last = max(row.bytes.upperBound, others.bytes.upperBound)
        return last - first < abs(row.stride)
    }
}
