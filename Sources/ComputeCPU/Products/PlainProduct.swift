/// Matrix products where OpenBLAS is not installed.
package enum PlainProduct {
    /// Depth of a block of the second matrix, and its width: packed, it stays in the first-level cache.
    private static let depthBlock = 256
    private static let width = 8

    /// Bytes of memory that a product needs for itself.
    static let scratchBytes = depthBlock * width * 4

    /// c[m, n] = a · b + (accumulate ? c : 0), for any strides of a and b; the columns of c are neighbours.
    static func multiply(
        rows: Int, columns: Int, depth: Int, _ a: StridedMatrix, _ b: StridedMatrix, accumulate: Bool,
        into c: UnsafeMutablePointer<Float>, stride: Int, scratch: UnsafeMutableRawPointer
    ) {
        let panel = scratch.assumingMemoryBound(to: Floats.self)
        for firstDepth in Swift.stride(from: 0, to: depth, by: depthBlock) {
            let block = min(depthBlock, depth - firstDepth)
            let adds = accumulate || firstDepth > 0
            for column in Swift.stride(from: 0, to: columns, by: width) {
                let lanes = min(width, columns - column)
                pack(b, firstDepth, column, depth: block, lanes: lanes, into: panel)
                for row in Swift.stride(from: 0, to: rows, by: 4) {
                    let count = min(4, rows - row)
                    let sums = tile(a, row, firstDepth, rows: count, depth: block, panel)
                    let target = c + row * stride + column
                    store(sums.0, lanes, adds, target)
                    if count > 1 { store(sums.1, lanes, adds, target + stride) }
                    if count > 2 { store(sums.2, lanes, adds, target + 2 * stride) }
                    if count > 3 { store(sums.3, lanes, adds, target + 3 * stride) }
                }
            }
        }
    }

    /// A contiguous product of arrays, each with the strides of its rows and columns.
    package static func product(
        rows: Int, columns: Int, depth: Int, _ a: [Float], _ aStrides: (Int, Int), _ b: [Float],
        _ bStrides: (Int, Int), accumulatingInto before: [Float]? = nil
    ) -> [Float] {
        var result = before ?? [Float](repeating: 0, count: rows * columns)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                result.withUnsafeMutableBufferPointer { c in
                    withUnsafeTemporaryAllocation(byteCount: scratchBytes, alignment: 64) { scratch in
                        guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress,
                            let scratch = scratch.baseAddress
                        else { return }
                        multiply(
                            rows: rows, columns: columns, depth: depth,
                            StridedMatrix(base: a, rowStride: aStrides.0, columnStride: aStrides.1),
                            StridedMatrix(base: b, rowStride: bStrides.0, columnStride: bStrides.1),
                            accumulate: before != nil, into: c, stride: columns, scratch: scratch)
                    }
                }
            }
        }
        return result
    }

    private static func pack(
        _ b: StridedMatrix, _ firstDepth: Int, _ column: Int, depth: Int, lanes: Int,
        into panel: UnsafeMutablePointer<Floats>
    ) {
        for k in 0..<depth {
            var values = Floats()
            let source = b.base + (firstDepth + k) * b.rowStride + column * b.columnStride
            for lane in 0..<lanes { values[lane] = source[lane * b.columnStride] }
            panel[k] = values
        }
    }

    /// Four rows by eight columns; rows beyond `rows` repeat the last one.
    @inline(__always)
    private static func tile(
        _ a: StridedMatrix, _ row: Int, _ firstDepth: Int, rows: Int, depth: Int, _ panel: UnsafePointer<Floats>
    ) -> (Floats, Floats, Floats, Floats) {
        var sums = (Floats(), Floats(), Floats(), Floats())
        var a0 = a.base + row * a.rowStride + firstDepth * a.columnStride
        var a1 = a0 + min(1, rows - 1) * a.rowStride
        var a2 = a0 + min(2, rows - 1) * a.rowStride
        var a3 = a0 + min(3, rows - 1) * a.rowStride
        for k in 0..<depth {
            let b = panel[k]
            sums.0 += a0.pointee * b
            sums.1 += a1.pointee * b
            sums.2 += a2.pointee * b
            sums.3 += a3.pointee * b
            a0 += a.columnStride
            a1 += a.columnStride
            a2 += a.columnStride
            a3 += a.columnStride
        }
        return sums
    }

    @inline(__always)
    private static func store(_ sums: Floats, _ lanes: Int, _ adds: Bool, _ target: UnsafeMutablePointer<Float>) {
        for lane in 0..<lanes { target[lane] = sums[lane] + (adds ? target[lane] : 0) }
    }
}
