import COpenBLAS
import Compute
import Glibc

/// A matrix of Float32 in memory, or a batch of them: element (i, j) is `base[i * rowStride + j * columnStride]`.
struct StridedMatrix {
    var base: UnsafePointer<Float>
    var rowStride: Int
    var columnStride: Int
    /// The distance to the next matrix of the batch.
    var batchStride = 0

    func at(batch: Int = 0, _ row: Int, _ column: Int) -> StridedMatrix {
        var part = self
        part.base = base + batch * batchStride + row * rowStride + column * columnStride
        return part
    }
}

/// `c[batch, rows, columns] = a · b (+ c)`, cut into tiles that workers share.
///
/// Each tile is one call of a single-threaded product. The cut depends on the sizes alone. A product with few tiles
/// and a great depth, as the gradients of weights are, is also cut along the depth; the parts are added in order.
struct MatrixProduct: Sendable {
    private let batch: Int
    private let rows: Int
    private let columns: Int
    private let depth: Int
    private let rowTiles: Int
    private let columnTiles: Int
    private let segments: Int
    /// Whether OpenBLAS computes the tiles.
    let usesBLAS: Bool

    /// - Parameter usesBLAS: false for the plain product even where OpenBLAS is installed.
    init(batch: Int = 1, rows: Int, columns: Int, depth: Int, usesBLAS: Bool = tessera_blas_available()) {
        self.batch = batch
        self.rows = rows
        self.columns = columns
        self.depth = depth
        self.usesBLAS = usesBLAS
        // Tiles of 128 x 128 pack little for what they compute; larger ones where there would be very many, or where
        // the depth is so small that a tile would not be worth handing out.
        var (tileRows, tileColumns) = (128, 128)
        func tiles(_ extent: Int, _ tile: Int) -> Int { max(1, (extent + tile / 4) / tile) }
        while tileRows < rows || tileColumns < columns,
            tiles(rows, tileRows) * tiles(columns, tileColumns) > 32 || tileRows * tileColumns * depth < 1 << 20
        {
            if tileColumns < columns, tileColumns <= tileRows || tileRows >= rows {
                tileColumns *= 2
            } else {
                tileRows *= 2
            }
        }
        rowTiles = tiles(rows, tileRows)
        columnTiles = tiles(columns, tileColumns)
        segments = batch * rowTiles * columnTiles >= 8 || depth < 2048 ? 1 : min(16, depth / 1024)
    }

    /// Bytes for the parts of a product that is cut along its depth.
    var sharedScratch: Int { segments > 1 ? segments * rows * columns * 4 : 0 }
    /// Bytes that each worker needs.
    var workerScratch: Int { usesBLAS ? 0 : PlainProduct.scratchBytes }

    /// Computes the product with all workers.
    /// - Parameters:
    ///   - depth: where it is not the planned one.
    ///   - c: contiguous.
    ///   - parts: `sharedScratch` bytes.
    ///   - scratch: `workerScratch` bytes for each worker number.
    func multiply(
        _ a: StridedMatrix, _ b: StridedMatrix, depth: Int? = nil, accumulate: Bool = false,
        into c: UnsafeMutablePointer<Float>, workers: Workers, parts: UnsafeMutableRawPointer,
        scratch: (Int) -> UnsafeMutableRawPointer
    ) {
        let depth = depth ?? self.depth
        let parts = parts.assumingMemoryBound(to: Float.self)
        let size = rows * columns
        guard segments > 1 else {
            let tiles = rowTiles * columnTiles
            // Tiny products are handed out by the half megaflop.
            let grain = max(1, (1 << 18) * tiles / max(1, size * depth))
            workers.divide(batch * tiles, grain: grain) { worker, tasks in
                for task in tasks {
                    let (index, tile) = task.quotientAndRemainder(dividingBy: tiles)
                    multiply(
                        tile, 0..<depth, a.at(batch: index, 0, 0), b.at(batch: index, 0, 0), accumulate: accumulate,
                        into: c + index * size, scratch: scratch(worker))
                }
            }
            return
        }
        for index in 0..<batch {
            workers.perform(rowTiles * columnTiles * segments) { worker, task in
                let (tile, segment) = task.quotientAndRemainder(dividingBy: segments)
                multiply(
                    tile, MatrixProduct.part(segment, of: segments, depth), a.at(batch: index, 0, 0),
                    b.at(batch: index, 0, 0), accumulate: false, into: parts + segment * size,
                    scratch: scratch(worker))
            }
            MatrixProduct.sum(
                parts, count: segments, size: size, accumulate: accumulate, into: c + index * size, workers: workers)
        }
    }

    /// One tile of one matrix, over a range of the depth.
    private func multiply(
        _ tile: Int, _ depthRange: Range<Int>, _ a: StridedMatrix, _ b: StridedMatrix, accumulate: Bool,
        into c: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) {
        let (rowTile, columnTile) = tile.quotientAndRemainder(dividingBy: columnTiles)
        let rowRange = MatrixProduct.part(rowTile, of: rowTiles, rows)
        let columnRange = MatrixProduct.part(columnTile, of: columnTiles, columns)
        multiplyTile(
            rows: rowRange.count, columns: columnRange.count, depth: depthRange.count,
            a.at(rowRange.lowerBound, depthRange.lowerBound), b.at(depthRange.lowerBound, columnRange.lowerBound),
            accumulate: accumulate, into: c + rowRange.lowerBound * columns + columnRange.lowerBound,
            stride: columns, scratch: scratch)
    }

    /// One product on the calling thread.
    func multiplyTile(
        rows: Int, columns: Int, depth: Int, _ a: StridedMatrix, _ b: StridedMatrix, accumulate: Bool,
        into c: UnsafeMutablePointer<Float>, stride: Int, scratch: UnsafeMutableRawPointer
    ) {
        guard rows > 0, columns > 0 else { return }
        guard depth > 0 else {
            if !accumulate { for row in 0..<rows { memset(c + row * stride, 0, columns * 4) } }
            return
        }
        let (first, second) = (a.stored(rows, depth), b.stored(depth, columns))
        guard usesBLAS, let first, let second else {
            PlainProduct.multiply(
                rows: rows, columns: columns, depth: depth, a, b, accumulate: accumulate, into: c, stride: stride,
                scratch: scratch)
            return
        }
        tessera_sgemm(
            first.transposed, second.transposed, Int32(rows), Int32(columns), Int32(depth), a.base,
            Int32(first.stride), b.base, Int32(second.stride), accumulate ? 1 : 0, c, Int32(stride))
    }

    /// c = the sum of `count` parts in their order, each of `size` elements (plus c).
    static func sum(
        _ parts: UnsafePointer<Float>, count: Int, size: Int, accumulate: Bool,
        into c: UnsafeMutablePointer<Float>, workers: Workers
    ) {
        workers.divide(size, grain: max(1, 65536 / count)) { _, range in
            for first in Swift.stride(from: range.lowerBound, to: range.upperBound, by: 1024) {
                let block = first..<min(first + 1024, range.upperBound)
                if !accumulate { for i in block { c[i] = 0 } }
                for part in 0..<count {
                    let source = parts + part * size
                    for i in block { c[i] += source[i] }
                }
            }
        }
    }

    /// Part `index` of `count` nearly equal parts, whose ends are multiples of 16 where that is possible.
    private static func part(_ index: Int, of count: Int, _ extent: Int) -> Range<Int> {
        func end(_ index: Int) -> Int { index == count ? extent : min(extent, (extent * index / count + 15) / 16 * 16) }
        return end(index)..<end(index + 1)
    }
}

extension StridedMatrix {
    /// How the BLAS can read the matrix: whether it is stored transposed, and the distance between stored rows; nil
    /// where neither stride is 1. Strides along an extent of 1 mean nothing and may be anything.
    fileprivate func stored(_ rows: Int, _ columns: Int) -> (transposed: Bool, stride: Int)? {
        let limit = Int(Int32.max)
        if columnStride == 1 || columns == 1, rows == 1 || (rowStride >= columns && rowStride <= limit) {
            return (false, rows == 1 ? columns : rowStride)
        }
        if rowStride == 1 || rows == 1, columns == 1 || (columnStride >= rows && columnStride <= limit) {
            return (true, columns == 1 ? rows : columnStride)
        }
        return nil
    }
}
