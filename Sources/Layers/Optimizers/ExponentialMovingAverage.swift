import Tensors

/// An average of parameters over the steps of training, `shadow ← decay · shadow + (1 - decay) · parameters`
/// (Polyak and Juditsky 1992 in its exponential form), which often samples better than the parameters themselves.
///
/// It starts as the parameters it is made with. Running statistics are not part of it.
public final class ExponentialMovingAverage: Sendable {
    public let decay: Double
    public let parameters: Variable
    /// The average; while swapped in, the trained parameters.
    public let shadow: Variable

    /// - Parameter parameters: `ParameterStore.flat`.
    /// - Throws: `LayerError.badSetting` unless `0 <= decay < 1`; what the device throws.
    public init(of parameters: Variable, decay: Double = 0.999) throws {
        try Settings(of: "ExponentialMovingAverage").require(
            decay >= 0 && decay < 1, "decay", "in 0 ..< 1", found: decay)
        self.decay = decay
        self.parameters = parameters
        shadow = try Variable(
            parameters.read(), shape: parameters.shape, name: "the averaged parameters", on: parameters.device)
    }

    /// The average's new value, from the value that the parameters take in the same step.
    /// - Parameters:
    ///   - updates: those of the step, the parameters' among them (`OptimizerState.updates`).
    ///   - step: a scalar, 1 in the first step. With it the decay is at most `(1 + step) / (10 + step)`, so that the
    ///     average of a short run does not hang on to the first values.
    public func update(following updates: [Update], step: Tensor? = nil) throws -> Update {
        let new = updates.last { $0.variable == parameters }?.value ?? parameters.tensor
        guard let step = try step?.reshaped([]) else {
            return try Update(shadow, to: shadow.tensor.averaged(with: new, rate: decay))
        }
        let rate = try ((step + 1) / (step + 10)).minimum(Tensor(Float(decay)))
        return try Update(shadow, to: shadow.tensor * rate + new * (1 - rate))
    }

    /// Makes the average the present parameters again.
    public func restart() throws { try shadow.write(parameters.read()) }

    /// Exchanges the average and the parameters. Twice is the identity.
    public func swap() throws {
        let (trained, averaged) = (try parameters.read(), try shadow.read())
        try parameters.write(averaged)
        try shadow.write(trained)
    }

    /// Runs `body` with the average in the parameters' place, and puts the parameters back whatever happens.
    public func whileSwapped<Result>(_ body: () throws -> Result) throws -> Result {
        try swap()
        let result = Swift.Result { try body() }
        try swap()
        return try result.get()
    }
}
