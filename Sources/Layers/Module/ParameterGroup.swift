import Compute
import Tensors

/// A module with parts that are trained apart from one another, such as the two networks of a game.
public protocol PartitionedModule: Module {
    /// The parts. None shares a parameter with another.
    var parts: [any Module] { get }
}

/// Parameters that are trained together, in one flat variable.
public final class ParameterGroup: @unchecked Sendable {
    /// The parameters, one after the other. Sizes that are multiples of 16 come first, then those of 8, 4 and 2, then the
    /// others, each in the order of declaration: so almost every parameter starts where devices can read whole vectors,
    /// and nothing is padded.
    public let flat: Variable
    private let parameters: [Parameter]

    init(_ given: [(parameter: Parameter, values: [Float])], on device: any Device) throws {
        let order = given.indices.sorted {
            let (a, b) = (given[$0].parameter.alignment, given[$1].parameter.alignment)
            return a == b ? $0 < $1 : a > b
        }
        parameters = order.map { given[$0].parameter }
        let values = order.flatMap { given[$0].values }
        flat = try Variable(values, shape: [values.count], name: "the parameters", on: device)
        var offset = 0
        for parameter in parameters {
            try parameter.move(to: flat, offset: offset)
            offset += parameter.count
        }
    }

    /// The gradient of a scalar with respect to the parameters, flat, in the order of `flat`.
    public func gradient(of loss: Tensor) throws -> Tensor {
        let gradients = try gradients(of: loss, withRespectTo: parameters.map { try $0.tensor })
        guard !gradients.isEmpty else { return try Tensor.zeros([0]) }
        return try Tensor.concatenate(gradients.map { try $0.flattened() })
    }
}

extension Parameter {
    /// The largest power of two up to 16 that divides the number of elements.
    fileprivate var alignment: Int { 1 << min(count.trailingZeroBitCount, 4) }
}
