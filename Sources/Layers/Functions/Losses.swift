import Tensors

/// Losses, from the network's raw outputs.
public enum Loss {
    /// The negative log-likelihood of `targets` under Bernoulli distributions given by logits:
    /// `softplus(logit) - logit · target`, which never overflows.
    ///
    /// Shapes: both `[N, ...]`, targets in `0 ... 1`.
    public static func binaryCrossEntropy(
        logits: Tensor, targets: Tensor, reduction: LossReduction = .mean
    ) throws -> Tensor {
        try checkEqual(logits, targets, "binaryCrossEntropy")
        return try reduction(logits.softplus() - logits * targets)
    }

    /// The negative log-likelihood of labels under categorical distributions given by logits:
    /// `log Σ exp(logits) - logits[label]`.
    ///
    /// Shapes: logits `[..., classes]`, labels `[...]` Int32 in `0 ..< classes` (another label gives NaN).
    public static func crossEntropy(
        logits: Tensor, labels: Tensor, reduction: LossReduction = .mean
    ) throws -> Tensor {
        guard logits.rank >= 1, Array(logits.shape.dropLast()) == labels.shape else {
            throw TensorError.shapeMismatch(
                operation: "crossEntropy", expected: "logits [..., classes] and labels [...]",
                found: [logits.shape, labels.shape])
        }
        guard labels.dtype == .int32 else {
            throw TensorError.typeMismatch(operation: "crossEntropy", expected: "Int32 labels", found: [labels.dtype])
        }
        let isLabel = try Tensor.coordinates(logits.shape, axis: -1).equal(labels.expandedDimensions(-1))
        let chosen = try Tensor.select(isLabel, logits, Tensor(0)).sum([-1])
        let classes = Int32(truncatingIfNeeded: logits.shape[logits.rank - 1])
        let isKnown = try labels.greaterOrEqual(Tensor(Int32(0))).and(labels.less(Tensor(classes)))
        return try reduction(Tensor.select(isKnown, logits.logSumExp() - chosen, Tensor(Float.nan)))
    }

    /// `(prediction - target)²`. Shapes: equal.
    public static func squaredError(
        _ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean
    ) throws -> Tensor {
        try checkEqual(prediction, target, "squaredError")
        return try reduction((prediction - target).square())
    }

    static func checkEqual(_ a: Tensor, _ b: Tensor, _ operation: String) throws {
        guard a.shape == b.shape else {
            throw TensorError.shapeMismatch(operation: operation, expected: "equal shapes", found: [a.shape, b.shape])
        }
    }
}
