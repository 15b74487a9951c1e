import Compute
import Tensors

/// One input of a test case: shape, element type, and where its values come from.
public struct InputSpec: Sendable {
    public enum Values: Sendable {
        /// Float32, uniform over a range, at least `margin` away from each of the kinks.
        case uniform(ClosedRange<Float>, kinks: [Float], margin: Float)
        /// Float32, all different and `gap` apart, in random order: for what depends on which element is largest.
        case spaced(gap: Float)
        /// Integers of a range; Int32 or UInt8, or whole numbers as Float32.
        case integers(ClosedRange<Int>)
        /// These values, repeated to fill the shape.
        case listed([Float])
        case bools
    }

    public var shape: [Int]
    public var dtype: DType
    public var values: Values

    public init(_ shape: [Int], _ dtype: DType, _ values: Values) {
        self.shape = shape
        self.dtype = dtype
        self.values = values
    }

    /// Float32, uniform over a range, clear of kinks.
    public static func floats(
        _ shape: [Int], _ range: ClosedRange<Float> = -2...2, avoiding kinks: [Float] = [], by margin: Float = 0.05
    ) -> InputSpec {
        InputSpec(shape, .float32, .uniform(range, kinks: kinks, margin: margin))
    }

    /// Float32, all different.
    public static func spaced(_ shape: [Int], gap: Float = 0.07) -> InputSpec {
        InputSpec(shape, .float32, .spaced(gap: gap))
    }

    public static func integers(_ shape: [Int], _ range: ClosedRange<Int> = -50...50) -> InputSpec {
        InputSpec(shape, .int32, .integers(range))
    }

    public static func bytes(_ shape: [Int], _ range: ClosedRange<Int> = 0...255) -> InputSpec {
        InputSpec(shape, .uint8, .integers(range))
    }

    public static func bools(_ shape: [Int]) -> InputSpec { InputSpec(shape, .bool, .bools) }

    /// Float32 values given one by one.
    public static func listed(_ values: [Float]) -> InputSpec {
        InputSpec([values.count], .float32, .listed(values))
    }

    /// A leaf with values of this kind.
    public func tensor(_ random: inout TestRandom) throws -> Tensor {
        let numbers = numbers(&random)
        return switch dtype {
        case .float32: try Tensor(numbers, shape: shape)
        case .int32: try Tensor(numbers.map { Int32($0) }, shape: shape)
        case .uint8: try Tensor(numbers.map { UInt8($0) }, shape: shape)
        case .bool: try Tensor(numbers.map { $0 != 0 }, shape: shape)
        }
    }

    private func numbers(_ random: inout TestRandom) -> [Float] {
        let count = shape.reduce(1, *)
        switch values {
        case .uniform(let range, let kinks, let margin):
            return (0..<count).map { _ in
                var value = random.float(range)
                while kinks.contains(where: { abs($0 - value) < margin }) { value = random.float(range) }
                return value
            }
        case .spaced(let gap):
            return (0..<count).shuffled(using: &random).map { (Float($0) - Float(count) / 2) * gap }
        case .integers(let range):
            return (0..<count).map { _ in Float(random.int(range.lowerBound..<(range.upperBound + 1))) }
        case .listed(let list):
            return (0..<count).map { list[$0 % list.count] }
        case .bools:
            return (0..<count).map { _ in random.chance(0.5) ? 1 : 0 }
        }
    }
}
