import Compute
import Glibc

/// Tables that compiled programs point into: plain memory, so that reading one counts no references.
final class ChunkTables: @unchecked Sendable {
    private var kept: [[Int]: UnsafePointer<Int>] = [:]

    /// A pointer that lives as long as the tables do; equal tables share one.
    func pointer(to values: [Int]) -> UnsafePointer<Int> {
        if let known = kept[values] { return known }
        let memory = UnsafeMutablePointer<Int>.allocate(capacity: max(values.count, 1))
        memory.initialize(from: values, count: values.count)
        kept[values] = UnsafePointer(memory)
        return UnsafePointer(memory)
    }

    deinit { for memory in kept.values { memory.deallocate() } }
}

/// A view as chunks see it: where a chunk starts, and how its elements follow. The tables are never written again.
struct ChunkView: @unchecked Sendable {
    enum Kind: UInt8 {
        /// Each element right after the one before.
        case contiguous
        /// One element for the whole chunk.
        case uniform
        /// By a table of distances.
        case table
    }

    /// The distance that stands for an element outside the memory.
    private static let hole = Int.min

    let kind: Kind
    let offset: Int
    /// The distance between values of each coordinate.
    private let steps: UnsafePointer<Int>
    /// The first and the last but one index inside the memory, for each coordinate.
    private let limits: UnsafePointer<Int>?
    private let table: UnsafePointer<Int>
    private let coordinates: Int
    private let splitCoordinate: Int
    private let piece: Int
    private let inner: Int
    /// Whether some elements may lie outside the memory.
    let padded: Bool
    /// Whether every chunk has the same elements.
    let repeated: Bool

    /// - Parameter view: of the shape of `space`.
    init(_ view: View, in space: ChunkSpace, tables: ChunkTables) {
        let pattern = space.pattern(view)
        let distances = pattern.map { $0 ?? ChunkView.hole }
        let holes = distances.contains(ChunkView.hole)
        if distances.allSatisfy({ $0 == 0 }) {
            kind = .uniform
        } else if distances.indices.allSatisfy({ distances[$0] == $0 }) {
            kind = .contiguous
        } else {
            kind = .table
        }
        let steps = space.steps(view)
        let limits = space.limits(view)
        offset = view.offset
        self.steps = tables.pointer(to: steps)
        self.limits = limits.map { tables.pointer(to: $0) }
        table = tables.pointer(to: kind == .table ? distances : [])
        coordinates = steps.count
        splitCoordinate = space.splitCoordinate
        piece = space.piece
        inner = space.inner
        padded = holes || limits != nil
        repeated = limits == nil && zip(steps, space.coordinates).allSatisfy { $0 == 0 || $1.extent == 1 }
    }

    /// The address of the chunk's first element.
    @inline(__always)
    func start(_ at: UnsafePointer<Int>) -> Int {
        var address = offset
        for index in 0..<coordinates { address &+= at[index] &* steps[index] }
        return address
    }

    /// The elements of a chunk of `count` that the limits of its coordinates leave inside the memory.
    @inline(__always)
    func inside(_ at: UnsafePointer<Int>, count: Int) -> Range<Int> {
        guard let limits else { return 0..<count }
        var range = 0..<count
        for index in 0..<coordinates {
            let (lower, upper) = (limits[2 &* index], limits[2 &* index &+ 1])
            if index == splitCoordinate {
                let first = at[index] &* piece
                let ends = max(lower &- first, 0) &* inner..<max(upper &- first, lower &- first, 0) &* inner
                range = range.clamped(to: ends)
            } else if at[index] < lower || at[index] >= upper {
                return 0..<0
            }
        }
        return range
    }

    /// Calls `body(i, address)` for the elements of `range` that lie inside the memory.
    @inline(__always)
    func forEach(_ range: Range<Int>, from start: Int, _ body: (Int, Int) -> Void) {
        switch kind {
        case .contiguous: for i in range { body(i, start &+ i) }
        case .uniform: for i in range { body(i, start) }
        case .table where padded: for i in range where table[i] != ChunkView.hole { body(i, start &+ table[i]) }
        case .table: for i in range { body(i, start &+ table[i]) }
        }
    }

    /// Fills a row with the elements of `memory`, converted to four bytes each, and zeros where there are none.
    func load(
        _ type: DType, from memory: UnsafeRawPointer, at: UnsafePointer<Int>, count: Int,
        into row: UnsafeMutableRawPointer
    ) {
        let range = inside(at, count: count)
        if padded { memset(row, 0, count &* 4) }
        if range.isEmpty { return }
        let start = start(at)
        let ints = row.assumingMemoryBound(to: Int32.self)
        switch type {
        case .float32, .int32:
            let source = memory.assumingMemoryBound(to: Int32.self)
            if kind == .contiguous {
                memcpy(ints + range.lowerBound, source + start + range.lowerBound, range.count &* 4)
            } else {
                forEach(range, from: start) { i, address in ints[i] = source[address] }
            }
        case .uint8:
            let source = memory.assumingMemoryBound(to: UInt8.self)
            forEach(range, from: start) { i, address in ints[i] = Int32(source[address]) }
        case .bool:
            let source = memory.assumingMemoryBound(to: UInt8.self)
            forEach(range, from: start) { i, address in ints[i] = source[address] == 0 ? 0 : -1 }
        }
    }

    /// Writes a row to `memory`, in elements of its type.
    func store(
        _ type: DType, row: UnsafeRawPointer, at: UnsafePointer<Int>, count: Int, to memory: UnsafeMutableRawPointer
    ) {
        let start = start(at)
        let ints = row.assumingMemoryBound(to: Int32.self)
        switch type {
        case .float32, .int32:
            let target = memory.assumingMemoryBound(to: Int32.self)
            if kind == .contiguous {
                memmove(target + start, ints, count &* 4)
            } else {
                forEach(0..<count, from: start) { i, address in target[address] = ints[i] }
            }
        case .uint8:
            let target = memory.assumingMemoryBound(to: UInt8.self)
            forEach(0..<count, from: start) { i, address in target[address] = UInt8(truncatingIfNeeded: ints[i]) }
        case .bool:
            let target = memory.assumingMemoryBound(to: UInt8.self)
            forEach(0..<count, from: start) { i, address in target[address] = ints[i] == 0 ? 0 : 1 }
        }
    }

    /// Fills a row with the addresses themselves.
    func addresses(at: UnsafePointer<Int>, count: Int, into row: UnsafeMutableRawPointer) {
        if padded { memset(row, 0, count &* 4) }
        let ints = row.assumingMemoryBound(to: Int32.self)
        forEach(inside(at, count: count), from: start(at)) { i, address in
            ints[i] = Int32(truncatingIfNeeded: address)
        }
    }
}
