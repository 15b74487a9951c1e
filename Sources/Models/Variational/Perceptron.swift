import Layers
import Tensors

/// A stack of linear layers with an activation after each but the last: [..., sizes.first] -> [..., sizes.last].
struct Perceptron: Layer {
    let layers: [Linear]
    private let activation: Activation

    init(_ sizes: [Int], activation: Activation) throws {
        layers = try zip(sizes, sizes.dropFirst()).map { try Linear($0, $1) }
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
