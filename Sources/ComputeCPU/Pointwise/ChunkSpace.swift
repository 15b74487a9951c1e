import Compute

/// How an iteration space is cut into chunks: runs of up to `capacity` elements that an expression is interpreted over.
///
/// A chunk is a piece of one axis, `split`, times all of the axes inside it. The cut depends on the shape alone, so
/// that results do not depend on the number of threads.
struct ChunkSpace {
    /// The most elements that a chunk has.
    static let capacity = 512

    /// A coordinate of chunks: an axis outside the split one, or the pieces of the split one.
    struct Coordinate {
        let axis: Int
        let extent: Int
        /// Indices of the axis from one value of the coordinate to the next.
        let step: Int
    }

    let shape: [Int]
    let split: Int
    /// Indices of the split axis in a chunk; the last piece may have fewer.
    let piece: Int
    /// Elements of the axes inside the split one.
    let inner: Int
    /// The slowest first.
    let coordinates: [Coordinate]
    /// Where the pieces of the split axis stand among the coordinates.
    let splitCoordinate: Int
    let chunks: Int
    /// Elements of a full chunk.
    var length: Int { piece * inner }

    /// - Parameters:
    ///   - shape: at least one axis.
    ///   - reduced: neighbouring axes whose chunks follow each other, fastest, whatever is inside them.
    init(_ shape: [Int], reduced: Range<Int> = 0..<0) {
        var split = shape.count - 1
        var inner = 1
        while split > 0, inner * shape[split] <= ChunkSpace.capacity / 2 {
            inner *= shape[split]
            split -= 1
        }
        let extent = shape[split]
        let most = ChunkSpace.capacity / max(inner, 1)
        let pieces = (extent + most - 1) / most
        var piece = pieces == 0 ? 1 : (extent + pieces - 1) / pieces
        if inner == 1, pieces > 1 { piece = (piece + 7) / 8 * 8 }
        let splitPieces = Coordinate(axis: split, extent: (extent + piece - 1) / piece, step: piece)

        let outside = (0..<split).map { Coordinate(axis: $0, extent: shape[$0], step: 1) } + [splitPieces]
        let ordered = outside.filter { !reduced.contains($0.axis) } + outside.filter { reduced.contains($0.axis) }

        self.shape = shape
        self.split = split
        self.piece = piece
        self.inner = inner
        coordinates = ordered
        splitCoordinate = ordered.firstIndex { $0.axis == split } ?? 0
        chunks = shape.contains(0) ? 0 : ordered.reduce(1) { $0 * $1.extent }
    }

    /// The distance between values of each coordinate in a view.
    func steps(_ view: View) -> [Int] { coordinates.map { $0.step * view.strides[$0.axis] } }

    /// The indices of each coordinate that a view has inside its memory, flattened; nil where no coordinate limits it.
    /// For the split axis these are indices of the axis itself.
    func limits(_ view: View) -> [Int]? {
        guard let valid = view.valid else { return nil }
        let ranges = coordinates.map { valid[$0.axis] }
        let full = zip(ranges, coordinates).allSatisfy { range, coordinate in
            range.lowerBound <= 0 && range.upperBound >= shape[coordinate.axis]
        }
        return full ? nil : ranges.flatMap { [$0.lowerBound, $0.upperBound] }
    }

    /// The distance of each element of a chunk from its first, nil for one that lies outside the memory.
    func pattern(_ view: View) -> [Int?] {
        var row: [Int?] = [0]
        for axis in (split + 1)..<shape.count {
            let inside = view.valid?[axis] ?? 0..<shape[axis]
            row = row.flatMap { base in
                (0..<shape[axis]).map { index in
                    inside.contains(index) ? base.map { $0 + index * view.strides[axis] } : nil
                }
            }
        }
        return (0..<piece).flatMap { index in row.map { $0.map { $0 + index * view.strides[split] } } }
    }
}

/// Axes rearranged and merged: the fewer and longer they are, the better they cut into chunks.
struct AxisPlan {
    /// At least one axis.
    private(set) var shape: [Int] = []
    /// For each axis, which of the groups it came from.
    private(set) var groups: [Int] = []
    /// For each axis, the original axes that are merged in it.
    private var sources: [[Int]] = []

    /// - Parameters:
    ///   - order: the axes of `shape` in groups, in the order they are to be walked. Axes of one group may merge.
    ///   - views: all views of the step.
    init(shape: [Int], order: [[Int]], views: [View]) {
        for (group, axes) in order.enumerated() {
            for axis in axes where !(shape[axis] == 1 && views.allSatisfy { $0.isInside(axis) }) {
                if let last = sources.last?.last, groups.last == group,
                    views.allSatisfy({ $0.merges(last, with: axis) })
                {
                    sources[sources.count - 1].append(axis)
                    self.shape[sources.count - 1] *= shape[axis]
                } else {
                    sources.append([axis])
                    groups.append(group)
                    self.shape.append(shape[axis])
                }
            }
        }
        if self.shape.isEmpty {
            self.shape = [1]
            groups = [0]
            sources = [[]]
        }
    }

    /// The view of the rearranged space.
    func apply(_ view: View) -> View {
        let strides = sources.map { axes in axes.last.map { view.strides[$0] } ?? 0 }
        var valid: [Range<Int>]?
        if view.valid != nil {
            valid = zip(sources, shape).map { axes, extent in
                guard axes.count == 1, let axis = axes.first, let range = view.valid?[axis] else { return 0..<extent }
                return range.clamped(to: 0..<extent)
            }
        }
        return View(shape: shape, strides: strides, offset: view.offset, valid: valid)
    }
}

extension View {
    /// Whether every index of an axis lies inside the memory.
    fileprivate func isInside(_ axis: Int) -> Bool {
        guard let range = valid?[axis] else { return true }
        return range.lowerBound <= 0 && range.upperBound >= shape[axis]
    }

    /// Whether an axis and one inside it walk the memory as a single axis would.
    fileprivate func merges(_ outer: Int, with inner: Int) -> Bool {
        strides[outer] == strides[inner] * shape[inner] && isInside(outer) && isInside(inner)
    }
}
