import Compute
import Foundation
import Layers
import Testing

@Suite("Initializers")
struct InitializerTests {
    private let count = 40_000

    private func moments(_ values: [Float]) -> (mean: Double, variance: Double, low: Float, high: Float) {
        let mean = values.doubles.reduce(0, +) / Double(values.count)
        let variance = values.doubles.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        return (mean, variance, values.min() ?? 0, values.max() ?? 0)
    }

    @Test(arguments: [
        (Initializer.uniform(low: -1, high: 3), -1.0, 3.0),
        (.glorotUniform(fanIn: 20, fanOut: 30), -0.34641016, 0.34641016),
        (.heUniform(fanIn: 24), -0.5, 0.5),
        (.fanInUniform(fanIn: 16), -0.25, 0.25),
    ])
    func uniformMoments(initializer: Initializer, low: Double, high: Double) {
        let found = moments(initializer.values([200, 200], seed: 1, stream: 0))
        let deviation = (high - low) / 12.0.squareRoot()
        // Five standard errors.
        #expect(abs(found.mean - (low + high) / 2) < 5 * deviation / Double(count).squareRoot())
        #expect(abs(found.variance / (deviation * deviation) - 1) < 5 * (0.8 / Double(count)).squareRoot())
        #expect(Double(found.low) >= low - 1e-7 && Double(found.low) < low + 0.001 * (high - low))
        #expect(Double(found.high) <= high + 1e-7 && Double(found.high) > high - 0.001 * (high - low))
    }

    @Test(arguments: [
        (Initializer.normal(mean: 2, standardDeviation: 0.5), 2.0, 0.5), (.heNormal(fanIn: 8), 0, 0.5),
    ])
    func normalMoments(initializer: Initializer, mean: Double, deviation: Double) {
        let values = initializer.values([count], seed: 1, stream: 0)
        let found = moments(values)
        #expect(abs(found.mean - mean) < 5 * deviation / Double(count).squareRoot())
        #expect(abs(found.variance / (deviation * deviation) - 1) < 5 * (2 / Double(count)).squareRoot())
        let within = values.doubles.filter { abs($0 - mean) < deviation }.count
        #expect(abs(Double(within) / Double(count) - 0.6827) < 0.012)
    }

    /// Box and Muller's formula in double precision, over more than a block of elements and a part of a vector.
    @Test func normalsFollowTheFormula() {
        let (seed, stream, count) = (UInt64(3) << 32 | 7, UInt32(5), 4096 + 13)
        let expected = (0..<count).map { element in
            let words = Philox.words(counter: SIMD4(UInt32(element), 0, stream, 1), key: SIMD2(7, 3))
            let (u, v) = (Double(words.x >> 8) + 1, Double(words.y >> 8))
            return 2 + 0.5 * (-2 * log(u * 0x1p-24)).squareRoot() * cos(2 * .pi * v * 0x1p-24)
        }
        let values = Initializer.normal(mean: 2, standardDeviation: 0.5).values([count], seed: seed, stream: stream)
        Numbers.expectClose(values, expected, tolerance: 1e-6, "normal numbers")
    }

    /// Processors share the elements; each is a draw of its own, whatever comes after it.
    @Test func elementsAreDrawsOfTheirOwn() {
        let initializer = Initializer.uniform(low: 0, high: 1)
        let values = initializer.values([count], seed: 1, stream: 0)
        // Of 2^24 numbers some 50 are drawn twice.
        #expect(Set(values).count > count - 150)
        for shorter in [1, 1000, 20_000] {
            #expect(initializer.values([shorter], seed: 1, stream: 0) == Array(values.prefix(shorter)))
        }
    }

    @Test func seedsAndStreamsSeparateDraws() {
        let draw = { (seed: UInt64, stream: UInt32) in
            Initializer.uniform(low: 0, high: 1).values([8], seed: seed, stream: stream)
        }
        #expect(draw(1, 0) == draw(1, 0))
        #expect(draw(1, 0) != draw(2, 0))
        #expect(draw(1, 0) != draw(1, 1))
        #expect(draw(1, 0) != draw(1 << 32 | 1, 0), "the upper half of the seed counts")
    }

    @Test func constantsAndEmptyShapes() {
        #expect(Initializer.constant(2.5).values([2, 2], seed: 0, stream: 0) == [2.5, 2.5, 2.5, 2.5])
        #expect(Initializer.heNormal(fanIn: 0).values([0, 3], seed: 0, stream: 0) == [])
        #expect(Initializer.constant(1).values([], seed: 0, stream: 0) == [1])
    }
}
