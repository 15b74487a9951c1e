import Compute
import Tensors

extension CaseRegistry {
    public static let products: [OperationCase] =
        [
            (1, 1, 1), (1, 7, 1), (5, 1, 3), (1, 9, 17), (17, 9, 1), (3, 4, 5), (31, 33, 29), (64, 64, 64),
            (8, 16, 200),
            (200, 3, 2), (2, 300, 3), (130, 70, 90),
        ].flatMap { rows, depth, columns -> [OperationCase] in
            let (a, b) = ([rows, depth], [depth, columns])
            let size = "\(rows)x\(depth)x\(columns)"
            var cases = [
                OperationCase("matmul \(size)", [.floats(a), .floats(b)], .sum) { try $0[0].matmul($0[1]) }
            ]
            if rows < 100, rows + depth + columns > 10 {
                cases += [
                    OperationCase("matmul \(size), first transposed", [.floats([depth, rows]), .floats(b)], .sum) {
                        try $0[0].transposed().matmul($0[1])
                    },
                    OperationCase("matmul \(size), second transposed", [.floats(a), .floats([columns, depth])], .sum) {
                        try $0[0].matmul($0[1].transposed())
                    },
                    OperationCase(
                        "matmul \(size), both transposed", [.floats([depth, rows]), .floats([columns, depth])], .sum
                    ) {
                        try $0[0].transposed().matmul($0[1].transposed())
                    },
                ]
            }
            return cases
        } + [
            product("a vector by a matrix", [9], [9, 4]), product("many axes by a matrix", [2, 3, 5], [5, 4]),
            product("batched", [6, 5, 7], [6, 7, 3]), product("batched, broadcast second", [6, 5, 7], [1, 7, 3]),
            product("batched, broadcast first", [5, 7], [6, 7, 3]),
            product("batched, both broadcast", [4, 1, 2, 3], [1, 5, 3, 2]),
            product("batched, single rows", [6, 1, 7], [6, 7, 1]),
            product("batched, depth one", [3, 5, 1], [3, 1, 4]),
            OperationCase("matmul batched, transposed", [.floats([4, 7, 5]), .floats([4, 3, 7])], .sum) {
                try $0[0].transposed().matmul($0[1].transposed())
            },
            OperationCase("matmul of heads", [.floats([2, 6, 3, 4]), .floats([2, 6, 3, 4])], .sum) {
                // [batch, time, head, width] as attention has them.
                try $0[0].permuted([0, 2, 1, 3]).matmul($0[1].permuted([0, 2, 3, 1]))
            },
            OperationCase("matmul of slices", [.floats([10, 12]), .floats([12, 9])], .sum) {
                try $0[0].sliced(2..<9, axis: 0).sliced(3..<8, axis: 1).matmul(
                    $0[1].sliced(4..<9, axis: 0).sliced(0..<9, axis: 1, step: 2))
            },
            OperationCase("matmul of flipped and padded", [.floats([5, 6]), .floats([4, 6])], .sum) {
                try $0[0].flipped([1]).matmul($0[1].padded(before: [1, 0], after: [1, 0]))
            },
            OperationCase("matmul of computed operands", [.floats([9, 11]), .floats([11, 5])], .composed) {
                try $0[0].tanh().matmul($0[1].exp())
            },
            OperationCase("matmul of broadcast operands", [.floats([1, 6]), .floats([6, 1])], .sum) {
                try $0[0].broadcast(to: [5, 6]).matmul($0[1].broadcast(to: [6, 4]))
            },
            OperationCase(
                "matmul with itself", [.floats([13, 13])], .sum, secondTolerance: .init(relative: 1e-4, normwise: 1e-4)
            ) {
                try $0[0].matmul($0[0])
            },
            OperationCase(
                "Gram matrix", [.floats([13, 6])], .sum, secondTolerance: .init(relative: 1e-4, normwise: 1e-4)
            ) {
                try $0[0].transposed().matmul($0[0])
            },
            OperationCase("three products", [.floats([4, 5]), .floats([5, 6]), .floats([6, 3])], .sum) {
                try $0[0].matmul($0[1]).matmul($0[2])
            },
            OperationCase(
                "matmul of depth zero", [.floats([3, 0]), .floats([0, 4]), .floats([4])], .exact, derivatives: .first
            ) {
                try $0[0].matmul($0[1]) + $0[2]
            },
        ]

    /// Products and convolutions for a device with tensor cores, with tolerances for a precision: those of the registry,
    /// most of which are too small for tensor cores and are computed as with `full`, and others of every kernel and tile.
    public static func products(at precision: Precision) -> [OperationCase] {
        let square = ConvolutionWindow(kernel: (3, 3), padding: (1, 1))
        let large = [
            product("of two large tiles", [260, 52], [52, 132]), product("of long rows", [300, 600], [600, 64]),
            product("of a long sum", [40, 3000], [3000, 36]), product("batched, 64x48x72", [3, 64, 48], [3, 48, 72]),
            OperationCase("matmul 132x68x148, both transposed", [.floats([68, 132]), .floats([148, 68])], .sum) {
                try $0[0].transposed().matmul($0[1].transposed())
            },
            convolution("36 to 40 channels", [2, 9, 8], 36, 40, square),
            convolution("64 to 128 channels", [5, 8, 8], 64, 128, square),
            convolution(
                "33 to 35 channels of stride 2", [3, 11, 10], 33, 35,
                .init(kernel: (4, 4), stride: (2, 2), padding: (1, 1))),
            transposed("40 to 36 channels", [4, 5, 5], 40, 36, .init(kernel: (4, 4), stride: (2, 2), padding: (1, 1))),
        ]
        // The derivatives of a product are products; those of these are enough.
        let once = large.map { test in
            var test = test
            test.derivatives = min(test.derivatives, .first)
            return test
        }
        return (products + convolutions + once).map { $0.allowing(precision) }
    }

    private static func product(_ name: String, _ a: [Int], _ b: [Int]) -> OperationCase {
        OperationCase("matmul \(name)", [.floats(a), .floats(b)], .sum) { try $0[0].matmul($0[1]) }
    }

    public static let convolutions: [OperationCase] =
        [
            convolution("3x3", [2, 5, 6], 3, 4, .init(kernel: (3, 3), padding: (1, 1))),
            convolution("3x3 without padding", [1, 6, 5], 2, 3, .init(kernel: (3, 3))),
            convolution("of one channel", [2, 6, 6], 1, 5, .init(kernel: (3, 3), padding: (1, 1))),
            convolution("to one channel", [2, 6, 6], 5, 1, .init(kernel: (3, 3), padding: (1, 1))),
            convolution("16 to 33 channels", [1, 6, 7], 16, 33, .init(kernel: (3, 3), padding: (1, 1))),
            convolution("33 to 16 channels", [1, 5, 9], 33, 16, .init(kernel: (3, 3), padding: (1, 1))),
            convolution(
                "64 channels, wide", [1, 4, 28], 64, 64, .init(kernel: (1, 3), padding: (0, 1)), derivatives: .first),
            convolution("of stride 2", [2, 7, 8], 3, 4, .init(kernel: (3, 3), stride: (2, 2), padding: (1, 1))),
            convolution("4x4 of stride 2", [2, 8, 8], 3, 4, .init(kernel: (4, 4), stride: (2, 2), padding: (1, 1))),
            convolution("5x5 of stride 2", [1, 9, 9], 1, 3, .init(kernel: (5, 5), stride: (2, 2), padding: (2, 2))),
            convolution("of strides 1 and 3", [1, 5, 10], 2, 2, .init(kernel: (2, 3), stride: (1, 3))),
            convolution("of stride beyond the kernel", [1, 9, 9], 2, 3, .init(kernel: (2, 2), stride: (3, 3))),
            convolution("dilated", [1, 9, 8], 3, 2, .init(kernel: (3, 3), padding: (2, 2), dilation: (2, 2))),
            convolution(
                "dilated and strided", [1, 9, 9], 2, 3,
                .init(kernel: (3, 2), stride: (2, 1), padding: (1, 0), dilation: (2, 3))),
            convolution("with more padding than kernel", [1, 3, 3], 2, 2, .init(kernel: (2, 2), padding: (3, 2))),
            convolution("of the whole image", [3, 4, 4], 5, 6, .init(kernel: (4, 4))),
            convolution("1x1", [2, 4, 5], 7, 3, .init(kernel: (1, 1))),
            convolution("1x1 of stride 2", [2, 5, 6], 3, 4, .init(kernel: (1, 1), stride: (2, 2))),
            convolution("2x3, asymmetric", [1, 5, 6], 3, 2, .init(kernel: (2, 3), padding: (0, 1))),
            convolution(
                "with masked taps A", [2, 6, 5], 3, 4, .init(sameSizeTaps: maskedTaps(3, includingCentre: false))),
            convolution(
                "with masked taps B", [2, 6, 5], 4, 3, .init(sameSizeTaps: maskedTaps(3, includingCentre: true))),
            convolution(
                "with 7x7 masked taps", [1, 9, 9], 1, 4, .init(sameSizeTaps: maskedTaps(7, includingCentre: false))),
            convolution(
                "with taps that all miss", [1, 3, 3], 2, 2,
                .init(sameSizeTaps: [.init(dy: 5, dx: 0), .init(dy: 0, dx: -4)])),
            convolution("of no images", [0, 4, 4], 2, 3, .init(kernel: (3, 3), padding: (1, 1))),
            convolution(
                "masked, 32 channels", [16, 8, 8], 32, 32, .init(sameSizeTaps: maskedTaps(3, includingCentre: true)),
                derivatives: .first),
            convolution(
                "3x3, 32 channels", [2, 16, 16], 32, 32, .init(kernel: (3, 3), padding: (1, 1)), derivatives: .first),
            convolution(
                "4x4 of stride 2, 32 channels", [8, 16, 16], 32, 32,
                .init(kernel: (4, 4), stride: (2, 2), padding: (1, 1)), derivatives: .first),
            transposed("4x4 of stride 2", [2, 3, 4], 3, 4, .init(kernel: (4, 4), stride: (2, 2), padding: (1, 1))),
            transposed(
                "5x5 of stride 2, one extra", [1, 4, 4], 3, 2, .init(kernel: (5, 5), stride: (2, 2), padding: (2, 2)),
                extra: (1, 1)),
            transposed("3x3 of stride 1", [1, 4, 5], 2, 3, .init(kernel: (3, 3), padding: (1, 1))),
            transposed("2x2 of stride 2", [2, 3, 3], 5, 2, .init(kernel: (2, 2), stride: (2, 2))),
            transposed("from a point to an image", [3, 1, 1], 6, 5, .init(kernel: (4, 4))),
            transposed("1x1", [1, 3, 4], 3, 5, .init(kernel: (1, 1))),
            transposed(
                "dilated, to 33 channels", [1, 3, 3], 4, 33, .init(kernel: (3, 3), padding: (2, 2), dilation: (2, 2))),
            OperationCase("convolution of computed values", [.floats([1, 5, 5, 3]), .floats([9, 3, 4])], .composed) {
                let window = ConvolutionWindow(kernel: (3, 3), padding: (1, 1))
                return try $0[0].tanh().convolved($0[1].sin(), window: window)
            },
            OperationCase("convolution of moved values", [.floats([1, 3, 5, 6]), .floats([4, 3, 9])], .sum) {
                let window = ConvolutionWindow(kernel: (3, 3), padding: (1, 1))
                return try $0[0].permuted([0, 2, 3, 1]).convolved($0[1].permuted([2, 1, 0]), window: window)
            },
            OperationCase(
                "convolution, activation, convolution",
                [.floats([1, 6, 6, 2]), .floats([9, 2, 4]), .floats([16, 4, 3])],
                .composed, derivatives: .second, secondTolerance: .init(relative: 1e-4, normwise: 1e-4)
            ) {
                let wide = ConvolutionWindow(kernel: (3, 3), padding: (1, 1))
                let down = ConvolutionWindow(kernel: (4, 4), stride: (2, 2), padding: (1, 1))
                return try ($0[0].convolved($0[1], window: wide) * 0.3).tanh().convolved($0[2], window: down)
            },
        ]

    /// The taps of a square kernel that lie before the centre in raster order.
    static func maskedTaps(_ size: Int, includingCentre: Bool) -> [ConvolutionWindow.Tap] {
        let reach = size / 2
        return (-reach...0).flatMap { dy in
            (-reach...reach).compactMap { dx in
                dy < 0 || dx < 0 || (includingCentre && dx == 0) ? ConvolutionWindow.Tap(dy: dy, dx: dx) : nil
            }
        }
    }

    private static func convolution(
        _ name: String, _ image: [Int], _ channels: Int, _ filters: Int, _ window: ConvolutionWindow,
        derivatives: OperationCase.Derivatives = .second
    ) -> OperationCase {
        OperationCase(
            "convolution \(name)", [.floats(image + [channels]), .floats([window.taps.count, channels, filters])], .sum,
            derivatives: derivatives
        ) { try $0[0].convolved($0[1], window: window) }
    }

    private static func transposed(
        _ name: String, _ image: [Int], _ filters: Int, _ channels: Int, _ window: ConvolutionWindow,
        extra: (y: Int, x: Int) = (0, 0)
    ) -> OperationCase {
        let (extraY, extraX) = extra
        return OperationCase(
            "transposed convolution \(name)",
            [.floats(image + [filters]), .floats([window.taps.count, channels, filters])], .sum
        ) { try $0[0].transposeConvolved($0[1], window: window, extra: (extraY, extraX)) }
    }
}
