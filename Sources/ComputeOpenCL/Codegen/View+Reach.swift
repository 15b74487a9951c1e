import Compute

extension View {
    /// The lowest and highest address that any index inside `valid` finds; `nil` where there is no such index.
    var reach: ClosedRange<Int>? {
        var low = offset
        var high = offset
        for axis in shape.indices {
            let range = validRange(axis)
            if range.isEmpty { return nil }
            let first = range.lowerBound * strides[axis]
            let last = (range.upperBound - 1) * strides[axis]
            low += min(first, last)
            high += max(first, last)
        }
        return low...high
    }

    /// The indices of an axis that lie inside the memory.
    func validRange(_ axis: Int) -> Range<Int> {
        valid?[axis].clamped(to: 0..<shape[axis]) ?? 0..<shape[axis]
    }

    /// Whether some index of an axis reads zero.
    func isPadded(_ axis: Int) -> Bool {
        valid.map { $0[axis].lowerBound > 0 || $0[axis].upperBound < shape[axis] } ?? false
    }
}

extension [View] {
    /// Whether some address needs more than 32 bits.
    var areWide: Bool { contains { ($0.reach?.upperBound ?? 0) > Int(Int32.max) - (1 << 20) } }
}
