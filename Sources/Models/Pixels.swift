import Layers
import Tensors

extension Tensor {
    /// Pixels as whole numbers below `levels`, of any shape, brought to Float32 in 0...1.
    public func unitValues(levels: Int) throws -> Tensor {
        try cast(to: .float32) * (1 / Float(max(levels, 2) - 1))
    }
}

/// Black-and-white images drawn from grey ones: a pixel is 1 with the probability that its value tells
/// (Salakhutdinov & Murray 2008). Images that are black and white already stay as they are.
public func binarized(_ images: Tensor, _ context: Context) throws -> Tensor {
    try context.random.uniform(images.shape).less(images).cast(to: .float32)
}
