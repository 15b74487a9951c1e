import Compute
import Tensors

/// Every operation, in every form that has a code path of its own.
public enum CaseRegistry {
    public static let all: [OperationCase] =
        unary + binary + broadcasting + typed + creation + movement + movementChains + reductions + normalizations
        + products + convolutions + indexing + random + patterns + recurrence

    /// A case by its name.
    public static func named(_ name: String) -> OperationCase? { all.first { $0.name == name } }
}
