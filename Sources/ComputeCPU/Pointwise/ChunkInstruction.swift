import COpenBLAS
import Compute
import Glibc

/// One instruction of a chunk program. Values live in rows, each a run of `ChunkSpace.capacity` four-byte elements.
enum ChunkInstruction: Sendable {
    /// Lets a row be the operand's own memory.
    case point(ChunkView, operand: Int, row: Int)
    case load(ChunkView, DType, operand: Int, row: Int)
    case addresses(ChunkView, row: Int)
    case random(ChunkView, RandomDistribution, operand: Int, stream: UInt32, row: Int)
    case constant(UInt32, row: Int)
    case compute(ChunkKernel, Int, Int, Int, row: Int)

    var row: Int {
        switch self {
        case .point(_, _, let row), .load(_, _, _, let row), .addresses(_, let row), .random(_, _, _, _, let row),
            .constant(_, let row), .compute(_, _, _, _, let row):
            row
        }
    }

    /// - Parameter count: elements to compute; kernels round it up to whole vectors.
    @inline(__always)
    func execute(_ frame: borrowing ChunkFrame, count: Int) {
        let rows = frame.rows
        switch self {
        case .point(let view, let operand, let row):
            rows[row] = frame.bases[operand] + view.start(frame.coordinates) &* 4
        case .load(let view, let type, let operand, let row):
            view.load(type, from: frame.bases[operand], at: frame.coordinates, count: count, into: rows[row])
        case .addresses(let view, let row):
            view.addresses(at: frame.coordinates, count: count, into: rows[row])
        case .random(let view, let distribution, let operand, let stream, let row):
            ChunkInstruction.draw(
                distribution, view, key: frame.bases[operand], stream: stream, at: frame.coordinates, count: count,
                into: rows[row])
        case .constant(let bits, let row):
            rows[row].assumingMemoryBound(to: UInt32.self).update(repeating: bits, count: count)
        case .compute(let kernel, let x, let y, let z, let row):
            kernel((count &+ 7) & ~7, rows[x], rows[y], rows[z], rows[row])
        }
    }

    private static func draw(
        _ distribution: RandomDistribution, _ view: ChunkView, key: UnsafeRawPointer, stream: UInt32,
        at: UnsafePointer<Int>, count: Int, into row: UnsafeMutableRawPointer
    ) {
        let key = SIMD2(key.load(as: UInt32.self), key.load(fromByteOffset: 4, as: UInt32.self))
        let range = view.inside(at, count: count)
        let start = view.start(at)
        let floats = row.assumingMemoryBound(to: Float.self)
        switch distribution {
        case .bits:
            if view.padded { memset(row, 0, count &* 4) }
            let words = row.assumingMemoryBound(to: UInt32.self)
            view.forEach(range, from: start) { i, element in
                words[i] = Philox.words(element: element, stream: stream, key: key).x
            }
        case .uniform:
            if view.padded { memset(row, 0, count &* 4) }
            view.forEach(range, from: start) { i, element in
                floats[i] = Philox.uniform(Philox.words(element: element, stream: stream, key: key).x)
            }
        case .normal:
            withUnsafeTemporaryAllocation(of: Float.self, capacity: ChunkSpace.capacity) { turns in
                guard let turns = turns.baseAddress else { return }
                // Elements outside the memory become zero: the logarithm of 1.
                let whole = (count &+ 7) & ~7
                floats.update(repeating: 1, count: whole)
                turns.initialize(repeating: 0, count: whole)
                view.forEach(range, from: start) { i, element in
                    let words = Philox.words(element: element, stream: stream, key: key)
                    floats[i] = Philox.positiveUniform(words.x)
                    turns[i] = Philox.uniform(words.y)
                }
                normals(floats, turns, count: whole)
            }
        }
    }

    /// radii[i] = √(-2 ln radii[i]) cos(2π turns[i]), by Box and Muller.
    private static func normals(_ radii: UnsafeMutablePointer<Float>, _ turns: UnsafePointer<Float>, count: Int) {
        let result = UnsafeMutableRawPointer(radii)
        Rows.map(count, result, result) { (u: Floats) in -2 * VectorMath.log(u) }
        tessera_square_roots(radii, radii, count)
        Rows.zip(count, result, turns, result) { (radius: Floats, turn) in
            radius * VectorMath.sine(6.283_185_307 * turn, quarterTurns: 1)
        }
    }
}
