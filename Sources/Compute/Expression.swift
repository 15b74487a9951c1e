/// A pointwise computation in single-assignment form, evaluated independently at every index of an iteration space.
///
/// Instruction `i` produces value `i`; its arguments are the numbers of earlier instructions. Both kinds of device read
/// the same expression: OpenCL turns it into source text, the CPU device interprets it over short runs of elements.
public struct Expression: Hashable, Sendable {
    public enum Instruction: Hashable, Sendable {
        /// The element that `view` finds in an operand of the step. The view's shape is the iteration space.
        case load(operand: Int, view: View)
        /// The address that `view` computes, itself the value (Int32): coordinates and linear indices.
        case index(view: View)
        /// A counter-based random number (`Philox4x32`): `operand` is an Int32 buffer holding the two words of the key,
        /// `stream` separates the random operations of one graph, and the address of `view` is the element.
        case random(RandomDistribution, operand: Int, stream: UInt32, view: View)
        /// The same number at every index.
        case constant(Scalar)
        /// The Float32 (or Int32) result of the reduction, product or convolution that this expression follows.
        case accumulator
        case unary(UnaryOperation, Int)
        case binary(BinaryOperation, Int, Int)
        /// `condition ? whenTrue : whenFalse`; the condition is Bool.
        case select(Int, Int, Int)
        case cast(DType, Int)
    }

    public private(set) var instructions: [Instruction] = []
    /// The type of each value.
    public private(set) var types: [DType] = []

    public init() {}

    /// Appends an instruction, or finds the equal one already there, and returns its value's number.
    public mutating func append(_ instruction: Instruction, type: DType) -> Int {
        if let known = instructions.firstIndex(of: instruction), types[known] == type { return known }
        instructions.append(instruction)
        types.append(type)
        return instructions.count - 1
    }
}

/// A constant of any element type. Float32 constants are equal if their bits are: a NaN equals itself, so that a graph with
/// one equals itself, and zeros of different signs differ.
public enum Scalar: Hashable, Sendable {
    case float(Float)
    case int(Int32)
    case uint8(UInt8)
    case bool(Bool)

    public static func == (a: Scalar, b: Scalar) -> Bool {
        switch (a, b) {
        case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
        case (.int(let a), .int(let b)): a == b
        case (.uint8(let a), .uint8(let b)): a == b
        case (.bool(let a), .bool(let b)): a == b
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .float(let value): hasher.combine(value.bitPattern)
        case .int(let value): hasher.combine(value)
        case .uint8(let value): hasher.combine(value)
        case .bool(let value): hasher.combine(value)
        }
    }

    public var dtype: DType {
        switch self {
        case .float: .float32
        case .int: .int32
        case .uint8: .uint8
        case .bool: .bool
        }
    }
}

/// What a random instruction draws.
public enum RandomDistribution: UInt8, Hashable, Sendable {
    /// Float32, uniform on [0, 1): the top 24 bits of Philox word 0, times 2^-24.
    case uniform
    /// Float32, standard normal, by Box and Muller (1958) from words 0 and 1.
    case normal
    /// Int32: Philox word 0, all 32 bits.
    case bits
}

/// Operations of one argument. The result has the argument's type.
public enum UnaryOperation: UInt8, Hashable, Sendable, CaseIterable {
    // Float32 and Int32. `sign` gives -1, 0 or 1; 0 for NaN.
    case negate, absolute, sign
    // Float32.
    case exp, log, log1p, expm1, sqrt, rsqrt, reciprocal, sin, cos, tanh, sigmoid, softplus, erf, floor, round
    // Bool.
    case not
}

/// Operations of two arguments of one type. Arithmetic keeps the type; comparisons give Bool.
public enum BinaryOperation: UInt8, Hashable, Sendable, CaseIterable {
    // Float32, Int32 and UInt8. Integer division truncates towards zero and gives 0 for a divisor of 0; so does the
    // remainder, which takes the dividend's sign. `maximum` and `minimum` give NaN where either Float32 argument is NaN.
    case add, subtract, multiply, divide, remainder, maximum, minimum
    // Float32. A negative base with a non-integer exponent gives NaN.
    case power
    // Any type but Bool for the order relations; any type for the first two.
    case equal, notEqual, less, lessOrEqual
    // Bool.
    case and, or

    public var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual: true
        default: false
        }
    }
}
