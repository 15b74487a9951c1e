import Compute
import Foundation

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
            Self.elements(count) {
                let unit = Double(Philox.uniform(Philox.words(element: $0, stream: stream, seed: seed).x))
                return Float(low + (high - low) * unit)
            }
        }
        func normal(_ mean: Double, _ deviation: Double) -> [Float] {
            Self.elements(count) {
                Float(mean + deviation * Philox.normal(Philox.words(element: $0, stream: stream, seed: seed)))
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

    /// Elements that are functions of their numbers, computed by all processors.
    private static func elements(_ count: Int, _ element: @Sendable (Int) -> Float) -> [Float] {
        let block = 1 << 14
        return [Float](unsafeUninitializedCapacity: count) { memory, initialized in
            nonisolated(unsafe) let memory = memory
            DispatchQueue.concurrentPerform(iterations: (count + block - 1) / block) { number in
                for index in number * block..<min((number + 1) * block, count) {
                    memory.initializeElement(at: index, to: element(index))
                }
            }
            initialized = count
        }
    }
}
