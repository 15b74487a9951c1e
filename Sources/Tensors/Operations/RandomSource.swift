import Compute

/// Draws random tensors from one key. Each draw takes the next stream, so that a graph built twice from equal keys draws
/// the same numbers, on every device; there is no other state.
///
/// Random numbers are Philox 4x32-10 (Salmon et al. 2011), keyed by (key, stream, element).
public struct RandomSource: Sendable {
    /// Int32 [2]: usually (seed, step), an argument of the compiled step.
    public let key: Tensor
    private var stream: UInt32

    /// - Throws: `TensorError.shapeMismatch` unless the key is Int32 [2].
    public init(key: Tensor, firstStream: UInt32 = 0) throws {
        guard key.shape == [2], key.dtype == .int32 else {
            throw TensorError.shapeMismatch(operation: "RandomSource", expected: "an Int32 key [2]", found: [key.shape])
        }
        self.key = key
        stream = firstStream
    }

    /// A source whose key is two numbers, for values computed once.
    public init(seed: UInt64) throws {
        let words = [Int32(truncatingIfNeeded: seed), Int32(truncatingIfNeeded: seed >> 32)]
        try self.init(key: Tensor(words, shape: [2]))
    }

    /// Float32, uniform on [0, 1).
    public mutating func uniform(_ shape: [Int]) throws -> Tensor { try draw(.uniform, shape, .float32) }

    /// Float32, standard normal.
    public mutating func normal(_ shape: [Int]) throws -> Tensor { try draw(.normal, shape, .float32) }

    /// Int32, all 32 bits random.
    public mutating func bits(_ shape: [Int]) throws -> Tensor { try draw(.bits, shape, .int32) }

    private mutating func draw(_ kind: RandomDistribution, _ shape: [Int], _ dtype: DType) throws -> Tensor {
        try Tensor.check(shape, operation: "random")
        defer { stream += 1 }
        return Tensor(.random(kind, stream: stream), [key], shape: shape, dtype: dtype)
    }
}
