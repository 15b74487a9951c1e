import Compute
import ComputeCPU
import Dispatch

/// How a parameter gets its first values. Draws are Philox 4x32-10 on the host: the same on every machine and device.
public enum Initializer: Hashable, Sendable {
    case constant(Float)
    case uniform(low: Float, high: Float)
    case normal(mean: Float, standardDeviation: Float)
    /// Glorot and Bengio 2010: uniform in ±sqrt(6 / (fan in + fan out)).
    case glorotUniform(fanIn: Int, fanOut: Int)
    /// He et al. 2015 for ReLU: normal with standard deviation sqrt(2 / fan in).
    case heNormal(fanIn: Int)
    /// He et al. 2015 for ReLU: uniform in ±sqrt(6 / fan in).
    case heUniform(fanIn: Int)
    /// Uniform in ±1 / sqrt(fan in), the customary default of linear and convolution layers (LeCun et al. 1998).
    case fanInUniform(fanIn: Int)

    /// First values of a parameter, row-major.
    /// - Parameter stream: separates the parameters of one model, which share the seed.
    public func values(_ shape: [Int], seed: UInt64, stream: UInt32) -> [Float] {
        let count = max(shape.reduce(1, *), 0)
        func uniform(_ low: Double, _ high: Double) -> [Float] {
            Self.blocks(count, seed: seed, stream: stream) { first, _, block in
                for place in block.indices {
                    let unit = Double(Philox.uniform(first[place]))
                    block.initializeElement(at: place, to: Float(low + (high - low) * unit))
                }
            }
        }
        func normal(_ mean: Double, _ deviation: Double) -> [Float] {
            Self.blocks(count, seed: seed, stream: stream) { first, second, block in
                let numbers = NormalNumbers.draw(first, second, count: block.count)
                for place in block.indices {
                    block.initializeElement(at: place, to: Float(mean + deviation * Double(numbers[place])))
                }
            }
        }
        func symmetric(_ square: Double, over fan: Int) -> [Float] {
            let bound = (square / Double(max(fan, 1))).squareRoot()
            return uniform(-bound, bound)
        }
        switch self {
        case .constant(let value): return [Float](repeating: value, count: count)
        case .uniform(let low, let high): return uniform(Double(low), Double(high))
        case .normal(let mean, let deviation): return normal(Double(mean), Double(deviation))
        case .glorotUniform(let fanIn, let fanOut): return symmetric(6, over: fanIn + fanOut)
        case .heNormal(let fanIn): return normal(0, (2 / Double(max(fanIn, 1))).squareRoot())
        case .heUniform(let fanIn): return symmetric(6, over: fanIn)
        case .fanInUniform(let fanIn): return symmetric(1, over: fanIn)
        }
    }

    private typealias Words = UnsafeMutablePointer<UInt32>

    /// Elements in blocks, by all processors. `fill` initializes a block from its elements' first two words.
    ///
    /// The last word of the counter is 1 where the devices' random operations have 0, so that equal seeds never give the
    /// two the same numbers.
    private static func blocks(
        _ count: Int, seed: UInt64, stream: UInt32,
        _ fill: @Sendable (Words, Words, UnsafeMutableBufferPointer<Float>) -> Void
    ) -> [Float] {
        let size = 1 << 12
        let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        return [Float](unsafeUninitializedCapacity: count) { memory, initialized in
            nonisolated(unsafe) let memory = memory
            DispatchQueue.concurrentPerform(iterations: (count + size - 1) / size) { number in
                let elements = number * size..<min((number + 1) * size, count)
                var (first, second) = ([UInt32](repeating: 0, count: size), [UInt32](repeating: 0, count: size))
                first.withUnsafeMutableBufferPointer { first in
                    second.withUnsafeMutableBufferPointer { second in
                        guard let first = first.baseAddress, let second = second.baseAddress else { return }
                        Philox.fill(first, second, elements: elements, stream: stream, last: 1, key: key)
                        fill(first, second, .init(rebasing: memory[elements]))
                    }
                }
            }
            initialized = count
        }
    }
}
