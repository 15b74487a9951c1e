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
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: ChunkSpace.capacity) { second in
                guard let second = second.baseAddress else { return }
                let first = row.assumingMemoryBound(to: UInt32.self)
                // Elements outside the memory become zero.
                let whole = NormalNumbers.padded(count)
                first.update(repeating: .max, count: whole)
                second.initialize(repeating: 0, count: whole)
                view.forEach(range, from: start) { i, element in
                    let words = Philox.words(element: element, stream: stream, key: key)
                    first[i] = words.x
                    second[i] = words.y
                }
                NormalNumbers.draw(first, second, count: count)
            }
        }
    }
}
