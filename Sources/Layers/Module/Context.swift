import Compute
import Tensors

/// What a forward pass needs besides its input: whether it trains, where random numbers come from, and a place for the
/// updates that layers ask for (running statistics).
public final class Context {
    /// Dropout drops and batch statistics are used only while training.
    public let isTraining: Bool
    /// What each image is to be, for a model with conditions: class labels, Int32 [N]. Nil for a model without, or for
    /// no condition.
    public var labels: Tensor?
    /// The images whose small versions a model of super-resolution is to enlarge, [N, height, width, channels]; nil for
    /// the images that the pass is about.
    public var originals: Tensor?
    /// Random draws of this pass, in the order in which the layers are called.
    public var random: RandomSource
    /// New values of variables, to be made part of the compiled step.
    public var updates: [Update] = []
    /// Whether this pass is made once, before training, to fit first values to data: such layers then normalise their
    /// outputs, and say by `initialize` what that takes.
    public let isInitializing: Bool
    private var firstValues: [(parameter: Parameter, value: Tensor)] = []

    public init(isTraining: Bool, isInitializing: Bool = false, random: RandomSource) {
        self.isTraining = isTraining
        self.isInitializing = isInitializing
        self.random = random
    }

    /// A context whose random numbers come from a fixed seed, for values computed once.
    public convenience init(isTraining: Bool = false, seed: UInt64 = 0) throws {
        self.init(isTraining: isTraining, random: try RandomSource(seed: seed))
    }

    /// Asks for a parameter that is not trained to take a new value, a function of its present one. Where a pass asks
    /// more than once (a layer called on two batches), each change applies to the result of the one before.
    public func update(_ parameter: Parameter, _ change: (Tensor) throws -> Tensor) throws {
        let variable = try parameter.variable
        let pending = updates.firstIndex { $0.variable == variable }
        let present = try pending.map { try updates[$0].value.reshaped(parameter.shape) } ?? parameter.tensor
        let update = try Update(variable, to: change(present).reshaped(variable.shape))
        if let pending { updates[pending] = update } else { updates.append(update) }
    }

    /// Says what first value a parameter is to have, in a pass that initialises.
    public func initialize(_ parameter: Parameter, to value: Tensor) { firstValues.append((parameter, value)) }

    /// Computes the first values of this pass, all in one plan, and writes them into their parameters.
    /// - Throws: what the device throws.
    public func writeFirstValues(on device: any Device) throws {
        let values = try Tensor.evaluate(firstValues.map(\.value), on: device)
        for (entry, value) in zip(firstValues, values) { try entry.parameter.write(value.floats(on: device)) }
    }
}
