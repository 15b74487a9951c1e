import Compute
import Glibc

/// One operation over a chunk: `(count, x, y, z, result)`. Elements have four bytes; a truth value is 0 or -1, so that
/// selecting is a matter of bits. `count` is a multiple of 8. An operation of fewer arguments ignores the others, and
/// the result may be the very row of an argument.
typealias ChunkKernel =
    @Sendable @convention(c) (
        Int, UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer
    ) -> Void

/// The kernels of every operation.
enum ChunkKernels {
    /// What an operation costs for an element, in the time of an addition.
    struct Costed {
        let kernel: ChunkKernel
        let cost: Int
    }

    /// `x ? y : z`.
    static let select: ChunkKernel = { count, x, y, z, result in
        var i = 0
        while i < count {
            let c = x.loadUnaligned(fromByteOffset: i &* 4, as: Ints.self)
            let a = y.loadUnaligned(fromByteOffset: i &* 4, as: Ints.self)
            let b = z.loadUnaligned(fromByteOffset: i &* 4, as: Ints.self)
            result.storeBytes(of: (c & a) | (~c & b), toByteOffset: i &* 4, as: Ints.self)
            i &+= 8
        }
    }
}

/// The loops that kernels are made of.
enum Rows {
    @inline(__always)
    static func map<T: SIMDScalar, R: SIMDScalar>(
        _ count: Int, _ x: UnsafeRawPointer, _ result: UnsafeMutableRawPointer, _ body: (SIMD8<T>) -> SIMD8<R>
    ) {
        var i = 0
        while i < count {
            result.storeBytes(
                of: body(x.loadUnaligned(fromByteOffset: i &* 4, as: SIMD8<T>.self)), toByteOffset: i &* 4,
                as: SIMD8<R>.self)
            i &+= 8
        }
    }

    @inline(__always)
    static func zip<T: SIMDScalar, R: SIMDScalar>(
        _ count: Int, _ x: UnsafeRawPointer, _ y: UnsafeRawPointer, _ result: UnsafeMutableRawPointer,
        _ body: (SIMD8<T>, SIMD8<T>) -> SIMD8<R>
    ) {
        var i = 0
        while i < count {
            let a = x.loadUnaligned(fromByteOffset: i &* 4, as: SIMD8<T>.self)
            let b = y.loadUnaligned(fromByteOffset: i &* 4, as: SIMD8<T>.self)
            result.storeBytes(of: body(a, b), toByteOffset: i &* 4, as: SIMD8<R>.self)
            i &+= 8
        }
    }

    /// Element by element, for what has no vector form.
    @inline(__always)
    static func mapScalars<T, R>(
        _ count: Int, _ x: UnsafeRawPointer, _ result: UnsafeMutableRawPointer, _ body: (T) -> R
    ) {
        for i in 0..<count {
            result.storeBytes(of: body(x.load(fromByteOffset: i &* 4, as: T.self)), toByteOffset: i &* 4, as: R.self)
        }
    }

    @inline(__always)
    static func zipScalars<T, R>(
        _ count: Int, _ x: UnsafeRawPointer, _ y: UnsafeRawPointer, _ result: UnsafeMutableRawPointer,
        _ body: (T, T) -> R
    ) {
        for i in 0..<count {
            let a = x.load(fromByteOffset: i &* 4, as: T.self)
            let b = y.load(fromByteOffset: i &* 4, as: T.self)
            result.storeBytes(of: body(a, b), toByteOffset: i &* 4, as: R.self)
        }
    }

    @inline(__always)
    static func mask(_ mask: SIMDMask<Ints>) -> Ints { unsafeBitCast(mask, to: Ints.self) }
}
