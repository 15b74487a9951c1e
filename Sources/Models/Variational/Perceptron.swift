import Layers
import Tensors

/// A stack of linear layers with an activation after each but the last: [..., sizes.first] -> [..., sizes.last].
struct Perceptron: Layer {
    private let layers: [any Layer]
    private let activation: Activation

    /// - Parameter layer: makes the layer of so many inputs and outputs.
    init(
        _ sizes: [Int], activation: Activation,
        layer: (_ inputs: Int, _ outputs: Int) throws -> any Layer = { try Linear($0, $1) }
    ) throws {
        layers = try zip(sizes, sizes.dropFirst()).map(layer)
        self.activation = activation
    }

    func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        var x = x
        for (index, layer) in layers.enumerated() {
            x = try layer(x, context)
            if index + 1 < layers.count { x = try activation(x) }
        }
        return x
    }
}
