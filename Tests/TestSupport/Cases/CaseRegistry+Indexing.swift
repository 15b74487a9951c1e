import Compute
import Tensors

extension CaseRegistry {
    /// Gathers and scatters; the indices lie partly outside the table.
    public static let indexing: [OperationCase] = [
        OperationCase("gathered", [.floats([7, 5]), .integers([11], 0...6)], .exact) { try $0[0].gathered($0[1]) },
        OperationCase("gathered outside the table", [.floats([4, 3]), .integers([40], -3...6)], .exact) {
            try $0[0].gathered($0[1])
        },
        OperationCase("gathered scalars", [.floats([9]), .integers([2, 3], 0...8)], .exact) {
            try $0[0].gathered($0[1])
        },
        OperationCase("gathered images", [.floats([5, 2, 3]), .integers([2, 4], 0...4)], .exact) {
            try $0[0].gathered($0[1])
        },
        OperationCase(
            "gathered of each type", [.integers([6, 3]), .bytes([6, 3]), .bools([6, 3]), .integers([8], -1...6)],
            .exact,
            derivatives: .none, several: { leaves in try leaves.prefix(3).map { try $0.gathered(leaves[3]) } }),
        OperationCase("gathered of computed values", [.floats([6, 4]), .integers([9], 0...5)], .function) {
            try $0[0].exp().gathered($0[1] + 0).sin()
        },
        OperationCase("gathered of a transpose", [.floats([4, 6]), .integers([9], 0...5)], .exact) {
            try $0[0].transposed().gathered($0[1])
        },
        OperationCase("gathered by computed indices", [.floats([10, 3]), .integers([5], 0...4)], .exact) {
            try $0[0].gathered($0[1] * 2 + 1)
        },
        OperationCase("gathered by a one-element index", [.floats([10, 3]), .integers([], 3...3)], .exact) {
            try $0[0].gathered($0[1])
        },
        OperationCase("embedding of bytes", [.floats([256, 4]), .bytes([3, 5])], .exact) {
            try $0[0].gathered($0[1].cast(to: .int32))
        },
        OperationCase("scatterAdded", [.floats([30, 4]), .integers([30], 0...5)], .sum) {
            try $0[0].scatterAdded($0[1], rows: 7)
        },
        OperationCase("scatterAdded outside the table", [.floats([30, 4]), .integers([30], -2...5)], .sum) {
            try $0[0].scatterAdded($0[1], rows: 4)
        },
        OperationCase("scatterAdded of two axes", [.floats([3, 4, 2, 2]), .integers([3, 4], 0...3)], .sum) {
            try $0[0].square().scatterAdded($0[1], rows: 4) + 1
        },
        OperationCase(
            "scatterAdded many to few", [.floats([1000, 3]), .integers([1000], 0...1)], .sum, derivatives: .first
        ) {
            try $0[0].scatterAdded($0[1], rows: 2)
        },
        OperationCase("scatterAdded of nothing", [.floats([0, 3]), .integers([0])], .exact, derivatives: .first) {
            try $0[0].scatterAdded($0[1], rows: 2)
        },
        OperationCase("there and back", [.floats([6, 3]), .integers([20], 0...5)], .sum) {
            try $0[0].tanh().gathered($0[1]).square().scatterAdded($0[1], rows: 6)
        },
    ]

    /// Random draws. Uniform numbers and bits have to agree exactly, through any movement.
    public static let random: [OperationCase] = [
        OperationCase(
            "uniform", [], .exact, derivatives: .none,
            several: { _ in
                var source = try RandomSource(seed: 0x1234_5678_9ABC_DEF0)
                return [try source.uniform([1000]), try source.uniform([3, 7]), try source.uniform([])]
            }),
        OperationCase(
            "normal", [], .init(relative: 1e-5, normwise: 1e-6), derivatives: .none,
            several: { _ in
                var source = try RandomSource(seed: 77)
                return [try source.normal([2000]), try source.normal([5, 3])]
            }),
        OperationCase("bits", [.integers([2], -1000...1000)], .exact, derivatives: .none) {
            var source = try RandomSource(key: $0[0], firstStream: 9)
            return try source.bits([513])
        },
        OperationCase(
            "draws through movement", [], .exact, derivatives: .none,
            several: { _ in
                var source = try RandomSource(seed: 5)
                let draw = try source.uniform([6, 8])
                return [
                    try draw.transposed(), try draw.sliced(1..<7, axis: 1, step: 2), try draw.flipped([0]),
                    try draw.reshaped([3, 16]).transposed().reshaped([4, 12]),
                    try draw.padded(before: [1, 0], after: [0, 1]),
                    try draw.sliced(2..<3, axis: 0).broadcast(to: [4, 8]), draw,
                ]
            }),
        OperationCase(
            "draws keyed by a part of a buffer", [.integers([6], 0...99)], .exact, derivatives: .none,
            several: {
                var first = try RandomSource(key: $0[0].sliced(2..<4, axis: 0))
                var second = try RandomSource(key: $0[0].sliced(4..<6, axis: 0))
                return [try first.uniform([40]) + second.uniform([40]), try first.bits([3])]
            }),
        OperationCase("draws keyed by computed words", [.integers([2], 0...99)], .exact, derivatives: .none) {
            var source = try RandomSource(key: $0[0] * 3 + 1)
            return try source.bits([50])
        },
        OperationCase("dropout", [.floats([9, 11])], .composed) {
            var source = try RandomSource(seed: 3)
            return try Tensor.select(source.uniform([9, 11]).less(0.3), 0, $0[0].sin() / 0.7)
        },
        OperationCase("reparameterised sample", [.floats([6, 5]), .floats([6, 5])], .composed) {
            var source = try RandomSource(seed: 8)
            return try $0[0] + ($0[1] * 0.5).exp() * source.normal([6, 5])
        },
    ]
}
