import Compute
import Tensors

/// A model's parameters on a device: all trained ones in one flat variable, so that one kernel updates them all.
public final class ParameterStore: @unchecked Sendable {
    public let device: any Device
    /// Every trained parameter, one after the other. Sizes that are multiples of 16 come first, then those of 8, 4 and
    /// 2, then the others, each in the order of declaration: so almost every parameter starts where devices can read
    /// whole vectors, and nothing is padded.
    public let flat: Variable
    /// Dotted names and parameters, trained or not, in the order of declaration.
    public let parameters: [(name: String, parameter: Parameter)]
    private let trained: [Parameter]

    /// Places a model on a device with freshly initialised parameters. Equal seeds give equal values on any device.
    /// - Throws: what the device throws.
    public init(_ model: some Module, on device: any Device, seed: UInt64 = 0) throws {
        self.device = device
        let parameters = model.namedParameters()
        self.parameters = parameters
        let values = parameters.enumerated().map { index, entry in
            entry.parameter.initializer.values(entry.parameter.shape, seed: seed, stream: UInt32(index))
        }
        let order = parameters.indices.filter { parameters[$0].parameter.isTrainable }.sorted {
            let (a, b) = (parameters[$0].parameter.alignment, parameters[$1].parameter.alignment)
            return a == b ? $0 < $1 : a > b
        }
        trained = order.map { parameters[$0].parameter }
        let flatValues = order.flatMap { values[$0] }
        flat = try Variable(flatValues, shape: [flatValues.count], name: "the parameters", on: device)
        var offset = 0
        for parameter in trained {
            try parameter.move(to: flat, offset: offset)
            offset += parameter.count
        }
        for (entry, values) in zip(parameters, values) where !entry.parameter.isTrainable {
            let own = try Variable(values, shape: [values.count], name: entry.name, on: device)
            try entry.parameter.move(to: own, offset: 0)
        }
    }

    /// The gradient of a scalar with respect to every trained parameter, flat, in the order of `flat`.
    public func gradient(of loss: Tensor) throws -> Tensor {
        let gradients = try gradients(of: loss, withRespectTo: trained.map { try $0.tensor })
        guard !gradients.isEmpty else { return try Tensor.zeros([0]) }
        return try Tensor.concatenate(gradients.map { try $0.flattened() })
    }

    /// Present values by name.
    public func read() throws -> [(name: String, shape: [Int], values: [Float])] {
        try parameters.map { ($0.name, $0.parameter.shape, try $0.parameter.read()) }
    }

    /// Replaces all values by name.
    /// - Throws: `LayerError.parameterMismatch` where a name is missing, unknown, or has another shape; then nothing
    ///   has been changed.
    public func write(_ values: [String: (shape: [Int], values: [Float])]) throws {
        let known = Set(parameters.map(\.name))
        if let unknown = values.keys.sorted().first(where: { !known.contains($0) }) {
            throw LayerError.parameterMismatch(
                name: unknown, expected: "a parameter of the model", found: "no such name")
        }
        for (name, parameter) in parameters {
            guard let given = values[name] else {
                throw LayerError.parameterMismatch(name: name, expected: "values", found: "none")
            }
            guard given.shape == parameter.shape, given.values.count == parameter.count else {
                throw LayerError.parameterMismatch(
                    name: name, expected: "\(parameter.count) values of shape \(parameter.shape)",
                    found: "\(given.values.count) of \(given.shape)")
            }
        }
        for (name, parameter) in parameters { if let given = values[name] { try parameter.write(given.values) } }
    }
}

extension Parameter {
    /// The largest power of two up to 16 that divides the number of elements.
    fileprivate var alignment: Int { 1 << min(count.trailingZeroBitCount, 4) }
}
