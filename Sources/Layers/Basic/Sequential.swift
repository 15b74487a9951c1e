import Tensors

/// Layers called one after the other. Their parameters are named `layers.0.weight` and so on.
public struct Sequential: Layer {
    public let layers: [any Layer]

    public init(_ layers: [any Layer]) { self.layers = layers }

    public init(_ layers: any Layer...) { self.layers = layers }

    public func callAsFunction(_ x: Tensor, _ context: Context) throws -> Tensor {
        try layers.reduce(x) { try $1($0, context) }
    }
}
