import Foundation
import Layers
import Tensors

/// A model of series of real numbers: the distribution of each number given those before it, a mixture of normal
/// distributions that recurrent layers tell the parameters of (Bishop 1994, "Mixture density networks"; Graves 2013,
/// "Generating sequences with recurrent neural networks", section 4).
///
/// Series count as standardised: of mean 0 and variance 1, about.
public struct SequenceModel: Module {
    /// The kind of recurrent layer.
    public enum Cell: String, Hashable, Sendable, CaseIterable {
        case lstm, gru
    }

    public struct Configuration: Hashable, Sendable {
        public var cell = Cell.lstm
        /// Numbers that each recurrent layer puts out.
        public var hidden = 32
        /// Recurrent layers, one on top of the other.
        public var layers = 1
        /// Normal distributions in the mixture.
        public var components = 5

        public init() {}
    }

    /// Standard deviations count as no less than exp of this, so that densities stay finite.
    private static let minimumLogDeviation: Float = -7

    public let configuration: Configuration
    private let recurrences: [any RecurrentLayer]
    private let output: Linear

    /// - Throws: `ModelError.badOption`.
    public init(_ configuration: Configuration = .init()) throws {
        let settings = [
            ("hidden", configuration.hidden, 4096), ("layers", configuration.layers, 64),
            ("components", configuration.components, 1024),
        ]
        for (key, value, most) in settings where !(1...most).contains(value) {
            throw ModelError.badOption(key: key, expected: "1 to \(most)", found: "\(value)")
        }
        self.configuration = configuration
        let hidden = configuration.hidden
        recurrences = try (0..<configuration.layers).map { layer -> any RecurrentLayer in
            let inputs = layer == 0 ? 1 : hidden
            return switch configuration.cell {
            case .lstm: try LSTM(inputs, hidden: hidden)
            case .gru: try GRU(inputs, hidden: hidden)
            }
        }
        output = try Linear(hidden, 3 * configuration.components)
    }

    /// The shapes of the state of `count` series.
    public func stateShapes(_ count: Int) -> [[Int]] {
        recurrences.flatMap {
            [[Int]](repeating: [count, configuration.hidden], count: type(of: $0).stateCount)
        }
    }

    /// The distribution of the number after each, from numbers [steps, N].
    /// - Parameter state: of the numbers before; nil where there are none.
    /// - Returns: parameters [steps, N, 3 components] (logits of the components, means, logarithms of standard
    ///   deviations), and the state after the last number.
    public func parameters(
        after values: Tensor, from state: [Tensor]?
    ) throws -> (parameters: Tensor, state: [Tensor]) {
        var x = try values.expandedDimensions(-1)
        var next: [Tensor] = []
        for recurrence in recurrences {
            let own = state.map { Array($0[next.count..<next.count + type(of: recurrence).stateCount]) }
            let result = try recurrence(x, from: own)
            x = result.outputs
            next += result.state
        }
        return (try x.matmul(output.weight.tensor) + (output.bias?.tensor ?? 0), next)
    }

    /// Logarithms of densities: values [...], parameters [..., 3 components] -> [...].
    public func logDensity(of values: Tensor, parameters: Tensor) throws -> Tensor {
        let parts = try parts(parameters)
        let deviation = try (values.expandedDimensions(-1) - parts.means) * (-parts.logDeviations).exp()
        let normal = try deviation.square() * -0.5 - parts.logDeviations - Float(0.5 * log(2 * Double.pi))
        return try (parts.logits.logSoftmax() + normal).logSumExp()
    }

    /// A number drawn from each distribution: parameters [N, 3 components] -> [N].
    public func draw(parameters: Tensor, random: inout RandomSource) throws -> Tensor {
        let parts = try parts(parameters)
        let count = parameters.shape[0]
        let component = try parts.logits.softmax().inverseDistribution(random.uniform([count]))
        let isDrawn = try Tensor.coordinates([configuration.components], axis: 0).equal(
            component.expandedDimensions(-1))
        let (mean, logDeviation) = (
            try Tensor.select(isDrawn, parts.means, Tensor(0)).sum([-1]),
            try Tensor.select(isDrawn, parts.logDeviations, Tensor(0)).sum([-1])
        )
        return try mean + logDeviation.exp() * random.normal([count])
    }

    private func parts(_ parameters: Tensor) throws -> (logits: Tensor, means: Tensor, logDeviations: Tensor) {
        let parts = try parameters.split([Int](repeating: configuration.components, count: 3), axis: -1)
        return (parts[0], parts[1], try parts[2].maximum(Tensor(Self.minimumLogDeviation)))
    }
}
