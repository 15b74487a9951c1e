import Compute
import Tensors

extension CaseRegistry {
    private static let patterns4: [[Int]] = [
        [0], [1], [2], [3], [0, 1], [2, 3], [0, 2], [1, 3], [0, 1, 2], [0, 3], [0, 1, 2, 3],
    ]

    public static let reductions: [OperationCase] =
        patterns4.flatMap { axes in
            [
                OperationCase("sum over \(axes)", [.floats([3, 5, 2, 7])], .sum) { try $0[0].square().sum(axes) },
                OperationCase("maximum over \(axes)", [.spaced([3, 5, 2, 7])], .exact) {
                    try $0[0].maximum(over: axes, keepingDimensions: true)
                },
            ]
        } + [
            sums("a scalar", [], nil), sums("extents of one", [1, 4, 1], [0, 2]), sums("one element", [1, 1], nil),
            sums("odd extents, first axis", [33, 17], [0]), sums("odd extents, last axis", [17, 33], [1]),
            sums("a column of 1000", [1000, 3], [0]), sums("rows of 1000", [3, 1000], [1]),
            sums("wide first axis", [5, 1030], [0]), sums("bias of images", [4, 6, 6, 5], [0, 1, 2]),
            sums("middle axis, large", [4, 130, 37], [1]), sums("negative axis", [4, 5], [-1]),
            OperationCase("sum of 100,000", [.floats([100_003], 0...1)], .sum, derivatives: .first) { try $0[0].sum() },
            OperationCase("sum of 100,000, first axis", [.floats([25_001, 4], 0...1)], .sum, derivatives: .first) {
                try $0[0].sum([0])
            },
            OperationCase("maximum of 100,000", [.floats([100_003])], .exact, derivatives: .none) {
                try $0[0].maximum()
            },
            OperationCase("sum of a transpose", [.floats([23, 41])], .sum) { try $0[0].square().transposed().sum([0]) },
            OperationCase("sum of slices", [.floats([9, 14])], .sum) {
                try $0[0].sliced(1..<14, axis: 1, step: 3).sum([0]) + $0[0].padded(before: [0, 1], after: [0, 0]).sum()
                    * 0.1
            },
            OperationCase("minimum over an axis", [.spaced([6, 7])], .exact) { try $0[0].minimum(over: [0]) },
            OperationCase("mean", [.floats([6, 7])], .sum) { try $0[0].square().mean([1]) * $0[0].exp().mean() },
            OperationCase("variance", [.floats([5, 19], 1...3)], .composed) { try $0[0].variance([1]) },
            OperationCase("variance over several axes", [.floats([4, 3, 5, 6])], .composed) {
                try $0[0].variance([0, 1, 2], keepingDimensions: true)
            },
            OperationCase(
                "Int32 reductions", [.integers([5, 31])], .exact, derivatives: .none,
                several: {
                    [try $0[0].sum([1]), try $0[0].maximum(over: [0]), try $0[0].sum(), try $0[0].minimum(over: [1])]
                }),
            OperationCase("maximum with ties", [.integers([6, 30], 0...3)], .exact, derivatives: .none) {
                let x = $0[0].cast(to: .float32)
                return try gradients(of: x.maximum(over: [1]).sum(), withRespectTo: [x])[0]
            },
            OperationCase(
                "reductions of infinities", [.listed([.infinity, 1, -.infinity, 2, 3, -.infinity])], .exact,
                derivatives: .none,
                several: {
                    let x = try $0[0].reshaped([3, 2])
                    return [try x.sum([1]), try x.maximum(over: [1]), try x.maximum(over: [0]), try x.minimum()]
                }),
            OperationCase(
                "argmax", [.spaced([7, 29])], .exact, derivatives: .none,
                several: { [try $0[0].argmax(), try $0[0].argmax(axis: 0), try $0[0].reshaped([7 * 29]).argmax()] }),
            OperationCase("argmax finds the first", [.integers([9, 40], 0...2)], .exact, derivatives: .none) {
                try $0[0].cast(to: .float32).argmax(axis: 1)
            },
            OperationCase("reduction with epilogue", [.floats([9, 33]), .floats([9])], .composed) {
                try ($0[0].square().sum([1]) * 0.1 + $0[1]).sqrt().clamped(-1, 100)
            },
            OperationCase(
                "reduction with an epilogue over kept axes", [.floats([4, 7, 5]), .floats([4, 1, 5])], .composed
            ) {
                try ($0[0] * $0[1]).sum([1], keepingDimensions: true).tanh() * $0[1]
            },
            OperationCase("reduction of a reduction", [.floats([4, 7, 5])], .composed) {
                try $0[0].exp().sum([1]).log().sum([1])
            },
            OperationCase("two reductions of one input", [.floats([6, 50])], .composed) {
                try $0[0].sum([1]) * $0[0].square().sum([1])
            },
            OperationCase("weighted sum over a broadcast", [.floats([6, 1]), .floats([1, 9])], .composed) {
                try ($0[0] * $0[1]).sin().sum([0])
            },
            OperationCase("cumulative sum by a mask", [.floats([12])], .sum) {
                let earlier = try Tensor.coordinates([12, 12], axis: 1).lessOrEqual(
                    Tensor.coordinates([12, 12], axis: 0))
                return try Tensor.select(earlier, $0[0].reshaped([1, 12]), 0).sum([1])
            },
        ]

    public static let normalizations: [OperationCase] = [
        OperationCase("softmax", [.floats([7, 19], -4...4)], .composed) { try $0[0].softmax() },
        OperationCase("softmax of many rows", [.floats([5, 9, 35], -4...4)], .composed) { try $0[0].softmax() },
        OperationCase("softmax over the first axis", [.floats([11, 6], -4...4)], .composed) {
            try $0[0].softmax(axis: 0)
        },
        OperationCase("softmax over a middle axis", [.floats([3, 8, 5], -4...4)], .composed) {
            try $0[0].softmax(axis: 1)
        },
        OperationCase("softmax of long rows", [.floats([5, 1200], -4...4)], .composed) { try $0[0].softmax() },
        OperationCase(
            "softmax of large values", [.listed([1000, 999, -1000, 0, 88, -88])], .composed, derivatives: .none
        ) {
            try $0[0].softmax()
        },
        OperationCase("logSumExp", [.floats([7, 19], -4...4)], .composed) { try $0[0].logSumExp() },
        OperationCase("logSumExp over the first axis", [.floats([9, 4], -4...4)], .composed) {
            try $0[0].logSumExp(axis: 0, keepingDimensions: true)
        },
        OperationCase(
            "logSumExp of infinities", [.listed([-.infinity, -.infinity, 500, -.infinity, 0, 500])], .composed,
            derivatives: .none, { try $0[0].reshaped([3, 2]).logSumExp() }),
        OperationCase("logSoftmax", [.floats([6, 11], -4...4)], .composed) { try $0[0].logSoftmax() },
        OperationCase("cross-entropy", [.floats([8, 10], -3...3), .integers([8], 0...9)], .composed) {
            let isClass = try Tensor.coordinates([8, 10], axis: 1).equal($0[1].reshaped([8, 1]))
            return try -Tensor.select(isClass, $0[0].logSoftmax(), 0).sum([1]).mean()
        },
        OperationCase("layer normalisation", [.floats([6, 24]), .floats([24], 0.5...1.5), .floats([24])], .composed) {
            let (x, scale, shift) = ($0[0], $0[1], $0[2])
            let centred = try x - x.mean([1], keepingDimensions: true)
            let deviation = try (centred.square().mean([1], keepingDimensions: true) + 1e-5).rsqrt()
            return try centred * deviation * scale + shift
        },
        OperationCase(
            "batch normalisation", [.floats([4, 3, 3, 5]), .floats([5], 0.5...1.5), .floats([5])], .composed
        ) {
            let mean = try $0[0].mean([0, 1, 2])
            let variance = try $0[0].variance([0, 1, 2])
            return try ($0[0] - mean) * (variance + 1e-3).rsqrt() * $0[1] + $0[2]
        },
    ]

    private static func sums(_ name: String, _ shape: [Int], _ axes: [Int]?) -> OperationCase {
        OperationCase("sum over \(name)", [.floats(shape)], .sum) { try $0[0].sum(axes) }
    }
}
