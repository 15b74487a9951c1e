import Compute
import ComputeOpenCL
import Testing

@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLPointwiseTests {
    typealias Shape = OpenCLFixture.Shape
    typealias Slot = OpenCLFixture.Slot
    typealias Case = OpenCLFixture.Case

    /// Values of interest for every function of one argument.
    private static let arguments: [Double] =
        (0..<4000).map { Double($0 - 2000) / 97 } + (0..<400).map { Double($0 - 200) * 0.617 }
        + (0..<200).map { Double(sign: $0 % 2 == 0 ? .plus : .minus, exponent: -$0 / 2, significand: 1.37) }
        + [
            0, -0.0, .infinity, -.infinity, .nan, 1e-40, -1e-40, 3e38, -3e38, 1e30, 88.7, 88.8, -87.4, -103.9, -104.1,
            1,
        ]

    @Test(arguments: Shape.allCases)
    func unaryFunctions(_ shape: Shape) throws {
        try OpenCLFixture.compare(UnaryOperation.allCases.filter { $0 != .not }.map(unaryCase), shape)
    }

    private func unaryCase(_ operation: UnaryOperation) -> Case {
        var values = OpenCLPointwiseTests.arguments
        // Beyond this the double reference of a Float32 argument is right, but slow paths differ by device.
        if operation == .sin || operation == .cos { values += [40001, -123456.7, 1e6] }
        let count = values.count
        let step = PointwiseStep.map(count: count, from: .float32, to: .float32) { .unary(operation, $0) }
        let tolerance: Double = operation == .exp || operation == .log ? 2.5e-7 : 1e-6
        let absolute: Double = operation == .sin || operation == .cos ? 2e-7 : 1.5e-45
        return Case(
            steps: [step], slots: [Slot(.float32, values), .zeros(count: count)], relative: tolerance,
            absolute: absolute, note: "\(operation)")
    }

    @Test(arguments: Shape.allCases)
    func binaryFunctions(_ shape: Shape) throws {
        try OpenCLFixture.compare(BinaryOperation.allCases.flatMap(binaryCases), shape)
    }

    private func binaryCases(_ operation: BinaryOperation) -> [Case] {
        var cases: [Case] = []
        for dtype in DType.allCases {
            let isLogical = operation == .and || operation == .or
            let values: [Double]
            switch dtype {
            case .float32:
                if isLogical { continue }
                values = [0, 1, -1, 0.5, -2.5, 3, 7.25, 100, -0.0, .infinity, -.infinity, .nan, 1e-3, 2, -3]
            case .int32:
                if isLogical || operation == .power { continue }
                values = [0, 1, -1, 7, -7, 2, 3, 1000, -2_147_483_648, 2_147_483_647, 46341, -5]
            case .uint8:
                if isLogical || operation == .power { continue }
                values = [0, 1, 2, 3, 7, 100, 128, 200, 255]
            case .bool:
                if !isLogical && operation != .equal && operation != .notEqual { continue }
                values = [0, 1]
            }
            let pairs = values.flatMap { a in values.map { (a, $0) } }
            let count = pairs.count
            var body = Expression()
            let view = View(contiguous: [count])
            let a = body.append(.load(operand: 0, view: view), type: dtype)
            let b = body.append(.load(operand: 1, view: view), type: dtype)
            let resultType: DType = operation.isComparison || isLogical ? .bool : dtype
            let result = body.append(.binary(operation, a, b), type: resultType)
            let step = PointwiseStep(
                shape: [count], body: body,
                operands: [Operand(slot: 0, dtype: dtype), Operand(slot: 1, dtype: dtype)],
                stores: [Store(value: result, destination: Operand(slot: 2, dtype: resultType), view: view)])
            cases.append(
                Case(
                    steps: [.pointwise(step)],
                    slots: [
                        Slot(dtype, pairs.map(\.0)), Slot(dtype, pairs.map(\.1)), .zeros(resultType, count: count),
                    ],
                    relative: operation == .power ? 1.5e-6 : 1.2e-7, note: "\(operation) of \(dtype)"))
        }
        return cases
    }

    @Test(arguments: Shape.allCases)
    func casts(_ shape: Shape) throws {
        let contents: [DType: [Double]] = [
            .float32: [
                0, 0.9, -0.9, 1.5, -1.5, 254.9, 255, 256, -3, 1e9, 3e9, -3e9, .nan, .infinity, -.infinity,
                2_147_483_520, 2_147_483_648, -2_147_483_648, 1e-40, -0.0,
            ],
            .int32: [0, 1, -1, 255, 256, 300, -300, 2_147_483_647, -2_147_483_648],
            .uint8: [0, 1, 2, 127, 128, 255], .bool: [0, 1],
        ]
        var cases: [Case] = []
        for from in DType.allCases {
            for to in DType.allCases {
                var values = contents[from] ?? []
                while values.count < 53 { values += values }
                let step = PointwiseStep.map(count: values.count, from: from, to: to) { .cast(to, $0) }
                cases.append(
                    Case(
                        steps: [step], slots: [Slot(from, values), .zeros(to, count: values.count)], relative: 6e-8,
                        note: "\(from) to \(to)"))
            }
        }
        try OpenCLFixture.compare(cases, shape)
    }

    /// One step with loads of every kind: broadcast, transposed, padded, flipped, strided; of several extents.
    @Test(arguments: Shape.allCases)
    func views(_ shape: Shape) throws {
        let extents = [
            [1], [37], [1000], [3, 5], [7, 64], [5, 28], [4, 3, 100], [2, 3, 5, 17], [6, 300], [3, 1, 40], [2, 33, 3],
            // Transposed reads walk across rows.
            [40, 100],
            // The last axis is too short for vectors.
            [200, 3], [5, 70, 2],
        ]
        try OpenCLFixture.compare(extents.flatMap(viewCases), shape)
    }

    private func viewCases(_ extents: [Int]) -> [Case] {
        let rank = extents.count
        let count = extents.reduce(1, *)
        let contiguous = View(contiguous: extents)
        let transposedStrides = Array(View.rowMajorStrides(extents.reversed()).reversed())
        let last = rank - 1
        var broadcast = contiguous
        broadcast.strides[last] = 0
        var outerBroadcast = contiguous
        outerBroadcast.strides[0] = 0
        var flipped = contiguous
        flipped.offset = (extents[last] - 1) * contiguous.strides[last]
        flipped.strides[last] = -contiguous.strides[last]
        let strided = View(shape: extents, strides: contiguous.strides.map { 2 * $0 }, offset: 3)
        // Two indices of every axis are outside the memory where the axis is long enough.
        var padded = contiguous
        padded.valid = extents.map { $0 > 3 ? 1..<($0 - 1) : 0..<$0 }
        padded.offset = -zip(extents, contiguous.strides).reduce(0) { $0 + ($1.0 > 3 ? $1.1 : 0) }
        var paddedBroadcast = padded
        paddedBroadcast.strides[last] = 0
        paddedBroadcast.offset = -zip(extents, paddedBroadcast.strides).reduce(0) { $0 + ($1.0 > 3 ? $1.1 : 0) }
        let views = [
            contiguous, View(shape: extents, strides: transposedStrides), broadcast, outerBroadcast, flipped, strided,
            padded, paddedBroadcast,
        ]
        return [DType.float32, .uint8].map { dtype in
            var body = Expression()
            var sum: Int?
            for (number, view) in views.enumerated() {
                let load = body.append(.load(operand: 0, view: view), type: dtype)
                let value = dtype == .float32 ? load : body.append(.cast(.float32, load), type: .float32)
                let weight = body.append(.constant(.float(Float(number) + 0.5)), type: .float32)
                let part = body.append(.binary(.multiply, value, weight), type: .float32)
                sum = sum.map { body.append(.binary(.add, $0, part), type: .float32) } ?? part
            }
            // Coordinates, and where the padding is.
            let coordinate = body.append(.index(view: contiguous), type: .int32)
            let padding = body.append(
                .index(view: View(shape: extents, strides: padded.strides, offset: 5)), type: .int32)
            let difference = body.append(.binary(.subtract, coordinate, padding), type: .int32)
            let memory =
                dtype == .float32
                ? Slot.noise(count: 2 * count + 8) : Slot(.uint8, (0..<2 * count + 8).map { Double($0 % 251) })
            let step = PointwiseStep(
                shape: extents, body: body, operands: [Operand(slot: 0, offset: 2, dtype: dtype)],
                stores: [
                    Store(value: sum ?? 0, destination: Operand(slot: 1, dtype: .float32), view: contiguous),
                    Store(
                        value: difference, destination: Operand(slot: 2, offset: 1, dtype: .int32),
                        view: View(shape: extents, strides: transposedStrides)),
                ])
            return Case(
                steps: [.pointwise(step)], slots: [memory, .zeros(count: count), .zeros(.int32, count: count + 2)],
                absolute: 2e-6, note: "\(extents) \(dtype)")
        }
    }

    @Test(arguments: Shape.allCases)
    func inPlace(_ shape: Shape) throws {
        // x = x * 2 + y in x's own memory, 64 rows of 100, y broadcast over the rows.
        var body = Expression()
        let whole = View(contiguous: [64, 100])
        let x = body.append(.load(operand: 0, view: whole), type: .float32)
        let y = body.append(.load(operand: 1, view: View(shape: [64, 100], strides: [0, 1])), type: .float32)
        let double = body.append(.binary(.add, x, x), type: .float32)
        let result = body.append(.binary(.add, double, y), type: .float32)
        let step = PointwiseStep(
            shape: [64, 100], body: body,
            operands: [Operand(slot: 0, offset: 8, dtype: .float32), Operand(slot: 1, dtype: .float32)],
            stores: [Store(value: result, destination: Operand(slot: 0, offset: 8, dtype: .float32), view: whole)])
        try OpenCLFixture.compare(
            [.pointwise(step), .pointwise(step)], [.noise(count: 6408), .noise(count: 100, seed: 2)], shape)
    }

    @Test(arguments: Shape.allCases)
    func selectionsAndLogic(_ shape: Shape) throws {
        let count = 77
        let view = View(contiguous: [count])
        var body = Expression()
        let x = body.append(.load(operand: 0, view: view), type: .float32)
        let flag = body.append(.load(operand: 1, view: view), type: .bool)
        let one = body.append(.load(operand: 1, view: View(shape: [count], strides: [0])), type: .bool)
        let zero = body.append(.constant(.float(0)), type: .float32)
        let less = body.append(.binary(.less, x, zero), type: .bool)
        let both = body.append(.binary(.and, less, flag), type: .bool)
        let neither = body.append(.unary(.not, both), type: .bool)
        let negative = body.append(.unary(.negate, x), type: .float32)
        let chosen = body.append(.select(both, negative, x), type: .float32)
        let uniform = body.append(.select(one, negative, x), type: .float32)
        let truth = body.append(.constant(.bool(true)), type: .bool)
        let exclusive = body.append(.binary(.notEqual, flag, truth), type: .bool)
        func store(_ value: Int, _ slot: Int, _ dtype: DType) -> Store {
            Store(value: value, destination: Operand(slot: slot, dtype: dtype), view: view)
        }
        let step = PointwiseStep(
            shape: [count], body: body,
            operands: [Operand(slot: 0, dtype: .float32), Operand(slot: 1, dtype: .bool)],
            stores: [
                store(chosen, 2, .float32), store(neither, 3, .bool), store(uniform, 4, .float32),
                store(exclusive, 5, .bool),
            ])
        try OpenCLFixture.compare(
            [.pointwise(step)],
            [
                .noise(count: count), Slot(.bool, (0..<count).map { Double($0 % 3 == 0 ? 1 : 0) }),
                .zeros(count: count),
                .zeros(.bool, count: count), .zeros(count: count), .zeros(.bool, count: count),
            ], shape)
    }

    @Test(arguments: Shape.allCases, [RandomDistribution.uniform, .normal, .bits])
    func randomNumbers(_ shape: Shape, _ distribution: RandomDistribution) throws {
        let count = 1003
        let dtype: DType = distribution == .bits ? .int32 : .float32
        for (key, offset) in [([0.0, 0.0], 0), ([123.0, -7.0], 4_294_967_200)] {
            var body = Expression()
            let view = View(shape: [count], strides: [1], offset: offset)
            let value = body.append(.random(distribution, operand: 0, stream: 0, view: view), type: dtype)
            let step = PointwiseStep(
                shape: [count], body: body, operands: [Operand(slot: 0, dtype: .int32)],
                stores: [
                    Store(value: value, destination: Operand(slot: 1, dtype: dtype), view: View(contiguous: [count]))
                ])
            let slots = [Slot(.int32, key), Slot.zeros(dtype, count: count)]
            try OpenCLFixture.compare([.pointwise(step)], slots, shape)
            if distribution == .bits && offset == 0 {
                // The first known answer of the method's authors.
                let results = try OpenCLFixture.run([.pointwise(step)], slots, on: OpenCLFixture.device(shape))
                #expect(results[1][0] == Double(Int32(bitPattern: 0x6627_e8d5)))
            }
        }
    }

    @Test(arguments: Shape.allCases)
    func emptySpacesLaunchNothing(_ shape: Shape) throws {
        let device = try OpenCLFixture.device(shape)
        let step = PointwiseStep.map(count: 0, from: .float32, to: .float32) { .unary(.exp, $0) }
        #expect(try device.prepare([step]).launches == 0)
    }

    @Test(arguments: Shape.allCases)
    func equalKernelsOfDifferentSizesAreShared(_ shape: Shape) throws {
        // Launches stay apart; results are right for both sizes.
        for count in [1000, 5003] {
            let step = PointwiseStep.map(count: count, from: .float32, to: .float32) { .unary(.tanh, $0) }
            try OpenCLFixture.compare([step], [.noise(count: count), .zeros(count: count)], shape)
        }
    }

    @Test(arguments: Shape.allCases)
    func manyOperandsAreTakenAsLiterals(_ shape: Shape) throws {
        // So many numbers and buffers that they would not fit as parameters.
        let extents = [2, 3, 4, 5]
        var body = Expression()
        var sum = body.append(.constant(.float(0)), type: .float32)
        for number in 0..<40 {
            let view = View(shape: extents, strides: [number + 60, number + 20, number + 5, 2], offset: number)
            let load = body.append(.load(operand: number, view: view), type: .float32)
            sum = body.append(.binary(.add, sum, load), type: .float32)
        }
        let step = PointwiseStep(
            shape: extents, body: body,
            operands: (0..<40).map { Operand(slot: $0, offset: $0, dtype: .float32) },
            stores: [
                Store(value: sum, destination: Operand(slot: 40, dtype: .float32), view: View(contiguous: extents))
            ])
        try OpenCLFixture.compare(
            [.pointwise(step)], (0..<40).map { .noise(count: 600, seed: $0 + 1) } + [.zeros(count: 120)], shape,
            absolute: 1e-5)
    }
}

extension PointwiseStep {
    /// A function of one argument over contiguous memory, from slot 0 to slot 1.
    static func map(
        count: Int, from: DType, to: DType, _ function: (Int) -> Expression.Instruction
    ) -> Step {
        let view = View(contiguous: [count])
        var body = Expression()
        let x = body.append(.load(operand: 0, view: view), type: from)
        let y = body.append(function(x), type: to)
        return .pointwise(
            PointwiseStep(
                shape: [count], body: body, operands: [Operand(slot: 0, dtype: from)],
                stores: [Store(value: y, destination: Operand(slot: 1, dtype: to), view: view)]))
    }
}
