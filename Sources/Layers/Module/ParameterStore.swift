import Compute
import Tensors

/// A model's parameters on a device. All that are trained together lie in one flat variable, so that one kernel updates
/// them all.
public final class ParameterStore: @unchecked Sendable {
    public let device: any Device
    /// The trained parameters: one group, or one for each part of a `PartitionedModule`.
    public let groups: [ParameterGroup]
    /// Dotted names and parameters, trained or not, in the order of declaration.
    public let parameters: [(name: String, parameter: Parameter)]

    /// Places a model on a device with freshly initialised parameters. Equal seeds give equal values on any device.
    /// - Throws: what the device throws.
    public init(_ model: some Module, on device: any Device, seed: UInt64 = 0) throws {
        self.device = device
        let parameters = model.namedParameters()
        self.parameters = parameters
        let values = parameters.enumerated().map { index, entry in
            entry.parameter.initializer.values(entry.parameter.shape, seed: seed, stream: UInt32(index))
        }
        // What no part holds goes with the first.
        let parts = (model as? any PartitionedModule)?.parts ?? []
        var groupOf: [ObjectIdentifier: Int] = [:]
        for (number, part) in parts.enumerated() {
            for (_, parameter) in part.namedParameters() { groupOf[ObjectIdentifier(parameter)] = number }
        }
        groups = try (0..<max(parts.count, 1)).map { number in
            let members = parameters.indices.filter {
                let parameter = parameters[$0].parameter
                return parameter.isTrainable && groupOf[ObjectIdentifier(parameter), default: 0] == number
            }
            return try ParameterGroup(members.map { (parameters[$0].parameter, values[$0]) }, on: device)
        }
        for (entry, values) in zip(parameters, values) where !entry.parameter.isTrainable {
            let own = try Variable(values, shape: [values.count], name: entry.name, on: device)
            try entry.parameter.move(to: own, offset: 0)
        }
    }

    /// Every trained parameter of the first group, which is all of them unless the model is a `PartitionedModule`.
    public var flat: Variable { groups[0].flat }

    /// The gradient of a scalar with respect to every parameter in `flat`, in its order.
    public func gradient(of loss: Tensor) throws -> Tensor { try groups[0].gradient(of: loss) }

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
