import Compute
import Foundation

/// What each scalar operation means, in double precision or in exact integers.
package enum ReferenceArithmetic {
    package static func unary(_ operation: UnaryOperation, _ x: Double, _ dtype: DType) -> Double {
        if dtype == .int32 { return wrapped(integerUnary(operation, Int(x)), .int32) }
        switch operation {
        case .negate: return -x
        case .absolute: return Swift.abs(x)
        case .sign: return x > 0 ? 1 : x < 0 ? -1 : 0
        case .exp: return Foundation.exp(x)
        case .log: return Foundation.log(x)
        case .log1p: return Foundation.log1p(x)
        case .expm1: return Foundation.expm1(x)
        case .sqrt: return x.squareRoot()
        case .rsqrt: return 1 / x.squareRoot()
        case .reciprocal: return 1 / x
        case .sin: return Foundation.sin(x)
        case .cos: return Foundation.cos(x)
        case .tanh: return Foundation.tanh(x)
        case .sigmoid: return 1 / (1 + Foundation.exp(-x))
        case .softplus: return Swift.max(x, 0) + Foundation.log1p(Foundation.exp(-Swift.abs(x))) + (x.isNaN ? x : 0)
        case .erf: return Foundation.erf(x)
        case .floor: return x.rounded(.down)
        case .round: return x.rounded(.toNearestOrEven)
        case .not: return x == 0 ? 1 : 0
        }
    }

    private static func integerUnary(_ operation: UnaryOperation, _ x: Int) -> Int {
        switch operation {
        case .negate: -x
        case .absolute: Swift.abs(x)
        default: x.signum()
        }
    }

    /// - Parameter dtype: of the arguments.
    package static func binary(_ operation: BinaryOperation, _ a: Double, _ b: Double, _ dtype: DType) -> Double {
        switch operation {
        case .equal: return a == b ? 1 : 0
        case .notEqual: return a != b ? 1 : 0
        case .less: return a < b ? 1 : 0
        case .lessOrEqual: return a <= b ? 1 : 0
        case .and: return a != 0 && b != 0 ? 1 : 0
        case .or: return a != 0 || b != 0 ? 1 : 0
        case .maximum: return a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
        case .minimum: return a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
        case .power: return pow(a, b)
        case .add, .subtract, .multiply, .divide, .remainder: break
        }
        if dtype != .float32 { return wrapped(integerBinary(operation, Int(a), Int(b)), dtype) }
        switch operation {
        case .add: return a + b
        case .subtract: return a - b
        case .multiply: return a * b
        case .divide: return a / b
        default: return fmod(a, b)
        }
    }

    private static func integerBinary(_ operation: BinaryOperation, _ a: Int, _ b: Int) -> Int {
        switch operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: b == 0 ? 0 : a / b
        default: b == 0 ? 0 : a % b
        }
    }

    package static func cast(_ x: Double, from source: DType, to target: DType) -> Double {
        switch target {
        case .float32: return x
        case .bool: return x != 0 ? 1 : 0
        case .int32, .uint8:
            if source != .float32 { return wrapped(Int(x), target) }
            let bounds: (low: Double, high: Double) = target == .uint8 ? (0, 255) : (-2_147_483_648, 2_147_483_647)
            return x.isNaN ? 0 : Swift.min(Swift.max(x.rounded(.towardZero), bounds.low), bounds.high)
        }
    }

    package static func value(of scalar: Scalar) -> Double {
        switch scalar {
        case .float(let value): Double(value)
        case .int(let value): Double(value)
        case .uint8(let value): Double(value)
        case .bool(let value): value ? 1 : 0
        }
    }

    /// A combination of two values that a reduction makes.
    package static func combined(_ operation: Reduction.Operation, _ a: Double, _ b: Double, _ dtype: DType) -> Double {
        switch operation {
        case .sum: dtype == .float32 ? a + b : wrapped(Int(a) + Int(b), dtype)
        case .maximum: Swift.max(a, b)
        }
    }

    /// What a reduction of nothing gives.
    package static func identity(_ operation: Reduction.Operation, _ dtype: DType) -> Double {
        switch operation {
        case .sum: 0
        case .maximum: dtype == .float32 ? -.infinity : Double(Int32.min)
        }
    }

    /// An integer held to the width of its type, as two's complement does.
    static func wrapped(_ x: Int, _ dtype: DType) -> Double {
        dtype == .int32 ? Double(Int32(truncatingIfNeeded: x)) : Double(UInt8(truncatingIfNeeded: x))
    }
}
