import Compute
import Tensors

/// One thing that tensors can do, with inputs to do it to: for tests against the reference, on every device, and for
/// whoever wants to go through all operations (a self-check, a benchmark).
public struct OperationCase: Sendable {
    /// Which derivatives are to agree with differences.
    public enum Derivatives: Int, Sendable, Comparable {
        case none, first, second
        public static func < (a: Derivatives, b: Derivatives) -> Bool { a.rawValue < b.rawValue }
    }

    public var name: String
    public var inputs: [InputSpec]
    public var derivatives: Derivatives
    public var tolerance: Tolerance
    public var gradientTolerance: Tolerance
    public var secondTolerance: Tolerance
    public var build: @Sendable ([Tensor]) throws -> [Tensor]

    public init(
        _ name: String, _ inputs: [InputSpec], _ tolerance: Tolerance = .rounding, derivatives: Derivatives = .second,
        gradientTolerance: Tolerance = .gradient, secondTolerance: Tolerance = .secondGradient,
        several build: @escaping @Sendable ([Tensor]) throws -> [Tensor]
    ) {
        self.name = name
        self.inputs = inputs
        self.derivatives = derivatives
        self.tolerance = tolerance
        self.gradientTolerance = gradientTolerance
        self.secondTolerance = secondTolerance
        self.build = build
    }

    public init(
        _ name: String, _ inputs: [InputSpec], _ tolerance: Tolerance = .rounding, derivatives: Derivatives = .second,
        gradientTolerance: Tolerance = .gradient, secondTolerance: Tolerance = .secondGradient,
        _ build: @escaping @Sendable ([Tensor]) throws -> Tensor
    ) {
        self.init(
            name, inputs, tolerance, derivatives: derivatives, gradientTolerance: gradientTolerance,
            secondTolerance: secondTolerance, several: { [try build($0)] })
    }

    /// The same case with tolerances for products whose factors are rounded as a precision allows.
    public func allowing(_ precision: Precision) -> OperationCase {
        var relaxed = self
        // The errors of a sum's terms are as random as the terms: of the largest result some units, and of derivatives,
        // into which products go several times, some more.
        func relax(_ tolerance: inout Tolerance, _ units: Double) {
            tolerance.normwise += units * precision.unitRoundoff
        }
        relax(&relaxed.tolerance, 4)
        relax(&relaxed.gradientTolerance, 8)
        relax(&relaxed.secondTolerance, 16)
        return relaxed
    }

    /// The case as tensors, with the gradients of a random projection of its outputs, and the gradients of half the
    /// squared norm of those.
    public func assembled() throws -> AssembledCase {
        var random = TestRandom(seed: name.unicodeScalars.reduce(7) { $0 &* 31 &+ UInt64($1.value) })
        let leaves = try inputs.map { try $0.tensor(&random) }
        let outputs = try build(leaves)
        var assembled = AssembledCase(leaves: leaves, outputs: outputs)
        guard derivatives > .none else { return assembled }
        let targets = leaves.filter { $0.dtype == .float32 }
        var projection = Tensor(0)
        for output in outputs where output.dtype == .float32 {
            let weights = try InputSpec.floats(output.shape, 0.5...1.5).tensor(&random)
            projection = try projection + (output * weights).sum()
        }
        assembled.targets = targets
        assembled.projection = projection
        assembled.gradients = try gradients(of: projection, withRespectTo: targets)
        guard derivatives > .first else { return assembled }
        var norm = Tensor(0)
        for gradient in assembled.gradients { norm = try norm + gradient.square().sum() * 0.5 }
        assembled.norm = norm
        assembled.secondGradients = try gradients(of: norm, withRespectTo: targets)
        return assembled
    }
}

extension OperationCase: CustomStringConvertible {
    public var description: String { name }
}

/// The tensors of a test case. What the case has no derivatives of is empty or zero.
public struct AssembledCase: Sendable {
    public var leaves: [Tensor]
    public var outputs: [Tensor]
    /// The Float32 leaves, of which the derivatives are taken.
    public var targets: [Tensor] = []
    public var projection = Tensor(0)
    public var gradients: [Tensor] = []
    public var norm = Tensor(0)
    public var secondGradients: [Tensor] = []

    init(leaves: [Tensor], outputs: [Tensor]) {
        self.leaves = leaves
        self.outputs = outputs
    }

    /// Outputs, gradients and second gradients: what a device is asked for.
    public var everything: [Tensor] { outputs + gradients + secondGradients }
}
