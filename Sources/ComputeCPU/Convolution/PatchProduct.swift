import Compute
import Glibc

/// Patches times weights: `result[pixel, :] = patches[pixel, :] · w`, `w` of `[taps * channels, columns]`.
struct PatchProduct: Sendable {
    private enum Method {
        /// The source is the matrix.
        case direct(MatrixProduct)
        /// Many pixels: each worker fills and multiplies blocks of patches of its own.
        case blocks(MatrixProduct, count: Int)
        /// Few pixels: all patches first, and then one product that all workers share.
        case whole(MatrixProduct)
    }

    private let patches: TapPatches
    private let columns: Int
    private let method: Method
    private let scatters: Bool

    /// - Parameters:
    ///   - columns: of the weights and of the result.
    ///   - scatters: whether results go to places of the caller's choosing rather than to contiguous ones.
    init(_ patches: TapPatches, columns: Int, scatters: Bool) {
        self.patches = patches
        self.columns = columns
        self.scatters = scatters
        let pixels = patches.pixels
        let blocks = (pixels + patches.blockPixels - 1) / patches.blockPixels
        if patches.isSource, !scatters {
            method = .direct(MatrixProduct(rows: pixels, columns: columns, depth: patches.length))
        } else if blocks >= 8 {
            let rows = (pixels + blocks - 1) / blocks
            method = .blocks(MatrixProduct(rows: rows, columns: columns, depth: patches.length), count: blocks)
        } else {
            method = .whole(MatrixProduct(rows: pixels, columns: columns, depth: patches.length))
        }
    }

    var sharedScratch: Int {
        switch method {
        case .direct(let product): product.sharedScratch
        case .blocks: 0
        case .whole(let product): patchBytes(patches.pixels) + resultBytes(patches.pixels) + product.sharedScratch
        }
    }

    var workerScratch: Int {
        switch method {
        case .direct, .whole: PlainProduct.scratchBytes
        case .blocks: patchBytes(patches.blockPixels) + resultBytes(patches.blockPixels) + PlainProduct.scratchBytes
        }
    }

    private func patchBytes(_ pixels: Int) -> Int { (pixels * patches.length * 4 + 63) / 64 * 64 }
    private func resultBytes(_ pixels: Int) -> Int { scatters ? (pixels * columns * 4 + 63) / 64 * 64 : 0 }

    /// - Parameters:
    ///   - result: contiguous; not written where results are scattered.
    ///   - shared: `sharedScratch` bytes.
    ///   - scatter: is given the results of a range of pixels.
    func run(
        _ launch: Launch, source: UnsafePointer<Float>, weights: UnsafePointer<Float>,
        into result: UnsafeMutablePointer<Float>, shared: UnsafeMutableRawPointer,
        scatter: (Range<Int>, UnsafePointer<Float>) -> Void = { _, _ in }
    ) {
        let w = StridedMatrix(base: weights, rowStride: columns, columnStride: 1)
        func matrix(_ rows: UnsafePointer<Float>) -> StridedMatrix {
            StridedMatrix(base: rows, rowStride: patches.length, columnStride: 1)
        }
        switch method {
        case .direct(let product):
            product.multiply(
                matrix(source), w, into: result, workers: launch.workers, parts: shared, scratch: launch.scratch)
        case .blocks(let product, let count):
            launch.workers.perform(count) { worker, block in
                let pixels = patches.pixels * block / count..<patches.pixels * (block + 1) / count
                let scratch = launch.scratch(worker)
                let rows = (scratch + PlainProduct.scratchBytes).assumingMemoryBound(to: Float.self)
                patches.fill(pixels, from: source, into: rows)
                let target =
                    scatters
                    ? (scratch + PlainProduct.scratchBytes + patchBytes(patches.blockPixels))
                        .assumingMemoryBound(to: Float.self) : result + pixels.lowerBound * columns
                product.multiplyTile(
                    rows: pixels.count, columns: columns, depth: patches.length, matrix(rows), w, accumulate: false,
                    into: target, stride: columns, scratch: scratch)
                if scatters { scatter(pixels, target) }
            }
        case .whole(let product):
            let rows = shared.assumingMemoryBound(to: Float.self)
            patches.fillAll(0..<patches.pixels, from: source, into: rows, workers: launch.workers)
            let results = shared + patchBytes(patches.pixels)
            let target = scatters ? results.assumingMemoryBound(to: Float.self) : result
            product.multiply(
                matrix(rows), w, into: target, workers: launch.workers,
                parts: results + resultBytes(patches.pixels), scratch: launch.scratch)
            if scatters { scatter(0..<patches.pixels, target) }
        }
    }
}

extension TapPatches {
    /// Pixels in a block of patches: about a megabyte, but enough that packing the weights is little of the work.
    var blockPixels: Int { max(1, min(1024, max(256, (1 << 18) / max(length, 1)))) }

    /// Fills the patches of a range of pixels with all workers.
    func fillAll(
        _ pixels: Range<Int>, from source: UnsafePointer<Float>, into patches: UnsafeMutablePointer<Float>,
        workers: Workers
    ) {
        workers.divide(pixels.count, grain: max(1, 32768 / max(length, 1))) { _, range in
            fill(
                pixels.lowerBound + range.lowerBound..<pixels.lowerBound + range.upperBound, from: source,
                into: patches + range.lowerBound * length)
        }
    }
}
