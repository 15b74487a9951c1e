import Compute
import Glibc

/// The pixels that a convolution reads for each pixel that it writes, laid out as rows of a matrix: im2col, for a list
/// of taps. Row p holds, tap after tap, the channels of the source pixel that the tap reads for target pixel p.
struct TapPatches: Sendable {
    /// Taps that read neighbouring pixels of one line, one after the other.
    private struct Run {
        let dy: Int
        let dx: Int
        let count: Int
    }

    /// The source image `[batch, height, width, channels]`.
    private let height: Int
    private let width: Int
    private let channels: Int
    /// The target pixels `[batch, rows, columns]`.
    let batch: Int
    let rows: Int
    let columns: Int
    /// Source pixels from one target pixel to the next.
    private let strideY: Int
    private let strideX: Int
    private let runs: [Run]
    /// Elements of a row.
    let length: Int

    init(
        height: Int, width: Int, channels: Int, batch: Int, rows: Int, columns: Int, strideY: Int, strideX: Int,
        taps: [ConvolutionGeometry.Tap]
    ) {
        self.height = height
        self.width = width
        self.channels = channels
        self.batch = batch
        self.rows = rows
        self.columns = columns
        self.strideY = strideY
        self.strideX = strideX
        var runs: [Run] = []
        for tap in taps {
            if let last = runs.last, last.dy == tap.dy, last.dx + last.count == tap.dx {
                runs[runs.count - 1] = Run(dy: last.dy, dx: last.dx, count: last.count + 1)
            } else {
                runs.append(Run(dy: tap.dy, dx: tap.dx, count: 1))
            }
        }
        self.runs = runs
        length = taps.count * channels
    }

    /// The number of target pixels.
    var pixels: Int { batch * rows * columns }

    /// Whether the matrix is the source itself: one tap on the pixel of the same place.
    var isSource: Bool {
        runs.count == 1 && length == channels && runs[0].dy == 0 && runs[0].dx == 0 && strideY == 1 && strideX == 1
            && rows == height && columns == width
    }

    /// Writes the rows of a range of target pixels.
    func fill(_ pixels: Range<Int>, from source: UnsafePointer<Float>, into patches: UnsafeMutablePointer<Float>) {
        forEachRun(pixels) { patch, size, element, inside in
            let target = patches + patch
            if inside.lowerBound > 0 { memset(target, 0, inside.lowerBound * 4) }
            memcpy(target + inside.lowerBound, source + element, inside.count * 4)
            if inside.upperBound < size { memset(target + inside.upperBound, 0, (size - inside.upperBound) * 4) }
        }
    }

    /// Adds the rows of a range of target pixels to the source pixels that they come from: the reverse of `fill`.
    func add(_ pixels: Range<Int>, patches: UnsafePointer<Float>, to source: UnsafeMutablePointer<Float>) {
        forEachRun(pixels) { patch, _, element, inside in
            let addends = patches + patch + inside.lowerBound
            let target = source + element
            for i in 0..<inside.count { target[i] += addends[i] }
        }
    }

    /// Calls `body(patch, size, element, inside)` for each run of each target pixel in turn: its place in the rows, its
    /// elements, and which of them, from `element` of the source on, lie inside the image.
    @inline(__always)
    private func forEachRun(_ pixels: Range<Int>, _ body: (Int, Int, Int, Range<Int>) -> Void) {
        var patch = 0
        for pixel in pixels {
            let (line, column) = pixel.quotientAndRemainder(dividingBy: columns)
            let (image, row) = line.quotientAndRemainder(dividingBy: rows)
            for run in runs {
                let y = row * strideY + run.dy
                let x = column * strideX + run.dx
                let size = run.count * channels
                if y >= 0, y < height, x + run.count > 0, x < width {
                    let before = max(0, -x)
                    let inside = before * channels..<min(run.count, width - x) * channels
                    body(patch, size, ((image * height + y) * width + x + before) * channels, inside)
                } else {
                    body(patch, size, 0, 0..<0)
                }
                patch += size
            }
        }
    }
}
