import Datasets
import Foundation
import Testing
import Training

/// The Fréchet distance against closed forms.
@Suite("Frechet distance")
struct FrechetDistanceTests {
    private func moments(_ mean: [Double], _ covariance: [[Double]]) -> FeatureMoments {
        FeatureMoments(mean: mean, covariance: SymmetricMatrix(mean.count) { covariance[$0][$1] })
    }

    /// Of diagonal covariances: `Σ (μ₁ - μ₂)² + (σ₁ - σ₂)²`.
    @Test func diagonal() throws {
        var generator = SplitMix64(seed: 1)
        func draw() -> [Double] { (0..<64).map { _ in Double.random(in: 0...3, using: &generator) } }
        let (meanA, meanB, sigmaA, sigmaB) = (draw(), draw(), draw(), draw())
        func diagonal(_ mean: [Double], _ sigma: [Double]) -> FeatureMoments {
            FeatureMoments(
                mean: mean, covariance: SymmetricMatrix(64) { $0 == $1 ? sigma[$0] * sigma[$0] : 0 })
        }
        let distance = try FrechetDistance.between(diagonal(meanA, sigmaA), diagonal(meanB, sigmaB))
        let expected = (0..<64).reduce(0.0) {
            $0 + pow(meanA[$1] - meanB[$1], 2) + pow(sigmaA[$1] - sigmaB[$1], 2)
        }
        #expect(abs(distance - expected) < 1e-9 * expected)
    }

    /// Of two by two: the root of M has the trace `sqrt(tr M + 2 sqrt(det M))`.
    @Test(arguments: [0, 0.3, 1, -2.2]) func rotated(angle: Double) throws {
        func covariance(_ long: Double, _ short: Double, _ angle: Double) -> [[Double]] {
            let (c, s) = (cos(angle), sin(angle))
            let off = (long - short) * c * s
            return [[long * c * c + short * s * s, off], [off, long * s * s + short * c * c]]
        }
        let a = covariance(5, 0.2, 0.7)
        let b = covariance(2, 0.9, 0.7 + angle)
        let productTrace = a[0][0] * b[0][0] + 2 * a[0][1] * b[0][1] + a[1][1] * b[1][1]
        let root = (productTrace + 2 * (5 * 0.2 * 2 * 0.9).squareRoot()).squareRoot()
        let expected = 9.0 + 5.2 + 2.9 - 2 * root
        let (first, second) = (moments([1, -2], a), moments([1, 1], b))
        #expect(abs(try FrechetDistance.between(first, second) - expected) < 1e-12)
        #expect(abs(try FrechetDistance.between(second, first) - expected) < 1e-12)
    }

    /// With fewer images than features, where the covariance has no inverse.
    @Test func sets() throws {
        var generator = SplitMix64(seed: 2)
        func set(_ count: Int, _ scale: Float) throws -> FeatureSet {
            try FeatureSet(
                (0..<count * 16).map { _ in scale * Float.random(in: -1...1, using: &generator) }, dimensions: 16)
        }
        let a = try FeatureMoments(set(10, 1))
        let b = try FeatureMoments(set(50, 2))
        let distance = try FrechetDistance.between(a, b)
        #expect(distance > 1)
        #expect(abs(try FrechetDistance.between(b, a) - distance) < 1e-6)
        #expect(try FrechetDistance.between(a, a) < 1e-6)
        #expect(try FrechetDistance.between(b, b) < 1e-10)
    }

    @Test func momentsOfSets() throws {
        let moments = try FeatureMoments(FeatureSet([1, 10, 2, 14, 6, 12], dimensions: 2))
        #expect(moments.mean == [3, 12])
        #expect(moments.covariance.elements == [7, 1, 1, 4])
    }

    /// A matrix made of known eigenvalues, two of them equal, one zero.
    @Test func eigensystem() {
        let wanted = [4, 4, 1, 0, -3].map(Double.init)
        // The Householder reflection of a vector is an orthogonal basis.
        let v: [Double] = [1, -2, 0.5, 3, 1]
        let square = v.reduce(0.0) { $0 + $1 * $1 }
        let basis = (0..<5).map { i -> [Double] in
            (0..<5).map { j -> Double in (i == j ? 1 : 0) - 2 * v[i] * v[j] / square }
        }
        let matrix = SymmetricMatrix(5) { row, column in
            (0..<5).reduce(0.0) { $0 + wanted[$1] * basis[$1][row] * basis[$1][column] }
        }
        let (values, vectors) = matrix.eigensystem()
        for (a, b) in zip(values.sorted(by: >), wanted) { #expect(abs(a - b) < 1e-13) }
        for (value, vector) in zip(values, vectors) {
            #expect(abs(vector.reduce(0.0) { $0 + $1 * $1 } - 1) < 1e-13)
            for row in 0..<5 {
                let image = (0..<5).reduce(0.0) { $0 + matrix[row, $1] * vector[$1] }
                #expect(abs(image - value * vector[row]) < 1e-13)
            }
        }
    }

    @Test func mistakes() throws {
        #expect(throws: MetricError.tooFewImages(what: "covariance", expected: 2, found: 1)) {
            try FeatureMoments(FeatureSet([1, 2], dimensions: 2))
        }
        #expect(throws: MetricError.notFinite(image: 1)) { try FeatureSet([1, 2, .nan, 4], dimensions: 2) }
        #expect(throws: MetricError.wrongSize(expected: "a multiple of 2", found: 3)) {
            try FeatureSet([1, 2, 3], dimensions: 2)
        }
        #expect(throws: MetricError.differentFeatures(expected: 2, found: 1)) {
            try FrechetDistance.between(moments([0, 0], [[1, 0], [0, 1]]), moments([0], [[1]]))
        }
    }
}
