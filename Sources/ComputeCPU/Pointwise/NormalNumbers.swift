import COpenBLAS

/// Normal numbers from random words, for the device's random operations and for the first values of parameters.
package enum NormalNumbers {
    /// Words are taken eight at a time.
    package static func padded(_ count: Int) -> Int { (count &+ 7) & ~7 }

    /// Standard normal numbers by Box and Muller (1958), in plain Float32 arithmetic, the same on every machine:
    /// `√(-2 ln u) cos(2π v)`, where u on (0, 1] and v on [0, 1) are the top 24 bits of two words.
    /// - Parameters:
    ///   - first: the words of u, `padded(count)` of them, whose place the numbers take. Of the largest word comes zero.
    ///   - second: the words of v, as many, which are lost.
    /// - Returns: the numbers.
    @discardableResult
    package static func draw(
        _ first: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer, count: Int
    ) -> UnsafeMutablePointer<Float> {
        let whole = padded(count)
        let numbers = first.assumingMemoryBound(to: Float.self)
        Rows.map(whole, first, first) { (word: SIMD8<UInt32>) in -2 * VectorMath.log((top(word) + 1) * 0x1p-24) }
        tessera_square_roots(numbers, numbers, whole)
        Rows.map(whole, second, second) { (word: SIMD8<UInt32>) in
            VectorMath.sine(6.283_185_307 * 0x1p-24 * top(word), quarterTurns: 1)
        }
        Rows.zip(whole, first, second, first) { (radius: Floats, cosine) in radius * cosine }
        return numbers
    }

    /// The top 24 bits.
    @inline(__always) private static func top(_ word: SIMD8<UInt32>) -> Floats {
        Floats(Ints(truncatingIfNeeded: word &>> 8))
    }
}
