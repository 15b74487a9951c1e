/// The Fréchet distance of two normal distributions, squared: with the moments of features of images, the FID (Heusel et
/// al. 2017, equation 6).
public enum FrechetDistance {
    /// `|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)`, in Float64; never below zero.
    ///
    /// Estimated from samples it is too large, by an amount that shrinks with their number: compare figures of equal
    /// counts.
    /// - Throws: `MetricError.differentFeatures`.
    public static func between(_ a: FeatureMoments, _ b: FeatureMoments) throws -> Double {
        guard a.mean.count == b.mean.count else {
            throw MetricError.differentFeatures(expected: a.mean.count, found: b.mean.count)
        }
        let means = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let covariances = a.covariance.trace + b.covariance.trace
        return max(0, means + covariances - 2 * traceOfRoot(a.covariance, b.covariance))
    }

    /// `tr (A B)^½` as the sum of the roots of the eigenvalues of `A^½ B A^½`, which has those of `A B` and is symmetric.
    /// With `A = V D Vᵀ` they are those of `D^½ Vᵀ B V D^½` too. What rounding makes negative counts as zero.
    private static func traceOfRoot(_ a: SymmetricMatrix, _ b: SymmetricMatrix) -> Double {
        let (values, vectors) = a.eigensystem()
        let basis = zip(values, vectors).map { value, vector in
            let root = max(0, value).squareRoot()
            return vector.map { $0 * root }
        }
        return b.transformed(by: basis).eigensystem().values.reduce(0) { $0 + max(0, $1).squareRoot() }
    }
}
