/// The counter-based generator Philox 4x32-10 (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel Random
/// Numbers: As Easy as 1, 2, 3, SC 2011). A number depends on key and counter alone: there is no state.
package enum Philox {
    /// Ten rounds on `counter`.
    @inlinable @inline(__always)
    package static func words(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
        var (k0, k1) = (key.x, key.y)
        for _ in 0..<10 {
            let first = UInt64(c0) &* 0xd251_1f53
            let second = UInt64(c2) &* 0xcd9e_8d57
            c0 = UInt32(truncatingIfNeeded: second >> 32) ^ c1 ^ k0
            c1 = UInt32(truncatingIfNeeded: second)
            c2 = UInt32(truncatingIfNeeded: first >> 32) ^ c3 ^ k1
            c3 = UInt32(truncatingIfNeeded: first)
            // The Weyl sequence of the key: the golden ratio and √3 - 1, in 32 bits.
            k0 &+= 0x9e37_79b9
            k1 &+= 0xbb67_ae85
        }
        return SIMD4(c0, c1, c2, c3)
    }

    /// The words of one element of a random operation.
    /// - Parameter last: the last word of the counter, 0 for the devices' random operations.
    @inlinable @inline(__always)
    package static func words(
        element: Int, stream: UInt32, last: UInt32 = 0, key: SIMD2<UInt32>
    ) -> SIMD4<UInt32> {
        let element = UInt64(bitPattern: Int64(element))
        let (low, high) = (UInt32(truncatingIfNeeded: element), UInt32(truncatingIfNeeded: element >> 32))
        return words(counter: SIMD4(low, high, stream, last), key: key)
    }

    /// The first two words of neighbouring elements, one after the other.
    package static func fill(
        _ first: UnsafeMutablePointer<UInt32>, _ second: UnsafeMutablePointer<UInt32>, elements: Range<Int>,
        stream: UInt32, last: UInt32, key: SIMD2<UInt32>
    ) {
        for (place, element) in elements.enumerated() {
            let words = words(element: element, stream: stream, last: last, key: key)
            first[place] = words.x
            second[place] = words.y
        }
    }

    /// Uniform on [0, 1): the top 24 bits.
    @inlinable @inline(__always)
    package static func uniform(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }
}
