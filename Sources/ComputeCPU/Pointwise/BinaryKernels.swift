import Compute
import Glibc

extension ChunkKernels {
    /// - Parameter type: of the arguments.
    /// - Returns: nil where the operation is not defined for the type.
    static func binary(_ operation: BinaryOperation, _ type: DType) -> Costed? {
        switch type {
        case .float32: floatBinary(operation)
        case .int32: intBinary(operation)
        case .uint8: byteBinary(operation)
        case .bool: boolBinary(operation)
        }
    }

    private static func floatBinary(_ operation: BinaryOperation) -> Costed? {
        switch operation {
        case .add: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Floats, b) in a + b } }, cost: 1)
        case .subtract: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Floats, b) in a - b } }, cost: 1)
        case .multiply: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Floats, b) in a * b } }, cost: 1)
        case .divide: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Floats, b) in a / b } }, cost: 4)
        case .remainder: Costed(kernel: { n, x, y, _, r in Rows.zipScalars(n, x, y, r) { fmodf($0, $1) } }, cost: 40)
        case .maximum:
            Costed(
                kernel: { n, x, y, _, r in
                    Rows.zip(n, x, y, r) { (a: Floats, b) in a.replacing(with: b, where: (b .> a) .| (b .!= b)) }
                }, cost: 2)
        case .minimum:
            Costed(
                kernel: { n, x, y, _, r in
                    Rows.zip(n, x, y, r) { (a: Floats, b) in a.replacing(with: b, where: (b .< a) .| (b .!= b)) }
                }, cost: 2)
        case .power: Costed(kernel: { n, x, y, _, r in Rows.zipScalars(n, x, y, r) { powf($0, $1) } }, cost: 60)
        case .equal:
            Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Floats, b) in Rows.mask(a .== b) } }, cost: 1)
        case .notEqual:
            Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Floats, b) in Rows.mask(a .!= b) } }, cost: 1)
        case .less:
            Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Floats, b) in Rows.mask(a .< b) } }, cost: 1)
        case .lessOrEqual:
            Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Floats, b) in Rows.mask(a .<= b) } }, cost: 1)
        case .and, .or: nil
        }
    }

    private static func intBinary(_ operation: BinaryOperation) -> Costed? {
        switch operation {
        case .add: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in a &+ b } }, cost: 1)
        case .subtract: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in a &- b } }, cost: 1)
        case .multiply: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in a &* b } }, cost: 2)
        case .divide:
            Costed(kernel: { n, x, y, _, r in Rows.zipScalars(n, x, y, r) { ChunkKernels.quotient($0, $1) } }, cost: 30)
        case .remainder:
            Costed(
                kernel: { n, x, y, _, r in Rows.zipScalars(n, x, y, r) { ChunkKernels.remainder($0, $1) } }, cost: 30)
        default: integerOrder(operation)
        }
    }

    /// Bytes are kept in four-byte rows; arithmetic wraps at 256.
    private static func byteBinary(_ operation: BinaryOperation) -> Costed? {
        switch operation {
        case .add: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in (a &+ b) & 255 } }, cost: 1)
        case .subtract:
            Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in (a &- b) & 255 } }, cost: 1)
        case .multiply:
            Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in (a &* b) & 255 } }, cost: 2)
        case .divide, .remainder: intBinary(operation)
        default: integerOrder(operation)
        }
    }

    private static func boolBinary(_ operation: BinaryOperation) -> Costed? {
        switch operation {
        case .equal, .notEqual: integerOrder(operation)
        case .and: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in a & b } }, cost: 1)
        case .or: Costed(kernel: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in a | b } }, cost: 1)
        default: nil
        }
    }

    private static func integerOrder(_ operation: BinaryOperation) -> Costed? {
        let kernel: ChunkKernel? =
            switch operation {
            case .maximum:
                { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in a.replacing(with: b, where: b .> a) } }
            case .minimum:
                { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in a.replacing(with: b, where: b .< a) } }
            case .equal: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in Rows.mask(a .== b) } }
            case .notEqual: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in Rows.mask(a .!= b) } }
            case .less: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in Rows.mask(a .< b) } }
            case .lessOrEqual: { n, x, y, _, r in Rows.zip(n, x, y, r) { (a: Ints, b) in Rows.mask(a .<= b) } }
            default: nil
            }
        return kernel.map { Costed(kernel: $0, cost: 1) }
    }

    /// Truncates towards zero; 0 for a divisor of 0; the one quotient that does not fit wraps.
    @inline(__always)
    private static func quotient(_ x: Int32, _ y: Int32) -> Int32 {
        switch y {
        case 0: 0
        case -1: 0 &- x
        default: x / y
        }
    }

    @inline(__always)
    private static func remainder(_ x: Int32, _ y: Int32) -> Int32 {
        y == 0 || y == -1 ? 0 : x % y
    }
}
