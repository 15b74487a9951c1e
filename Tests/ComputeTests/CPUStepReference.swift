import Compute
import Glibc

/// Steps computed index by index in Float64, straight from their documentation.
enum CPUStepReference {
    /// Every index of a shape, in row-major order.
    static func indices(_ shape: [Int]) -> [[Int]] {
        shape.reduce([[]]) { partial, extent in partial.flatMap { head in (0..<extent).map { head + [$0] } } }
    }

    /// Where a view finds an index, nil outside its memory.
    static func address(_ view: View, _ index: [Int]) -> Int? {
        var address = view.offset
        for axis in view.shape.indices {
            if let valid = view.valid, !valid[axis].contains(index[axis]) { return nil }
            address += index[axis] * view.strides[axis]
        }
        return address
    }

    static func element(_ operand: Operand, _ address: Int, _ slots: [HostSlot]) -> Double {
        let bytes = slots[operand.slot].bytes
        let start = (operand.offset + address) * operand.dtype.size
        return bytes.withUnsafeBytes { memory in
            switch operand.dtype {
            case .float32: Double(memory.load(fromByteOffset: start, as: Float.self))
            case .int32: Double(memory.load(fromByteOffset: start, as: Int32.self))
            case .uint8: Double(memory[start])
            case .bool: memory[start] == 0 ? 0 : 1
            }
        }
    }

    /// The values of an expression at one index. Only the operations that the random steps use.
    static func values(
        _ expression: Expression, at index: [Int], operands: [Operand], slots: [HostSlot], accumulator: Double = 0
    ) -> [Double] {
        var values: [Double] = []
        for instruction in expression.instructions {
            let value: Double =
                switch instruction {
                case .load(let operand, let view):
                    address(view, index).map { element(operands[operand], $0, slots) } ?? 0
                case .index(let view): Double(address(view, index) ?? 0)
                case .constant(.float(let x)): Double(x)
                case .constant(.int(let x)): Double(x)
                case .constant(.uint8(let x)): Double(x)
                case .constant(.bool(let x)): x ? 1 : 0
                case .accumulator: accumulator
                case .unary(let operation, let x): unary(operation, values[x])
                case .binary(let operation, let x, let y): binary(operation, values[x], values[y])
                case .select(let c, let x, let y): values[c] != 0 ? values[x] : values[y]
                case .cast(.bool, let x): values[x] != 0 ? 1 : 0
                case .cast(_, let x): values[x]
                case .random: .nan
                }
            values.append(value)
        }
        return values
    }

    static func unary(_ operation: UnaryOperation, _ x: Double) -> Double {
        switch operation {
        case .negate: -x
        case .absolute: abs(x)
        case .sign: x > 0 ? 1 : x < 0 ? -1 : 0
        case .exp: exp(x)
        case .log: log(x)
        case .log1p: log1p(x)
        case .expm1: expm1(x)
        case .sqrt: x.squareRoot()
        case .rsqrt: 1 / x.squareRoot()
        case .reciprocal: 1 / x
        case .sin: sin(x)
        case .cos: cos(x)
        case .tanh: tanh(x)
        case .sigmoid: 1 / (1 + exp(-x))
        case .softplus: max(x, 0) + log1p(exp(-abs(x)))
        case .erf: erf(x)
        case .floor: floor(x)
        case .round: x.rounded(.toNearestOrEven)
        case .not: x == 0 ? 1 : 0
        }
    }

    static func binary(_ operation: BinaryOperation, _ x: Double, _ y: Double) -> Double {
        switch operation {
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        case .divide: x / y
        case .remainder: fmod(x, y)
        case .maximum: x.isNaN || y.isNaN ? .nan : max(x, y)
        case .minimum: x.isNaN || y.isNaN ? .nan : min(x, y)
        case .power: pow(x, y)
        case .equal: x == y ? 1 : 0
        case .notEqual: x != y ? 1 : 0
        case .less: x < y ? 1 : 0
        case .lessOrEqual: x <= y ? 1 : 0
        case .and: x != 0 && y != 0 ? 1 : 0
        case .or: x != 0 || y != 0 ? 1 : 0
        }
    }

    /// What a pointwise step stores first, over the kept shape in row-major order.
    static func firstStore(of step: PointwiseStep, slots: [HostSlot]) -> [Double] {
        guard let reduction = step.reduction else {
            return indices(step.shape).map { index in
                values(step.body, at: index, operands: step.operands, slots: slots)[step.stores[0].value]
            }
        }
        let kept = step.shape.indices.filter { !reduction.axes.contains($0) }
        var totals: [[Int]: Double] = [:]
        for index in indices(step.shape) {
            let value = values(step.body, at: index, operands: step.operands, slots: slots)[reduction.value]
            let key = kept.map { index[$0] }
            switch reduction.operation {
            case .sum: totals[key, default: 0] += value
            case .maximum: totals[key] = binary(.maximum, totals[key] ?? -.infinity, value)
            }
        }
        let identity: Double = reduction.operation == .sum ? 0 : -.infinity
        return indices(kept.map { step.shape[$0] }).map { index in
            values(
                reduction.epilogue, at: index, operands: step.operands, slots: slots,
                accumulator: totals[index] ?? identity)[step.stores[0].value]
        }
    }
}
