import Compute
import Tensors

extension CaseRegistry {
    /// Each movement operation, of a leaf.
    public static let movement: [OperationCase] = [
        moves("reshaped", [4, 6]) { try $0.reshaped([3, -1, 2]) },
        moves("reshaped to a scalar and back", [1, 1]) { try $0.reshaped([]).reshaped([1]) },
        moves("permuted", [2, 3, 4]) { try $0.permuted([2, 0, 1]) },
        moves("transposed", [37, 21]) { try $0.transposed() },
        moves("transposed, large", [130, 270]) { try $0.transposed() },
        moves("transposed outer axes", [3, 4, 5, 2]) { try $0.transposed(0, 2) },
        moves("reshaped after transposed", [6, 4]) { try $0.transposed().reshaped([3, 8]) },
        moves("flattened after permuted", [3, 4, 5]) { try $0.permuted([2, 1, 0]).flattened() },
        moves("broadcast", [3, 1, 2]) { try $0.broadcast(to: [4, 3, 5, 2]) },
        moves("broadcast of a scalar", []) { try $0.broadcast(to: [3, 5]) },
        moves("reshaped after broadcast", [3, 1]) { try $0.broadcast(to: [3, 4]).reshaped([12]) },
        moves("sliced", [7, 9]) { try $0.sliced(2..<6, axis: 0).sliced(1..<9, axis: 1) },
        moves("sliced with steps", [7, 9]) { try $0.sliced(1..<7, axis: 0, step: 2).sliced(0..<9, axis: 1, step: 4) },
        moves("sliced with a step beyond the end", [5]) { try $0.sliced(3..<5, axis: 0, step: 7) },
        moves("sliced with steps, unfinished", [11]) { try $0.sliced(0..<8, axis: 0, step: 3) },
        moves("sliced twice with steps", [24]) {
            try $0.sliced(1..<23, axis: 0, step: 2).sliced(2..<11, axis: 0, step: 3)
        },
        moves("padded", [3, 4]) { try $0.padded(before: [1, 0], after: [2, 3]) },
        moves("padded twice", [3, 4]) {
            try $0.padded(before: [1, 2], after: [0, 1]).padded(before: [2, 0], after: [1, 1])
        },
        moves("sliced after padded", [4, 4]) {
            try $0.padded(before: [2, 2], after: [2, 2]).sliced(1..<7, axis: 0, step: 2).sliced(3..<8, axis: 1)
        },
        moves("reshaped after padded", [2, 3, 4]) {
            try $0.padded(before: [0, 1, 0], after: [0, 0, 0]).reshaped([2, 16])
        },
        moves("broadcast after padded", [1, 3]) {
            try $0.padded(before: [0, 1], after: [0, 1]).broadcast(to: [4, 5])
        },
        moves("flipped after padded", [3, 4]) { try $0.padded(before: [1, 0], after: [0, 2]).flipped([0, 1]) },
        moves("flipped", [3, 4, 5]) { try $0.flipped([0, 2]) },
        moves("flipped after transposed", [3, 4]) { try $0.transposed().flipped([0]) },
        moves("pixel shuffle", [2, 3, 4, 8]) {
            try $0.reshaped([2, 3, 4, 2, 2, 2]).permuted([0, 1, 3, 2, 4, 5]).reshaped([2, 6, 8, 2])
        },
        joins("concatenated along the first axis", [[2, 3], [4, 3], [1, 3]]) { try Tensor.concatenate($0) },
        joins("concatenated along the last axis", [[2, 3], [2, 1], [2, 5]]) { try Tensor.concatenate($0, axis: -1) },
        joins("concatenated along a middle axis", [[2, 3, 4], [2, 2, 4]]) { try Tensor.concatenate($0, axis: 1) },
        joins("concatenated with empty parts", [[0, 3], [2, 3], [0, 3]]) { try Tensor.concatenate($0) },
        joins("stacked first", [[2, 3], [2, 3]]) { try Tensor.stack($0) },
        joins("stacked last", [[2, 3], [2, 3], [2, 3]]) { try Tensor.stack($0, axis: -1) },
        joins("concatenated with itself", [[2, 3]]) { try Tensor.concatenate([$0[0], $0[0], $0[0].flipped([1])]) },
        OperationCase("split", [.floats([3, 9])], .exact, several: { try $0[0].split([2, 3, 4], axis: 1) }),
        OperationCase(
            "split along the first axis", [.floats([9, 2])], .exact, several: { try $0[0].split([2, 0, 7], axis: 0) }),
        OperationCase(
            "movement of each type", [.integers([3, 4]), .bytes([3, 4]), .bools([3, 4])], .exact, derivatives: .none,
            several: { leaves in
                try leaves.flatMap {
                    [
                        try $0.transposed(), try $0.padded(before: [1, 1], after: [0, 2]), try $0.flipped([1]),
                        try Tensor.concatenate([$0, $0], axis: 1), try $0.sliced(0..<4, axis: 1, step: 3),
                    ]
                }
            }),
    ]

    /// Movement of values that are themselves computed, and arithmetic on what has been moved.
    public static let movementChains: [OperationCase] = [
        OperationCase(
            "slices that make up an axis, overlap, repeat and leave gaps",
            [.floats([5, 8]), .floats([5, 8]), .floats([5, 8])], .function,
            several: {
                let (whole, doubled, gaps) = (try $0[0].tanh(), try $0[1].sin(), try $0[2].sigmoid())
                let (columns, rows) = (try whole.split([3, 0, 5], axis: 1), try whole.split([4, 1], axis: 0))
                return [
                    try columns[0].exp(), try columns[2].square(), try whole.sliced(0..<3, axis: 1) * 0.5,
                    try rows[0].sin(), try rows[1].exp(), whole,
                    try doubled.sliced(0..<5, axis: 1).square(), try doubled.sliced(3..<8, axis: 1).exp(),
                    try gaps.sliced(1..<3, axis: 1).square(), try gaps.sliced(3..<8, axis: 1).exp(),
                    try gaps.sliced(2..<4, axis: 0).sliced(0..<4, axis: 1, step: 3),
                ]
            }),
        OperationCase("transposed exponential", [.floats([13, 17])], .function) { try $0[0].exp().transposed() },
        OperationCase("sum with own transpose", [.floats([15, 15])], .function) {
            try $0[0].sin() + $0[0].sin().transposed()
        },
        OperationCase("padded sigmoid", [.floats([5, 6])], .function) {
            try $0[0].sigmoid().padded(before: [1, 1], after: [2, 0]) + 1
        },
        OperationCase("padded constant", [.floats([4, 6])], .rounding) {
            try $0[0] + Tensor.ones([2, 6]).padded(before: [1, 0], after: [1, 0])
        },
        OperationCase("shift and add", [.floats([4, 10])], .composed) { x in
            let y = try x[0].tanh()
            let shifted = try y.sliced(0..<9, axis: 1).padded(before: [0, 1], after: [0, 0])
            return try y * 0.5 + shifted * y
        },
        OperationCase("differences of neighbours", [.floats([6, 21])], .composed) {
            try ($0[0].sliced(1..<21, axis: 1) - $0[0].sliced(0..<20, axis: 1)).square()
        },
        OperationCase("even and odd", [.floats([8, 10])], .composed) {
            let even = try $0[0].exp().sliced(0..<10, axis: 1, step: 2)
            let odd = try $0[0].exp().sliced(1..<10, axis: 1, step: 2)
            return try Tensor.stack([even + odd, even - odd], axis: 2).reshaped([8, 10])
        },
        OperationCase("concatenation of computed parts", [.floats([3, 4]), .floats([2, 4])], .function) {
            try Tensor.concatenate([$0[0].exp(), $0[1].tanh(), $0[0] * 2])
        },
        OperationCase("concatenation of parts used again", [.floats([3, 4]), .floats([3, 2])], .composed) {
            let a = try $0[0].exp()
            return try Tensor.concatenate([a, $0[1], a.sin()], axis: 1) * 2 + a.sum()
        },
        OperationCase("nested concatenation", [.floats([2, 3]), .floats([1, 3])], .function) {
            let inner = try Tensor.concatenate([$0[0].exp(), $0[1]])
            return try Tensor.concatenate([inner, inner.sin(), $0[1].cos()])
        },
        OperationCase("slice of a concatenation", [.floats([4, 3]), .floats([4, 5])], .composed) {
            let joined = try Tensor.concatenate([$0[0].tanh(), $0[1].exp()], axis: 1)
            return try joined.sliced(1..<7, axis: 1, step: 2) * joined.sliced(0..<3, axis: 1)
        },
        OperationCase("unviewable reshape of computed values", [.floats([6, 8])], .composed) {
            try ($0[0].exp().transposed().reshaped([6, 8]) + $0[0]).transposed().reshaped([4, 12]).sin()
        },
        OperationCase("broadcast of a computed row", [.floats([7]), .floats([5, 7])], .composed) {
            try $0[0].exp().tanh().broadcast(to: [5, 7]) * $0[1]
        },
        OperationCase("nested flips", [.floats([6, 6])], .composed, gradientTolerance: .secondGradient) {
            var x = try $0[0].sin()
            for axis in [0, 1, 0, 1, 0] { x = try (x + x.flipped([axis]) * 0.5).sin() }
            return x
        },
        OperationCase("space to depth and back", [.floats([2, 4, 6, 3])], .function) {
            let deep = try $0[0].tanh().reshaped([2, 2, 2, 3, 2, 3]).permuted([0, 1, 3, 2, 4, 5]).reshaped([
                2, 2, 3, 12,
            ])
            return try deep.exp().reshaped([2, 2, 3, 2, 2, 3]).permuted([0, 1, 3, 2, 4, 5]).reshaped([2, 4, 6, 3])
        },
    ]

    private static func moves(
        _ name: String, _ shape: [Int], _ build: @escaping @Sendable (Tensor) throws -> Tensor
    ) -> OperationCase {
        OperationCase(name, [.floats(shape)], .exact) { try build($0[0]) }
    }

    private static func joins(
        _ name: String, _ shapes: [[Int]], _ build: @escaping @Sendable ([Tensor]) throws -> Tensor
    ) -> OperationCase {
        OperationCase(name, shapes.map { .floats($0) }, .exact, build)
    }
}
