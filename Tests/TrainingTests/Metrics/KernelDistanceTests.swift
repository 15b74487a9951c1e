import Datasets
import Testing
import Training

/// The kernel distance against its definition.
@Suite("Kernel distance")
struct KernelDistanceTests {
    private func set(_ count: Int, seed: UInt64, shift: Float = 0) throws -> FeatureSet {
        var generator = SplitMix64(seed: seed)
        return try FeatureSet(
            (0..<count * 8).map { _ in shift + Float.random(in: -2...2, using: &generator) }, dimensions: 8)
    }

    /// `(x · y / d + 1)³` of two images.
    private func kernel(_ a: FeatureSet, _ i: Int, _ b: FeatureSet, _ j: Int) -> Double {
        let product = (0..<8).reduce(0.0) { $0 + Double(a.values[i * 8 + $1]) * Double(b.values[j * 8 + $1]) }
        let base = product / 8 + 1
        return base * base * base
    }

    /// The unbiased estimate of two sets of equal size, pair by pair.
    private func bruteForce(_ a: FeatureSet, _ b: FeatureSet, _ first: [Int], _ second: [Int]) -> Double {
        let n = Double(first.count)
        var (within, across) = (0.0, 0.0)
        for i in first.indices {
            for j in first.indices {
                if i != j {
                    within += kernel(a, first[i], a, first[j]) + kernel(b, second[i], b, second[j])
                }
                across += kernel(a, first[i], b, second[j])
            }
        }
        return within / (n * (n - 1)) - 2 * across / (n * n)
    }

    @Test("the mean and its error are those of subsets without common images", arguments: [4, 7, 20, 47])
    func definition(count: Int) throws {
        let (a, b) = (try set(count, seed: 1), try set(count + 3, seed: 2, shift: 0.3))
        let subsets = min(10, count / 2)
        let size = count / subsets
        var generator = SplitMix64(seed: 0)
        let (first, second) = (generator.permutation(count), generator.permutation(count + 3))
        let estimates = (0..<subsets).map { subset in
            let range = subset * size..<(subset + 1) * size
            return bruteForce(a, b, Array(first[range]), Array(second[range]))
        }
        let mean = estimates.reduce(0, +) / Double(subsets)
        let variance = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(subsets - 1)
        let distance = try KernelDistance(between: a, and: b)
        #expect(abs(distance.mean - mean) < 1e-12)
        #expect(abs(distance.standardError - (variance / Double(subsets)).squareRoot()) < 1e-12)
    }

    /// The biased estimate of such small sets would be far above zero each time.
    @Test("two draws of one distribution are as often nearer than nothing as farther")
    func unbiased() throws {
        let draws = try (0..<40).map { draw in
            try KernelDistance(between: set(60, seed: 100 + draw), and: set(60, seed: 200 + draw))
        }
        let mean = draws.reduce(0) { $0 + $1.mean } / 40
        let error = draws.reduce(0) { $0 + $1.standardError } / 40 / 40.0.squareRoot()
        #expect(abs(mean) < 3.5 * error)
        #expect((10...30).contains(draws.count { $0.mean < 0 }))
    }

    @Test("another distribution is many errors away")
    func different() throws {
        let distance = try KernelDistance(between: set(600, seed: 1), and: set(600, seed: 2, shift: 0.5))
        #expect(distance.mean > 10 * distance.standardError)
    }

    @Test func mistakes() throws {
        #expect(throws: MetricError.tooFewImages(what: "kernel distance", expected: 4, found: 3)) {
            try KernelDistance(between: set(3, seed: 1), and: set(10, seed: 2))
        }
        #expect(throws: MetricError.differentFeatures(expected: 8, found: 4)) {
            try KernelDistance(
                between: set(8, seed: 1), and: FeatureSet([Float](repeating: 0, count: 32), dimensions: 4))
        }
    }
}
