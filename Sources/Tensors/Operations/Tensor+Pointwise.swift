import Compute

// Arithmetic broadcasts as NumPy does: shapes are aligned at their last axes, and an axis of extent one repeats.
extension Tensor {
    public static func + (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.add, b) }
    public static func - (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.subtract, b) }
    public static func * (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.multiply, b) }
    public static func / (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.divide, b) }
    /// The remainder of a division truncated towards zero.
    public static func % (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.remainder, b) }
    public static prefix func - (a: Tensor) throws -> Tensor { try a.mapped(.negate) }

    public static func + (a: Tensor, b: Float) throws -> Tensor { try a + Tensor(b) }
    public static func - (a: Tensor, b: Float) throws -> Tensor { try a - Tensor(b) }
    public static func * (a: Tensor, b: Float) throws -> Tensor { try a * Tensor(b) }
    public static func / (a: Tensor, b: Float) throws -> Tensor { try a / Tensor(b) }
    public static func + (a: Float, b: Tensor) throws -> Tensor { try Tensor(a) + b }
    public static func - (a: Float, b: Tensor) throws -> Tensor { try Tensor(a) - b }
    public static func * (a: Float, b: Tensor) throws -> Tensor { try Tensor(a) * b }
    public static func / (a: Float, b: Tensor) throws -> Tensor { try Tensor(a) / b }

    public func maximum(_ other: Tensor) throws -> Tensor { try combined(.maximum, other) }
    public func minimum(_ other: Tensor) throws -> Tensor { try combined(.minimum, other) }
    public func power(_ exponent: Tensor) throws -> Tensor { try combined(.power, exponent) }
    /// Limits values to a range; the gradient is zero outside it.
    public func clamped(_ low: Float, _ high: Float) throws -> Tensor {
        try maximum(Tensor(low)).minimum(Tensor(high))
    }

    // Comparisons give Bool.
    public func equal(_ other: Tensor) throws -> Tensor { try combined(.equal, other) }
    public func notEqual(_ other: Tensor) throws -> Tensor { try combined(.notEqual, other) }
    public func less(_ other: Tensor) throws -> Tensor { try combined(.less, other) }
    public func lessOrEqual(_ other: Tensor) throws -> Tensor { try combined(.lessOrEqual, other) }
    public func greater(_ other: Tensor) throws -> Tensor { try other.combined(.less, self) }
    public func greaterOrEqual(_ other: Tensor) throws -> Tensor { try other.combined(.lessOrEqual, self) }
    public func and(_ other: Tensor) throws -> Tensor { try combined(.and, other) }
    public func or(_ other: Tensor) throws -> Tensor { try combined(.or, other) }
    public func not() throws -> Tensor { try mapped(.not) }

    public func absolute() throws -> Tensor { try mapped(.absolute) }
    public func sign() throws -> Tensor { try mapped(.sign) }
    public func exp() throws -> Tensor { try mapped(.exp) }
    public func log() throws -> Tensor { try mapped(.log) }
    /// `log(1 + x)`, accurate near zero.
    public func log1p() throws -> Tensor { try mapped(.log1p) }
    /// `exp(x) - 1`, accurate near zero.
    public func expm1() throws -> Tensor { try mapped(.expm1) }
    public func sqrt() throws -> Tensor { try mapped(.sqrt) }
    public func rsqrt() throws -> Tensor { try mapped(.rsqrt) }
    public func reciprocal() throws -> Tensor { try mapped(.reciprocal) }
    public func sin() throws -> Tensor { try mapped(.sin) }
    public func cos() throws -> Tensor { try mapped(.cos) }
    public func tanh() throws -> Tensor { try mapped(.tanh) }
    /// `1 / (1 + exp(-x))`.
    public func sigmoid() throws -> Tensor { try mapped(.sigmoid) }
    /// `log(1 + exp(x))`, without overflow.
    public func softplus() throws -> Tensor { try mapped(.softplus) }
    public func erf() throws -> Tensor { try mapped(.erf) }
    public func floor() throws -> Tensor { try mapped(.floor) }
    /// To the nearest integer, halves to even.
    public func round() throws -> Tensor { try mapped(.round) }
    public func square() throws -> Tensor { try self * self }

    /// `condition ? a : b`, element by element; the three broadcast together.
    public static func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
        guard condition.dtype == .bool, a.dtype == b.dtype else {
            throw TensorError.typeMismatch(
                operation: "select", expected: "a Bool condition and two values of one type",
                found: [condition.dtype, a.dtype, b.dtype])
        }
        let shape = try broadcastShape([condition.shape, a.shape, b.shape], operation: "select")
        return Tensor(
            .select, [try condition.broadcast(to: shape), try a.broadcast(to: shape), try b.broadcast(to: shape)],
            shape: shape, dtype: a.dtype)
    }

    /// Converts the element type. Float32 to an integer truncates towards zero and saturates; to Bool is `!= 0`.
    public func cast(to dtype: DType) -> Tensor {
        if dtype == self.dtype { return self }
        return Tensor(.cast, [self], shape: shape, dtype: dtype)
    }

    func mapped(_ operation: UnaryOperation) throws -> Tensor {
        let accepted: Bool =
            switch operation {
            case .not: dtype == .bool
            case .negate, .absolute, .sign: dtype == .float32 || dtype == .int32
            default: dtype == .float32
            }
        guard accepted else {
            throw TensorError.typeMismatch(
                operation: "\(operation)", expected: operation == .not ? "Bool" : "Float32", found: [dtype])
        }
        return Tensor(.unary(operation), [self], shape: shape, dtype: dtype)
    }

    func combined(_ operation: BinaryOperation, _ other: Tensor) throws -> Tensor {
        let (a, b) = try unified(other, operation: "\(operation)")
        let accepted: Bool =
            switch operation {
            case .and, .or: a.dtype == .bool
            case .equal, .notEqual: true
            case .power: a.dtype == .float32
            default: a.dtype != .bool
            }
        guard accepted else {
            throw TensorError.typeMismatch(
                operation: "\(operation)", expected: "a type that \(operation) is defined for",
                found: [a.dtype, b.dtype])
        }
        let shape = try Tensor.broadcastShape([a.shape, b.shape], operation: "\(operation)")
        if let simpler = try simplified(operation, a, b, shape: shape) { return simpler }
        return Tensor(
            .binary(operation), [try a.broadcast(to: shape), try b.broadcast(to: shape)], shape: shape,
            dtype: operation.isComparison ? .bool : a.dtype)
    }

    /// Both arguments in one type: a Float32 literal takes the integer type of the other side.
    private func unified(_ other: Tensor, operation: String) throws -> (Tensor, Tensor) {
        if dtype == other.dtype { return (self, other) }
        if let value = other.literal(as: dtype) { return (self, value) }
        if let value = literal(as: other.dtype) { return (value, other) }
        throw TensorError.typeMismatch(operation: operation, expected: "two equal types", found: [dtype, other.dtype])
    }

    private func literal(as dtype: DType) -> Tensor? {
        guard case .constant(.float(let value)) = node.operation else { return nil }
        switch dtype {
        case .int32: return Int32(exactly: value).map { Tensor(scalar: .int($0)) }
        case .uint8: return UInt8(exactly: value).map { Tensor(scalar: .uint8($0)) }
        default: return nil
        }
    }

    /// The Float32 constant that fills this tensor, if one does.
    var constantValue: Float? {
        var node = node
        while true {
            switch node.operation {
            case .constant(.float(let value)): return value
            case .expand, .reshape, .permute, .slice, .flip: node = node.inputs[0]
            default: return nil
            }
        }
    }

    /// The arithmetic of zeros and ones that gradients are full of. Exact, signed zeros and infinities apart:
    /// multiplying by the constant zero gives zero.
    private func simplified(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, shape: [Int]) throws -> Tensor? {
        guard a.dtype == .float32 else { return nil }
        let (x, y) = (a.constantValue, b.constantValue)
        if let x, let y {
            let folded: Float? =
                switch operation {
                case .add: x + y
                case .subtract: x - y
                case .multiply: x * y
                case .divide: x / y
                default: nil
                }
            if let folded { return try Tensor(folded).broadcast(to: shape) }
        }
        switch (operation, x, y) {
        case (.add, 0, _), (.multiply, 1, _): return try b.broadcast(to: shape)
        case (.add, _, 0), (.subtract, _, 0), (.multiply, _, 1), (.divide, _, 1): return try a.broadcast(to: shape)
        case (.multiply, 0, _), (.multiply, _, 0): return try Tensor.zeros(shape)
        default: return nil
        }
    }

    static func broadcastShape(_ shapes: [[Int]], operation: String) throws -> [Int] {
        let rank = shapes.map(\.count).max() ?? 0
        var result = [Int](repeating: 1, count: rank)
        for shape in shapes {
            for (axis, extent) in zip((rank - shape.count)..., shape) where extent != 1 {
                guard result[axis] == 1 || result[axis] == extent else {
                    throw TensorError.shapeMismatch(
                        operation: operation, expected: "shapes that broadcast together", found: shapes)
                }
                result[axis] = extent
            }
        }
        return result
    }
}
