import Tensors

/// Divides a weight by an estimate of its largest singular value (Miyato et al. 2018, "Spectral normalization for
/// generative adversarial networks"), so that its linear map stretches nothing by more than about one.
///
/// The weight is taken as a matrix `M [rows, columns]`, its last axis against all others. Each call while training makes
/// one step of power iteration (algorithm 1 of the paper) from the vector `u` that is kept,
/// `v = M u / |M u|`, `u' = Mᵀ v / |Mᵀ v|`, divides by `σ = vᵀ M u'`, and asks by `Context.update` for `u` to become
/// `u'`. Where a pass calls it more than once, each call steps on from the result of the one before. Otherwise `u`
/// stays, and `σ = |M u| / |u|`. Gradients take `u` and `v` as constants: that of `σ` is `v u'ᵀ`.
///
/// A weight of zeros has no direction, and becomes NaN.
public struct SpectralNorm: Module {
    /// `u`, an estimate of the first right singular vector, `[columns]`. Not trained; of length one after a step.
    public let direction: Parameter

    /// Keeps the length of a vector from zero; far below the squared length of any weight.
    private static let smallestSquare: Float = 1e-24

    /// - Parameter columns: the extent of the weight's last axis.
    /// - Throws: `LayerError.badSetting` unless it is 1 or more.
    public init(columns: Int) throws {
        try Settings(of: "SpectralNorm").requirePositive("columns", columns)
        direction = Parameter([columns], .normal(mean: 0, standardDeviation: 1), isTrainable: false)
    }

    /// The weight over its spectral norm. Shapes: `[..., columns]`, kept.
    /// - Throws: `TensorError` where the last axis does not fit.
    public func callAsFunction(_ weight: Tensor, _ context: Context) throws -> Tensor {
        let columns = direction.count
        guard weight.shape.last == columns else {
            throw TensorError.shapeMismatch(
                operation: "SpectralNorm", expected: "[..., \(columns)]", found: [weight.shape])
        }
        let matrix = try weight.reshaped([weight.count / columns, columns])
        guard context.isTraining else {
            let (y, v) = try image(of: Self.normalized(direction.tensor), under: matrix)
            return try weight / (y * v).sum()
        }
        var norm = Tensor(1)
        try context.update(direction) { present in
            let (_, v) = try image(of: present, under: matrix)
            let y = try v.matmul(matrix)
            let u = try Self.normalized(y).stoppedGradient()
            norm = try (y * u).sum()
            return u
        }
        return try weight / norm
    }

    /// `M u`, and its direction as a constant `v`. Shapes: `[columns] -> [rows]`.
    private func image(of vector: Tensor, under matrix: Tensor) throws -> (image: Tensor, direction: Tensor) {
        let y = try matrix.matmul(vector.expandedDimensions(-1)).reshaped([matrix.shape[0]])
        return (y, try Self.normalized(y).stoppedGradient())
    }

    private static func normalized(_ vector: Tensor) throws -> Tensor {
        try vector * (vector.square().sum() + smallestSquare).rsqrt()
    }
}
