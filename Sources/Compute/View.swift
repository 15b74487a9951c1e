/// How an index of an iteration space finds its element in memory: `offset + Σ index[d] * strides[d]`.
///
/// A view carries every movement operation that needs no copy: a transpose permutes the strides, a broadcast has a
/// stride of zero, a slice moves the offset, and padding narrows `valid`. Strides and offset count elements, not bytes.
public struct View: Hashable, Sendable {
    /// The extent of each axis; the last one varies fastest.
    public var shape: [Int]
    /// The distance in elements between neighbours along each axis; zero repeats, a negative one walks backwards.
    public var strides: [Int]
    /// The element that index zero finds.
    public var offset: Int
    /// For each axis, the indices that lie inside the memory; an index outside any of them reads zero.
    /// `nil` where every index is inside.
    public var valid: [Range<Int>]?

    public init(shape: [Int], strides: [Int], offset: Int = 0, valid: [Range<Int>]? = nil) {
        self.shape = shape
        self.strides = strides
        self.offset = offset
        self.valid = valid
    }

    /// The row-major view of a whole contiguous buffer.
    public init(contiguous shape: [Int]) {
        self.init(shape: shape, strides: View.rowMajorStrides(shape))
    }

    /// The number of indices in the iteration space.
    public var count: Int { shape.reduce(1, *) }

    /// Whether the view walks its memory in order, without gaps, from wherever it starts.
    public var isContiguous: Bool {
        guard valid == nil else { return false }
        var expected = 1
        for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
            if stride != expected { return false }
            expected *= extent
        }
        return true
    }

    /// Row-major strides of a contiguous shape.
    public static func rowMajorStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
        return strides
    }
}
