import Tensors

/// Holds the slope of a critic near one, which keeps it 1-Lipschitz (Gulrajani et al. 2017, "Improved training of
/// Wasserstein GANs").
public enum GradientPenalty {
    /// Added to a squared norm, so that a slope of zero has a finite gradient.
    private static let smallestSquare: Float = 1e-12

    /// Points between real and generated examples, `x = real + e (fake - real)`, with one `e` for each example, uniform
    /// on [0, 1).
    ///
    /// Shapes: all `[N, ...]`, equal.
    /// - Throws: `TensorError.shapeMismatch`.
    public static func interpolates(real: Tensor, fake: Tensor, random: inout RandomSource) throws -> Tensor {
        guard real.shape == fake.shape, real.rank >= 1 else {
            throw TensorError.shapeMismatch(
                operation: "GradientPenalty", expected: "real and fake of one shape [N, ...]",
                found: [real.shape, fake.shape])
        }
        let place = try random.uniform([real.shape[0]] + real.shape.dropFirst().map { _ in 1 })
        return try real + place * (fake - real)
    }

    /// For each example, `lambda (|∂score(x)/∂x| - 1)²` (equation 3 of the paper), with
    /// `|g| = sqrt(Σ g² + 1e-12)`: the norm itself but near zero, where it has no slope.
    ///
    /// Made of ordinary operations: its gradient with respect to the critic's parameters is another call of `gradients`.
    /// The points count as constants, so that no gradient reaches what made them.
    ///
    /// Shapes: points `[N, ...]`, penalty `[N]`.
    /// - Parameters:
    ///   - points: usually `interpolates`.
    ///   - scores: the critic, `[N, ...] -> [N]`, called once. The score of an example must depend on that example alone:
    ///     no batch normalisation.
    /// - Throws: `TensorError.shapeMismatch` where the scores are not `[N]`; what the critic throws.
    public static func values(
        at points: Tensor, lambda: Float = 10, scores: (Tensor) throws -> Tensor
    ) throws -> Tensor {
        let points = points.stoppedGradient()
        let scores = try scores(points)
        guard points.rank >= 1, scores.shape == [points.shape[0]] else {
            throw TensorError.shapeMismatch(
                operation: "GradientPenalty", expected: "a score [N] for each of the points [N, ...]",
                found: [points.shape, scores.shape])
        }
        // Each score depends on its own point alone: the slopes of their sum are the slopes of all.
        let slopes = try gradients(of: scores.sum(), withRespectTo: [points])[0]
        let squares = try slopes.square().sum(Array(1..<points.rank))
        return try ((squares + smallestSquare).sqrt() - 1).square() * lambda
    }
}
