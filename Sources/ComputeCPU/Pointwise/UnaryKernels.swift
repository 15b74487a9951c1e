import COpenBLAS
import Compute
import Glibc

extension ChunkKernels {
    /// - Returns: nil where the operation is not defined for the type.
    static func unary(_ operation: UnaryOperation, _ type: DType) -> Costed? {
        switch type {
        case .float32: floatUnary(operation)
        case .int32: intUnary(operation)
        case .bool where operation == .not:
            Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in ~v } }, cost: 1)
        default: nil
        }
    }

    // Integer vectors are compared with a vector of zeros: a comparison with a number goes lane by lane.
    private static func intUnary(_ operation: UnaryOperation) -> Costed? {
        let kernel: ChunkKernel? =
            switch operation {
            case .negate: { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in 0 &- v } }
            case .absolute:
                { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in v.replacing(with: 0 &- v, where: v .< Ints()) } }
            case .sign:
                { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in Rows.mask(v .< Ints()) &- Rows.mask(v .> Ints()) } }
            default: nil
            }
        return kernel.map { Costed(kernel: $0, cost: 1) }
    }

    private static func floatUnary(_ operation: UnaryOperation) -> Costed? {
        switch operation {
        case .negate: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { (v: Ints) in v ^ Int32.min } }, cost: 1)
        case .absolute: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.magnitude($0) } }, cost: 1)
        case .sign: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.sign($0) } }, cost: 2)
        case .exp: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.exp($0) } }, cost: 12)
        case .log: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.log($0) } }, cost: 16)
        case .log1p: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.log1p($0) } }, cost: 20)
        case .expm1: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.expm1($0) } }, cost: 20)
        case .sqrt: Costed(kernel: { n, x, _, _, r in ChunkKernels.squareRoots(n, x, r) }, cost: 4)
        case .rsqrt:
            Costed(
                kernel: { n, x, _, _, r in
                    ChunkKernels.squareRoots(n, x, r)
                    Rows.map(n, UnsafeRawPointer(r), r) { (v: Floats) in 1 / v }
                }, cost: 8)
        case .reciprocal: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { (v: Floats) in 1 / v } }, cost: 4)
        case .sin:
            Costed(kernel: { n, x, _, _, r in ChunkKernels.trigonometric(n, x, r, quarterTurns: 0, sinf) }, cost: 20)
        case .cos:
            Costed(kernel: { n, x, _, _, r in ChunkKernels.trigonometric(n, x, r, quarterTurns: 1, cosf) }, cost: 20)
        case .tanh: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.tanh($0) } }, cost: 20)
        case .sigmoid: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.sigmoid($0) } }, cost: 18)
        case .softplus: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.softplus($0) } }, cost: 32)
        case .erf: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.erf($0) } }, cost: 32)
        case .floor: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.floor($0) } }, cost: 4)
        case .round: Costed(kernel: { n, x, _, _, r in Rows.map(n, x, r) { VectorMath.round($0) } }, cost: 3)
        case .not: nil
        }
    }

    @inline(__always)
    private static func squareRoots(_ count: Int, _ x: UnsafeRawPointer, _ result: UnsafeMutableRawPointer) {
        tessera_square_roots(
            x.assumingMemoryBound(to: Float.self), result.assumingMemoryBound(to: Float.self), count)
    }

    /// The polynomial within its range; the C library for elements outside it, whatever their neighbours are.
    @inline(__always)
    private static func trigonometric(
        _ count: Int, _ x: UnsafeRawPointer, _ result: UnsafeMutableRawPointer, quarterTurns: Int32,
        _ library: (Float) -> Float
    ) {
        Rows.map(count, x, result) { (v: Floats) in
            let isNear = VectorMath.magnitude(v) .<= VectorMath.trigonometricLimit
            var values = VectorMath.sine(v, quarterTurns: quarterTurns)
            if all(isNear) { return values }
            for lane in values.indices where !isNear[lane] { values[lane] = library(v[lane]) }
            return values
        }
    }
}
