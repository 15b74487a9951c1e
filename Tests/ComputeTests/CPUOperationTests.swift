import Compute
import ComputeCPU
import Glibc
import Testing

/// Each operation of the CPU device, over its range and at its corners.
@Suite struct CPUOperationTests {
    let device = CPUDevice(threads: 1)

    /// Runs `build`, an expression over operands 0 and 1, on columns of four-byte elements.
    func apply(
        _ types: [DType], _ slots: [HostSlot], to result: DType, count: Int, _ build: (inout Expression, [Int]) -> Int
    ) throws -> HostSlot {
        let view = View(contiguous: [count])
        var body = Expression()
        let loads = types.enumerated().map { slot, type in
            body.append(.load(operand: slot, view: view), type: type)
        }
        let value = build(&body, loads)
        let destination = Operand(slot: slots.count, dtype: result)
        let step = PointwiseStep(
            shape: [count], body: body,
            operands: types.enumerated().map { Operand(slot: $0, dtype: $1) },
            stores: [Store(value: value, destination: destination, view: view)])
        let room = HostSlot(bytes: [UInt8](repeating: 77, count: count * result.size))
        return try device.results(of: [.pointwise(step)], slots: slots + [room])[slots.count]
    }

    func apply(_ operation: UnaryOperation, _ x: [Float]) throws -> [Float] {
        try apply([.float32], [HostSlot(x)], to: .float32, count: x.count) { body, loads in
            body.append(.unary(operation, loads[0]), type: .float32)
        }.floats
    }

    func apply(_ operation: BinaryOperation, _ x: [Float], _ y: [Float]) throws -> [Float] {
        try apply([.float32, .float32], [HostSlot(x), HostSlot(y)], to: .float32, count: x.count) { body, loads in
            body.append(.binary(operation, loads[0], loads[1]), type: .float32)
        }.floats
    }

    func apply(_ operation: BinaryOperation, _ x: [Int32], _ y: [Int32]) throws -> [Int32] {
        try apply([.int32, .int32], [HostSlot(x), HostSlot(y)], to: .int32, count: x.count) { body, loads in
            body.append(.binary(operation, loads[0], loads[1]), type: .int32)
        }.ints
    }

    /// Numbers of both signs whose magnitudes spread evenly over the exponents between two numbers, and a line.
    static func samples(_ least: Float, _ most: Float, positive: Bool = false) -> [Float] {
        let steps = 20_000
        let ratio = log(Double(most) / Double(least))
        let magnitudes = (0...steps).map { Float(Double(least) * exp(ratio * Double($0) / Double(steps))) }
        let line = (1...steps).map { most * (Float($0) / Float(steps)) }
        return positive ? magnitudes + line : magnitudes + line + (magnitudes + line).map { -$0 }
    }

    struct Accuracy: Sendable, CustomTestStringConvertible {
        let operation: UnaryOperation
        let least: Float
        let most: Float
        var positive = false
        /// The greatest relative error, in units of 2^-24.
        let relative: Double
        /// Errors below this are let pass.
        var absolute = 0.0
        var testDescription: String { "\(operation) up to \(most)" }
    }

    static let accuracies = [
        Accuracy(operation: .exp, least: 1e-9, most: 87, relative: 3),
        Accuracy(operation: .log, least: 1e-37, most: 3e38, positive: true, relative: 3),
        Accuracy(operation: .log1p, least: 1e-12, most: 0.999, relative: 5),
        Accuracy(operation: .log1p, least: 1e-3, most: 1e30, positive: true, relative: 5),
        Accuracy(operation: .expm1, least: 1e-12, most: 87, relative: 5),
        Accuracy(operation: .sqrt, least: 1e-37, most: 3e38, positive: true, relative: 1),
        Accuracy(operation: .rsqrt, least: 1e-37, most: 3e38, positive: true, relative: 3),
        Accuracy(operation: .reciprocal, least: 1e-37, most: 1e37, relative: 1),
        Accuracy(operation: .sin, least: 1e-9, most: 10, relative: 5),
        Accuracy(operation: .cos, least: 1e-9, most: 10, relative: 5),
        Accuracy(operation: .sin, least: 1, most: 1e4, relative: 5, absolute: 1e-8),
        Accuracy(operation: .cos, least: 1, most: 1e5, relative: 5, absolute: 1e-8),
        Accuracy(operation: .tanh, least: 1e-9, most: 30, relative: 8),
        Accuracy(operation: .sigmoid, least: 1e-9, most: 86, relative: 6),
        Accuracy(operation: .softplus, least: 1e-9, most: 86, relative: 6),
        Accuracy(operation: .erf, least: 1e-9, most: 6, relative: 6),
        Accuracy(operation: .floor, least: 1e-9, most: 1e10, relative: 0),
        Accuracy(operation: .round, least: 1e-9, most: 1e10, relative: 0),
        Accuracy(operation: .negate, least: 1e-9, most: 1e10, relative: 0),
        Accuracy(operation: .absolute, least: 1e-9, most: 1e10, relative: 0),
        Accuracy(operation: .sign, least: 0x1p-140, most: 1e10, relative: 0),
    ]

    @Test("Functions are accurate over their ranges", arguments: accuracies)
    func accuracy(of case: Accuracy) throws {
        let x = CPUOperationTests.samples(`case`.least, `case`.most, positive: `case`.positive)
        let found = try apply(`case`.operation, x)
        var worst = (error: 0.0, x: Float(0), found: Float(0))
        for (x, found) in zip(x, found) {
            let expected = CPUStepReference.unary(`case`.operation, Double(x))
            let difference = abs(Double(found) - expected)
            if difference <= `case`.absolute { continue }
            let error = expected == 0 ? Double.infinity : difference / abs(expected) * 0x1p24
            if !(error <= worst.error) { worst = (error, x, found) }
        }
        #expect(worst.error <= `case`.relative, "\(worst.error) units at \(worst.x): \(worst.found)")
    }

    @Test("Functions at infinities, NaN, zeros and beyond their ranges")
    func corners() throws {
        let infinity = Float.infinity
        let cases: [(UnaryOperation, [(Float, Float)])] = [
            (
                .exp,
                [
                    (-infinity, 0), (infinity, infinity), (0, 1), (100, infinity), (-200, 0),
                    (-100, Float(bitPattern: 27)),
                ]
            ),
            (
                .log,
                [(0, -infinity), (-1, .nan), (infinity, infinity), (1, 0), (0x1p-140, -97.040_61), (-infinity, .nan)]
            ),
            (.log1p, [(-1, -infinity), (-2, .nan), (infinity, infinity), (0, 0)]),
            (.expm1, [(-infinity, -1), (infinity, infinity), (0, 0), (-100, -1), (100, infinity)]),
            (.sqrt, [(0, 0), (-1, .nan), (infinity, infinity)]),
            (.rsqrt, [(0, infinity), (-1, .nan), (infinity, 0)]),
            (.reciprocal, [(0, infinity), (infinity, 0)]),
            (.sin, [(0, 0), (infinity, .nan), (1e7, 0.420_547_8)]),
            (.cos, [(0, 1), (-infinity, .nan), (1e7, -0.907_270_4)]),
            (.tanh, [(0, 0), (infinity, 1), (-infinity, -1), (90, 1), (1e-30, 1e-30)]),
            (.sigmoid, [(0, 0.5), (infinity, 1), (-infinity, 0), (200, 1), (-200, 0)]),
            (.softplus, [(0, 0.693_147_2), (infinity, infinity), (-infinity, 0), (1e30, 1e30), (-50, 1.928_75e-22)]),
            (.erf, [(0, 0), (infinity, 1), (-infinity, -1), (20, 1)]),
            (.floor, [(-0.5, -1), (2.5, 2), (infinity, infinity), (1e30, 1e30), (-3, -3)]),
            (.round, [(0.5, 0), (1.5, 2), (2.5, 2), (-1.5, -2), (-infinity, -infinity), (8_388_609, 8_388_609)]),
            (.sign, [(0, 0), (-infinity, -1), (0x1p-140, 1)]),
            (.absolute, [(-infinity, infinity), (-0.0, 0)]),
        ]
        for (operation, pairs) in cases {
            let found = try apply(operation, pairs.map(\.0) + [.nan])
            for ((x, expected), found) in zip(pairs, found) {
                let close = found == expected || abs(found - expected) <= 3e-7 * abs(expected)
                #expect(close || (found.isNaN && expected.isNaN), "\(operation)(\(x)) = \(found)")
            }
            if operation == .sign {
                #expect(found.last == 0)
            } else {
                #expect(found.last?.isNaN == true, "\(operation)(NaN) = \(found)")
            }
        }
    }

    @Test("Float arithmetic and order, with NaN")
    func floatBinaries() throws {
        let x: [Float] = [1, -7.5, 3, .nan, 2, 0, -8, .infinity, 2.5]
        let y: [Float] = [2, 2, 3, 1, .nan, -0.0, 1.0 / 3, 1, -2]
        for operation in [
            BinaryOperation.add, .subtract, .multiply, .divide, .remainder, .maximum, .minimum, .power,
        ] {
            let expected = zip(x, y).map { CPUStepReference.binary(operation, Double($0), Double($1)) }
            expectClose(try apply(operation, x, y), expected, tolerance: 1e-6, "\(operation)")
        }
        for operation in [BinaryOperation.equal, .notEqual, .less, .lessOrEqual] {
            let found = try apply([.float32, .float32], [HostSlot(x), HostSlot(y)], to: .bool, count: x.count) {
                $0.append(.binary(operation, $1[0], $1[1]), type: .bool)
            }
            let expected = zip(x, y).map { UInt8(CPUStepReference.binary(operation, Double($0), Double($1))) }
            #expect(found.bytes == expected, "\(operation)")
        }
    }

    @Test("Integer arithmetic truncates, wraps and never traps")
    func intBinaries() throws {
        let x: [Int32] = [7, -7, 7, -7, 5, .min, .min, .max, 0]
        let y: [Int32] = [2, 2, -2, -2, 0, -1, 0, 2, 3]
        #expect(try apply(.divide, x, y) == [3, -3, -3, 3, 0, .min, 0, 1_073_741_823, 0])
        #expect(try apply(.remainder, x, y) == [1, -1, 1, -1, 0, 0, 0, 1, 0])
        #expect(try apply(.multiply, x, y) == zip(x, y).map { $0 &* $1 })
        #expect(try apply(.add, x, y) == zip(x, y).map { $0 &+ $1 })
        #expect(try apply(.subtract, x, y) == zip(x, y).map { $0 &- $1 })
        #expect(try apply(.maximum, x, y) == zip(x, y).map { max($0, $1) })
        #expect(try apply(.minimum, x, y) == zip(x, y).map { min($0, $1) })
        for (operation, expected) in [
            (UnaryOperation.negate, x.map { 0 &- $0 }), (.absolute, x.map { $0 < 0 ? 0 &- $0 : $0 }),
            (.sign, x.map { $0.signum() }),
        ] {
            let found = try apply([.int32], [HostSlot(x)], to: .int32, count: x.count) {
                $0.append(.unary(operation, $1[0]), type: .int32)
            }
            #expect(found.ints == expected, "\(operation)")
        }
        let bytes: [UInt8] = [200, 3, 255, 0, 9]
        let others: [UInt8] = [100, 5, 2, 1, 0]
        for (operation, expected) in [
            (BinaryOperation.add, zip(bytes, others).map { $0 &+ $1 }),
            (.subtract, zip(bytes, others).map { $0 &- $1 }), (.multiply, zip(bytes, others).map { $0 &* $1 }),
            (.divide, [2, 0, 127, 0, 0]), (.remainder, [0, 3, 1, 0, 0]),
            (.maximum, zip(bytes, others).map { max($0, $1) }), (.minimum, zip(bytes, others).map { min($0, $1) }),
        ] {
            let found = try apply(
                [.uint8, .uint8], [HostSlot(bytes: bytes), HostSlot(bytes: others)], to: .uint8, count: 5
            ) {
                $0.append(.binary(operation, $1[0], $1[1]), type: .uint8)
            }
            #expect(found.bytes == expected, "\(operation)")
        }
    }

    @Test("Truth values")
    func bools() throws {
        let slots = [HostSlot(bytes: [0, 0, 1, 1]), HostSlot(bytes: [0, 1, 0, 1])]
        for (operation, expected) in [
            (BinaryOperation.and, [0, 0, 0, 1] as [UInt8]), (.or, [0, 1, 1, 1]), (.equal, [1, 0, 0, 1]),
            (.notEqual, [0, 1, 1, 0]),
        ] {
            let found = try apply([.bool, .bool], slots, to: .bool, count: 4) {
                $0.append(.binary(operation, $1[0], $1[1]), type: .bool)
            }
            #expect(found.bytes == expected, "\(operation)")
        }
        let not = try apply([.bool], [slots[0]], to: .bool, count: 4) {
            $0.append(.unary(.not, $1[0]), type: .bool)
        }
        #expect(not.bytes == [1, 1, 0, 0])
    }

    @Test("Casts between all types")
    func casts() throws {
        let floats: [Float] = [0, 1.9, -1.9, 300, -5, 3e9, -3e9, .nan, .infinity, 0.5]
        let ints: [Int32] = [0, 1, -1, 300, .max, .min, 256]
        let bytes: [UInt8] = [0, 1, 200]
        func cast(_ slot: HostSlot, _ from: DType, _ to: DType) throws -> HostSlot {
            try apply([from], [slot], to: to, count: slot.bytes.count / from.size) {
                $0.append(.cast(to, $1[0]), type: to)
            }
        }
        #expect(
            try cast(HostSlot(floats), .float32, .int32).ints == [0, 1, -1, 300, -5, .max, .min, 0, .max, 0])
        #expect(try cast(HostSlot(floats), .float32, .uint8).bytes == [0, 1, 0, 255, 0, 255, 0, 0, 255, 0])
        #expect(try cast(HostSlot(floats), .float32, .bool).bytes == [0, 1, 1, 1, 1, 1, 1, 1, 1, 1])
        #expect(try cast(HostSlot(ints), .int32, .float32).floats == ints.map { Float($0) })
        #expect(try cast(HostSlot(ints), .int32, .uint8).bytes == ints.map { UInt8(truncatingIfNeeded: $0) })
        #expect(try cast(HostSlot(ints), .int32, .bool).bytes == ints.map { $0 == 0 ? 0 : 1 })
        #expect(try cast(HostSlot(bytes: bytes), .uint8, .float32).floats == [0, 1, 200])
        #expect(try cast(HostSlot(bytes: bytes), .uint8, .int32).ints == [0, 1, 200])
        #expect(try cast(HostSlot(bytes: bytes), .uint8, .bool).bytes == [0, 1, 1])
        #expect(try cast(HostSlot(bytes: [0, 1]), .bool, .float32).floats == [0, 1])
        #expect(try cast(HostSlot(bytes: [0, 1]), .bool, .int32).ints == [0, 1])
        #expect(try cast(HostSlot(bytes: [0, 1]), .bool, .uint8).bytes == [0, 1])
    }
}
