import Compute
import Tensors

extension CaseRegistry {
    static let special: [Float] = [
        0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, 1e-7, -1e-7, 1e-20, 1e-30, 15, -15, 30, -30, 87, -87, 100, -100, 1e10,
        -1e10, 1e30, .greatestFiniteMagnitude, .infinity, -.infinity, .nan,
    ]

    /// Each operation of one argument: over its smooth range with derivatives, and at special values.
    public static let unary: [OperationCase] = UnaryOperation.allCases.flatMap { operation -> [OperationCase] in
        let name = "\(operation)"
        func smooth(
            _ range: ClosedRange<Float>, _ tolerance: Tolerance, avoiding kinks: [Float] = [],
            derivatives: OperationCase.Derivatives = .second
        ) -> [OperationCase] {
            let inputs = InputSpec.floats([3, 37], range, avoiding: kinks)
            return [
                OperationCase(name, [inputs], tolerance, derivatives: derivatives) { try applied(operation, $0[0]) },
                OperationCase(
                    "\(name) of special values", [.listed(special)], Tolerance(relative: tolerance.relative),
                    derivatives: .none
                ) { try applied(operation, $0[0]) },
            ]
        }
        func whole() -> OperationCase {
            OperationCase("\(name) of Int32", [.integers([41])], .exact, derivatives: .none) {
                try applied(operation, $0[0])
            }
        }
        let wholes = (-5...5).map { Float($0) }
        switch operation {
        case .negate: return smooth(-2...2, .exact) + [whole()]
        case .absolute, .sign: return smooth(-2...2, .exact, avoiding: [0]) + [whole()]
        case .exp: return smooth(-3...3, .function)
        case .log, .rsqrt, .sqrt: return smooth(0.2...4, .function)
        case .log1p: return smooth(-0.6...4, .function)
        case .reciprocal: return smooth(-3...3, .function, avoiding: [0, 0.1, -0.1, 0.2, -0.2, 0.3, -0.3])
        case .expm1, .tanh, .sigmoid, .softplus, .erf: return smooth(-3...3, .function)
        case .sin, .cos:
            return [
                OperationCase(name, [.floats([3, 37], -7...7)], .function) { try applied(operation, $0[0]) },
                OperationCase(
                    "\(name) of special values",
                    [.listed([0, -0.0, 1e-7, 3.1415927, 100, -1000, 30000, .infinity, -.infinity, .nan])],
                    .init(relative: 2e-6, normwise: 2e-6), derivatives: .none
                ) { try applied(operation, $0[0]) },
            ]
        case .floor: return smooth(-4...4, .exact, avoiding: wholes)
        case .round:
            let halves = OperationCase(
                "round of halves", [.listed([0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 8_388_609, 4_194_303.5])], .exact,
                derivatives: .none
            ) { try $0[0].round() }
            return smooth(-4...4, .exact, avoiding: wholes.map { $0 + 0.5 }) + [halves]
        case .not:
            return [OperationCase("not", [.bools([29])], .exact, derivatives: .none) { try $0[0].not() }]
        }
    }

    /// The public spelling of an operation.
    public static func applied(_ operation: UnaryOperation, _ x: Tensor) throws -> Tensor {
        switch operation {
        case .negate: try -x
        case .absolute: try x.absolute()
        case .sign: try x.sign()
        case .exp: try x.exp()
        case .log: try x.log()
        case .log1p: try x.log1p()
        case .expm1: try x.expm1()
        case .sqrt: try x.sqrt()
        case .rsqrt: try x.rsqrt()
        case .reciprocal: try x.reciprocal()
        case .sin: try x.sin()
        case .cos: try x.cos()
        case .tanh: try x.tanh()
        case .sigmoid: try x.sigmoid()
        case .softplus: try x.softplus()
        case .erf: try x.erf()
        case .floor: try x.floor()
        case .round: try x.round()
        case .not: try x.not()
        }
    }

    /// The public spelling of an operation.
    public static func applied(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) throws -> Tensor {
        switch operation {
        case .add: try a + b
        case .subtract: try a - b
        case .multiply: try a * b
        case .divide: try a / b
        case .remainder: try a % b
        case .maximum: try a.maximum(b)
        case .minimum: try a.minimum(b)
        case .power: try a.power(b)
        case .equal: try a.equal(b)
        case .notEqual: try a.notEqual(b)
        case .less: try a.less(b)
        case .lessOrEqual: try a.lessOrEqual(b)
        case .and: try a.and(b)
        case .or: try a.or(b)
        }
    }

    /// Each operation of two arguments: Float32 with derivatives, every pair of special values, and each other type.
    public static let binary: [OperationCase] = BinaryOperation.allCases.flatMap { operation -> [OperationCase] in
        let name = "\(operation)"
        let run: @Sendable ([Tensor]) throws -> Tensor = { try applied(operation, $0[0], $0[1]) }
        let values: [Float] = [0, -0.0, 1, -1, 0.5, -2.5, 3, 7, 1e-20, 1e20, .infinity, -.infinity, .nan]
        let pairs: [InputSpec] = [
            .listed(values.flatMap { [Float](repeating: $0, count: values.count) }),
            .listed((0..<values.count).flatMap { _ in values }),
        ]
        let integers: [InputSpec] = [.integers([200], -9...9), .integers([200], -4...4)]
        let bytes: [InputSpec] = [.bytes([200], 0...255), .bytes([200], 0...7)]
        func plain(_ type: String, _ inputs: [InputSpec]) -> OperationCase {
            OperationCase("\(name) of \(type)", inputs, .exact, derivatives: .none, run)
        }
        func atSpecialValues(_ tolerance: Tolerance) -> OperationCase {
            OperationCase("\(name) of special values", pairs, tolerance, derivatives: .none, run)
        }
        switch operation {
        case .add, .subtract, .multiply:
            return [
                OperationCase(name, [.floats([5, 23]), .floats([5, 23])], .rounding, run),
                plain("Int32", integers), plain("UInt8", bytes), atSpecialValues(.rounding),
            ]
        case .divide:
            return [
                OperationCase(name, [.floats([5, 23]), .floats([5, 23], 0.5...2)], .rounding, run),
                plain("Int32", integers), plain("UInt8", bytes), atSpecialValues(.rounding),
            ]
        case .remainder:
            // Quotients of 1.2 to 1.9: away from the jumps. The second derivatives are zero.
            return [
                OperationCase(
                    name, [.floats([5, 23], 2.4...2.8), .floats([5, 23], 1.5...2)], .rounding, derivatives: .first, run),
                plain("Int32", integers), plain("UInt8", bytes),
                OperationCase(
                    "remainder of special values",
                    [.listed([5, -5, 5, -5, 7.5, 0, 1]), .listed([3, 3, -3, -3, 2.5, 3, 0])],
                    .exact, derivatives: .none, run),
            ]
        case .maximum, .minimum:
            return [
                OperationCase(name, [.spaced([5, 23], gap: 0.1), .floats([5, 23], 0.02...0.08)], .exact, run),
                plain("Int32", integers), plain("UInt8", bytes), atSpecialValues(.exact),
            ]
        case .power:
            return [
                OperationCase(name, [.floats([5, 23], 0.3...2), .floats([5, 23])], .function, run),
                OperationCase(
                    "power of whole exponents", [.floats([4, 9]), .listed([0, 1, 2, 3])], .function, derivatives: .none
                ) { try $0[0].power($0[1].reshaped([4, 1])) },
                OperationCase("power of constant exponents", [.floats([4, 9], 0.3...2)], .composed) {
                    try $0[0].power(2) + $0[0].power(3) + $0[0].power(Tensor(-1.5)) + $0[0].power(0)
                },
                OperationCase(
                    "power of special values",
                    [.listed([0, 2, -2, -2, 1, .infinity, .infinity, 0]), .listed([0, 0, 3, 0.5, 100, -1, 2, 2])],
                    .function, derivatives: .none, run),
            ]
        case .equal, .notEqual:
            let truths: [InputSpec] = [.bools([50]), .bools([50])]
            return [plain("Int32", integers), plain("UInt8", bytes), plain("Bool", truths), atSpecialValues(.exact)]
        case .less, .lessOrEqual:
            return [plain("Int32", integers), plain("UInt8", bytes), atSpecialValues(.exact)]
        case .and, .or:
            return [plain("Bool", [.bools([50]), .bools([50])])]
        }
    }

    /// Shapes that meet in every way they can.
    public static let broadcasting: [OperationCase] = [
        ([4, 5], []), ([], [4, 5]), ([4, 5], [5]), ([4, 5], [4, 1]), ([4, 1], [1, 5]), ([5], [4, 1]),
        ([2, 3, 4], [3, 1]),
        ([2, 1, 4], [1, 3, 1]), ([1], [7]), ([1, 1], [3, 1]), ([33, 1], [1, 65]), ([2, 1, 3, 1], [4, 1, 5]), ([], []),
    ].map { a, b in
        OperationCase("broadcast \(a) with \(b)", [.floats(a), .floats(b, 0.5...2)], .composed) {
            try $0[0] * $0[1] + $0[0] / $0[1]
        }
    }

    /// Casts, selection, and what mixes types.
    public static let typed: [OperationCase] =
        DType.allCases.flatMap { source in
            DType.allCases.filter { $0 != source }.map { target in
                OperationCase("cast \(source) to \(target)", [any(source, 61)], .exact, derivatives: .none) {
                    $0[0].cast(to: target)
                }
            }
        } + [
            OperationCase(
                "cast of special values to integers",
                [.listed([0.9, -0.9, 1e9, 3e9, -3e9, 255.9, 256, -1, 300, .infinity, -.infinity, .nan])], .exact,
                derivatives: .none,
                several: { [$0[0].cast(to: .int32), $0[0].cast(to: .uint8), $0[0].cast(to: .bool)] }),
            OperationCase(
                "select", [.bools([4, 7]), .floats([4, 7]), .floats([4, 7])], .exact
            ) { try Tensor.select($0[0], $0[1], $0[2]) },
            OperationCase(
                "select, broadcast", [.bools([4, 1]), .floats([7]), .floats([])], .exact
            ) { try Tensor.select($0[0], $0[1], $0[2]) },
            OperationCase(
                "select of each type", [.bools([9]), .integers([9]), .bytes([9]), .bools([9])], .exact,
                derivatives: .none,
                several: {
                    [
                        try Tensor.select($0[0], $0[1], Tensor(Int32(3))), try Tensor.select($0[0], $0[2], $0[2]),
                        try Tensor.select($0[0], $0[3], $0[0].not()),
                    ]
                }),
            OperationCase("gates by comparison", [.spaced([30], gap: 0.1), .floats([30], 0.02...0.08)], .rounding) {
                try $0[0].less($0[1]).cast(to: .float32) * $0[0] + $0[0].greaterOrEqual($0[1]).cast(to: .float32)
                    * $0[1]
            },
            OperationCase("clamped", [.floats([40], avoiding: [-1, 0.5])], .exact) { try $0[0].clamped(-1, 0.5) },
            OperationCase("stopped gradient", [.floats([8])], .rounding, derivatives: .none) {
                try $0[0] * $0[0].stoppedGradient()
            },
            OperationCase(
                "integer literals", [.integers([12], -5...5), .bytes([12])], .exact, derivatives: .none,
                several: { [try $0[0] * 3 - 1, try 7 - $0[0], try $0[1] + 250, try $0[0].equal(2)] }),
            OperationCase("Int32 arithmetic wraps", [.integers([16], 50000...60000)], .exact, derivatives: .none) {
                try $0[0] * $0[0] + Tensor(Int32.max)
            },
        ]

    private static func any(_ dtype: DType, _ count: Int) -> InputSpec {
        switch dtype {
        case .float32: .floats([count], -300...300)
        case .int32: .integers([count], -300...300)
        case .uint8: .bytes([count])
        case .bool: .bools([count])
        }
    }

    public static let creation: [OperationCase] = [
        OperationCase(
            "coordinates", [], .exact, derivatives: .none,
            several: { _ in
                [
                    try Tensor.coordinates([3, 4, 5], axis: 1), try Tensor.coordinates([3, 4, 5], axis: -1),
                    try Tensor.arange(17), try Tensor.arange(6).reshaped([2, 3]).transposed(),
                    try Tensor.coordinates([4, 6], axis: 1).sliced(1..<6, axis: 1, step: 2).flipped([0, 1]),
                ]
            }),
        OperationCase(
            "constants", [.floats([3])], .exact, derivatives: .none,
            several: {
                [
                    try Tensor.zeros([2, 3]), try Tensor.ones([4]), try Tensor.full([2, 2], -0.75), Tensor(3.5),
                    Tensor(Int32(-7)), $0[0], try Tensor.zeros([2, 0]), Tensor(Float.infinity),
                ]
            }),
        OperationCase("positions as values", [.floats([5, 6])], .rounding) {
            try $0[0] * Tensor.coordinates([5, 6], axis: 0).cast(to: .float32)
                + Tensor.coordinates([5, 6], axis: 1).cast(to: .float32)
        },
        OperationCase(
            "empty tensors", [.floats([0, 3]), .floats([4, 0]), .floats([3])], .exact, derivatives: .second,
            several: {
                [
                    try $0[0] * 2 + $0[2], try $0[0].sum([0]), try $0[1].sum([1]), try $0[1].matmul($0[0]),
                    try $0[0].exp().sum(), try Tensor.concatenate([$0[0], $0[2].reshaped([1, 3])]),
                    try $0[1].sliced(1..<3, axis: 0).transposed(), try $0[2].sliced(2..<2, axis: 0).exp(),
                    try $0[1].padded(before: [0, 1], after: [1, 1]), try $0[0].matmul($0[2].reshaped([3, 1])),
                ]
            }),
        OperationCase(
            "empty reductions of each kind", [.floats([3, 0]), .integers([3, 0])], .exact, derivatives: .none,
            several: {
                [
                    try $0[0].maximum(over: [1]), try $0[1].maximum(over: [1]), try $0[1].sum([1]),
                    try $0[0].exp().sum([1]) + 1,
                ]
            }),
    ]
}
