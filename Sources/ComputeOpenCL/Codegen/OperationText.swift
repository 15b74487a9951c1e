import Compute

/// The OpenCL C of single operations on values in registers, for scalars (width 1) and vectors alike.
///
/// In registers an Int32 is an int, a UInt8 an int of 0 to 255, and a Bool an int mask of 0 or -1.
enum OperationText {
    static func constant(_ scalar: Scalar) -> String {
        switch scalar {
        case .float(let value):
            if value.isNaN { return "NAN" }
            if value.isInfinite { return value < 0 ? "(-INFINITY)" : "INFINITY" }
            return value.sign == .minus ? "(\(value)f)" : "\(value)f"
        case .int(let value): return value == .min ? "INT_MIN" : "(\(value))"
        case .uint8(let value): return "\(value)"
        case .bool(let value): return value ? "(-1)" : "0"
        }
    }

    static func unary(_ operation: UnaryOperation, _ type: DType, _ a: String, _ width: Int, native: Bool) -> String {
        if type != .float32 {
            switch operation {
            case .absolute: return "t_abs_int\(width)(\(a))"
            case .sign: return "t_sign_int\(width)(\(a))"
            case .not: return "~\(a)"
            default: return "-\(a)"
            }
        }
        switch operation {
        case .negate: return "-\(a)"
        case .absolute: return "fabs(\(a))"
        case .sqrt: return "sqrt(\(a))"
        case .rsqrt: return native ? "rsqrt(\(a))" : "1.0f / sqrt(\(a))"
        case .reciprocal: return "1.0f / \(a)"
        case .floor: return "floor(\(a))"
        case .round: return "rint(\(a))"
        case .not: return "~\(a)"
        case .sign, .exp, .log, .log1p, .expm1, .sin, .cos, .tanh, .sigmoid, .softplus, .erf:
            return "t_\(operation)\(width)(\(a))"
        }
    }

    static func binary(_ operation: BinaryOperation, _ type: DType, _ a: String, _ b: String, _ width: Int) -> String {
        func compare(_ sign: String) -> String { width == 1 ? "-(\(a) \(sign) \(b))" : "(\(a) \(sign) \(b))" }
        func arithmetic(_ sign: String) -> String {
            type == .uint8 ? "(\(a) \(sign) \(b)) & 255" : "\(a) \(sign) \(b)"
        }
        let isFloat = type == .float32
        let suffix = isFloat ? "\(width)" : "_int\(width)"
        switch operation {
        case .add: return arithmetic("+")
        case .subtract: return arithmetic("-")
        case .multiply: return arithmetic("*")
        case .divide: return isFloat ? "\(a) / \(b)" : "t_divide_int\(width)(\(a), \(b))"
        case .remainder: return isFloat ? "fmod(\(a), \(b))" : "t_remainder_int\(width)(\(a), \(b))"
        case .maximum: return "t_max\(suffix)(\(a), \(b))"
        case .minimum: return "t_min\(suffix)(\(a), \(b))"
        case .power: return "pow(\(a), \(b))"
        case .equal: return compare("==")
        case .notEqual: return compare("!=")
        case .less: return compare("<")
        case .lessOrEqual: return compare("<=")
        case .and: return "\(a) & \(b)"
        case .or: return "\(a) | \(b)"
        }
    }

    static func cast(_ a: String, from: DType, to: DType, _ width: Int) -> String {
        func isNotZero(_ zero: String) -> String { width == 1 ? "-(\(a) != \(zero))" : "(\(a) != \(zero))" }
        switch (from, to) {
        case (.float32, .int32): return "t_float_to_int\(width)(\(a))"
        case (.float32, .uint8): return "t_float_to_uint8\(width)(\(a))"
        case (.float32, .bool): return isNotZero("0.0f")
        case (.int32, .bool), (.uint8, .bool): return isNotZero("0")
        case (.int32, .float32), (.uint8, .float32): return "to_f\(width)(\(a))"
        case (.bool, .float32): return "to_f\(width)(\(a) & 1)"
        case (.bool, .int32), (.bool, .uint8): return "\(a) & 1"
        case (.int32, .uint8): return "\(a) & 255"
        case (.uint8, .int32), (.float32, .float32), (.int32, .int32), (.uint8, .uint8), (.bool, .bool): return a
        }
    }
}
