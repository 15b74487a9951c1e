import Tensors

/// A rule that moves parameters against a gradient. A rule is a value with settings and no memory; what it remembers
/// from step to step is in an `OptimizerState`.
///
/// All parameters are one flat tensor, so that a step is one kernel however many parameters there are.
public protocol Optimizer: Sendable {
    /// The names of the flat tensors it remembers; they start as zeros.
    var stateNames: [String] { get }

    /// One step, all tensors `[parameter count]` but for the two scalars.
    /// - Parameters:
    ///   - state: what `stateNames` names.
    ///   - step: 1 in the first step, then 2, 3, ….
    /// - Returns: the new parameters, and the new state in the order of `stateNames`.
    func moved(
        _ parameters: Tensor, gradient: Tensor, state: [Tensor], learningRate: Tensor, step: Tensor
    ) throws -> (parameters: Tensor, state: [Tensor])
}

/// An optimizer at work on the parameters of one store: the rule and what it remembers.
public final class OptimizerState: Sendable {
    public let optimizer: any Optimizer
    public let parameters: Variable
    /// What the optimizer remembers, by name, for checkpoints; each as long as the parameters.
    public let state: [(name: String, variable: Variable)]

    /// - Parameter parameters: `ParameterStore.flat`.
    public init(_ optimizer: any Optimizer, of parameters: Variable) throws {
        self.optimizer = optimizer
        self.parameters = parameters
        let zeros = [Float](repeating: 0, count: parameters.shape.reduce(1, *))
        state = try optimizer.stateNames.map {
            ($0, try Variable(zeros, shape: parameters.shape, name: "the optimizer's \($0)", on: parameters.device))
        }
    }

    /// The new parameters and the new state, to be made part of a compiled step.
    /// - Parameters:
    ///   - gradient: like the parameters (`ParameterStore.gradient(of:)`).
    ///   - learningRate: a scalar, usually an argument.
    ///   - step: a scalar, usually an argument: 1 in the first step, then 2, 3, ….
    /// - Throws: `TensorError.shapeMismatch`.
    public func updates(gradient: Tensor, learningRate: Tensor, step: Tensor) throws -> [Update] {
        guard gradient.shape == parameters.shape, learningRate.count == 1, step.count == 1 else {
            throw TensorError.shapeMismatch(
                operation: "OptimizerState", expected: "a gradient \(parameters.shape) and two scalars",
                found: [gradient.shape, learningRate.shape, step.shape])
        }
        let result = try optimizer.moved(
            parameters.tensor, gradient: gradient, state: state.map(\.variable.tensor),
            learningRate: learningRate.reshaped([]), step: step.reshaped([]))
        return try [Update(parameters, to: result.parameters)]
            + zip(state, result.state).map { try Update($0.variable, to: $1) }
    }
}

extension Tensor {
    /// A gradient with the gradient of `decay / 2 · |parameters|²` added.
    func addingDecay(_ decay: Double, of parameters: Tensor) throws -> Tensor {
        decay == 0 ? self : try self + parameters * Float(decay)
    }

    /// `rate · self + (1 - rate) · new`.
    func averaged(with new: Tensor, rate: Double) throws -> Tensor {
        try self * Float(rate) + new * Float(1 - rate)
    }

    /// With zero for what is subnormal: below 1.2e-38.
    ///
    /// Where gradients vanish, moments fade into subnormal numbers, and there they would stay. Intel's processors take more
    /// than a hundred cycles for an operation on one: a VAE's step took twice as long after some thousand of them.
    func withoutSubnormals() throws -> Tensor {
        try .select(absolute().less(Tensor(Float.leastNormalMagnitude)), Tensor(0), self)
    }

    /// What a gradient is multiplied by whose second moment this is: `rate / (sqrt(self) · scale + epsilon)`.
    ///
    /// A moment of no less than the least normal number: without an epsilon, what has no gradient stays where it is.
    func stepSize(_ rate: Tensor, scale: Tensor? = nil, epsilon: Double) throws -> Tensor {
        let root = try maximum(Tensor(Float.leastNormalMagnitude)).sqrt()
        return try rate / ((scale.map { try root * $0 } ?? root) + Float(epsilon))
    }
}
