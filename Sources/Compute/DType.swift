/// The element type of a tensor or a buffer operand.
public enum DType: UInt8, Sendable, Hashable, CaseIterable, Codable {
    /// IEEE 754 single precision; every floating-point result in the library has this type.
    case float32
    /// Two's complement, 32 bits; indices, labels and random keys.
    case int32
    /// Unsigned, 8 bits; pixels.
    case uint8
    /// A truth value, stored as one byte, 0 or 1.
    case bool

    /// The size of one element in memory, in bytes.
    public var size: Int {
        switch self {
        case .float32, .int32: 4
        case .uint8, .bool: 1
        }
    }

    /// Whether values of this type have gradients.
    public var isFloating: Bool { self == .float32 }
}

extension DType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .float32: "Float32"
        case .int32: "Int32"
        case .uint8: "UInt8"
        case .bool: "Bool"
        }
    }
}
