import Compute
import Tensors

extension CaseRegistry {
    /// What models are made of: products with epilogues, losses, optimizers. These are to be the same fused and unfused.
    public static let patterns: [OperationCase] = [
        OperationCase("linear, bias, relu", [.floats([9, 17]), .floats([17, 6]), .floats([6])], .composed) {
            try ($0[0].matmul($0[1]) + $0[2]).maximum(0)
        },
        OperationCase(
            "linear of 128x100x90", [.floats([128, 100], -1...1), .floats([100, 90], -1...1), .floats([90])], .composed,
            derivatives: .first, { try ($0[0].matmul($0[1]) * 0.1 + $0[2]).tanh() }),
        OperationCase("linear with residual", [.floats([9, 8]), .floats([8, 8]), .floats([8])], .composed) {
            try $0[0] + ($0[0].matmul($0[1]) + $0[2]).sigmoid()
        },
        OperationCase("linear of images", [.floats([2, 3, 4, 5]), .floats([5, 7]), .floats([7])], .composed) {
            try ($0[0].matmul($0[1]) + $0[2]).tanh()
        },
        OperationCase("batched product with mask and softmax", [.floats([3, 5, 4]), .floats([3, 4, 5])], .composed) {
            let causal = try Tensor.coordinates([5, 5], axis: 1).lessOrEqual(Tensor.coordinates([5, 5], axis: 0))
            return try Tensor.select(causal, $0[0].matmul($0[1]) * 0.5, -1e9).softmax()
        },
        OperationCase("gated unit", [.floats([7, 6]), .floats([6, 8]), .floats([8])], .composed) {
            let parts = try ($0[0].matmul($0[1]) + $0[2]).split([4, 4], axis: 1)
            return try parts[0].tanh() * parts[1].sigmoid()
        },
        OperationCase(
            "two layers", [.floats([6, 9]), .floats([9, 12]), .floats([12]), .floats([12, 4]), .floats([4])], .composed,
            secondTolerance: .init(relative: 2e-4, normwise: 2e-4)
        ) {
            let hidden = try ($0[0].matmul($0[1]) * 0.3 + $0[2]).tanh()
            return try hidden.matmul($0[3]) + $0[4]
        },
        OperationCase(
            "convolution, bias, relu", [.floats([2, 5, 6, 3]), .floats([9, 3, 8]), .floats([8])], .composed
        ) {
            try ($0[0].convolved($0[1], window: .init(kernel: (3, 3), padding: (1, 1))) + $0[2]).maximum(0)
        },
        OperationCase(
            "products beside their activations",
            [.floats([9, 17]), .floats([17, 6]), .floats([6]), .floats([9, 6])],
            .composed,
            several: {
                let y = try $0[0].matmul($0[1]) * 0.3 + $0[3]
                let raw = try $0[0].transposed().matmul($0[3]) * 0.2
                return [y, try y.tanh(), try (y + $0[2]).sigmoid(), raw, try raw.square()]
            }),
        OperationCase(
            "product of one column beside its activation", [.floats([40, 70]), .floats([70, 1])], .composed,
            several: {
                let y = try $0[0].matmul($0[1]) * 0.1
                return [y, try y.tanh()]
            }),
        OperationCase(
            "convolutions beside their activations",
            [.floats([2, 6, 5, 3]), .floats([9, 3, 4]), .floats([2, 3, 3, 4]), .floats([16, 3, 4])], .composed,
            several: {
                let y = try $0[0].convolved($0[1], window: .init(kernel: (3, 3), padding: (1, 1))) * 0.3
                let window = ConvolutionWindow(kernel: (4, 4), stride: (2, 2), padding: (1, 1))
                let z = try $0[2].transposeConvolved($0[3], window: window) * 0.3
                return [y, try y.softplus(), z, try z.tanh()]
            }),
        OperationCase(
            "strided convolution, bias, leaky relu", [.floats([2, 8, 8, 3]), .floats([16, 3, 5]), .floats([5])],
            .composed
        ) {
            let y = try $0[0].convolved($0[1], window: .init(kernel: (4, 4), stride: (2, 2), padding: (1, 1))) + $0[2]
            return try y.maximum(y * 0.2)
        },
        OperationCase(
            "transposed convolution, bias, tanh", [.floats([2, 3, 3, 4]), .floats([16, 3, 4]), .floats([3])], .composed
        ) {
            let window = ConvolutionWindow(kernel: (4, 4), stride: (2, 2), padding: (1, 1))
            return try (($0[0].transposeConvolved($0[1], window: window) + $0[2]) * 0.2).tanh()
        },
        OperationCase(
            "residual block of masked convolutions",
            [.floats([2, 5, 5, 6]), .floats([6, 3]), .floats([5, 3, 3]), .floats([3, 6]), .floats([6])], .composed,
            secondTolerance: .init(relative: 2e-4, normwise: 2e-4)
        ) {
            // Smooth in place of relu, so that no pixel is near a kink.
            let window = ConvolutionWindow(sameSizeTaps: maskedTaps(3, includingCentre: true))
            let narrow = try $0[0].softplus().matmul($0[1]) * 0.3
            let mixed = try narrow.softplus().convolved($0[2], window: window) * 0.3
            return try $0[0] + mixed.softplus().matmul($0[3]) + $0[4]
        },
        OperationCase(
            "several results of one input", [.floats([12, 9]), .floats([9])], .composed,
            several: {
                let scaled = try $0[0] * $0[1]
                return [try scaled.exp(), try scaled.tanh() + $0[0], try scaled.square().sum([1]), scaled]
            }),
        OperationCase(
            "binary cross-entropy with logits", [.floats([6, 20], avoiding: [0]), .floats([6, 20], 0...1)], .composed
        ) {
            let (logits, targets) = ($0[0], $0[1])
            let losses = try logits.maximum(0) - logits * targets + (-logits.absolute()).exp().log1p()
            return try losses.sum([1]).mean()
        },
        OperationCase("Gaussian divergence", [.floats([6, 5]), .floats([6, 5])], .composed) {
            let (mean, logVariance) = ($0[0], $0[1])
            return try ((mean.square() + logVariance.exp() - logVariance - 1) * 0.5).sum([1]).mean()
        },
        OperationCase("discretised logistic", [.floats([5, 8]), .floats([5, 8], -1...1)], .composed) {
            let (x, scale) = ($0[0], $0[1])
            let inverse = try (-scale).exp()
            let mass = try ((x + 0.25) * inverse).sigmoid() - ((x - 0.25) * inverse).sigmoid()
            return try -mass.maximum(1e-7).log().sum()
        },
        OperationCase("coupling layer", [.floats([5, 6]), .floats([3, 6])], .composed) {
            let parts = try $0[0].split([3, 3], axis: 1)
            let net = try parts[0].matmul($0[1])
            let changes = try net.split([3, 3], axis: 1)
            let moved = try parts[1] * (changes[0] * 0.2).tanh().exp() + changes[1]
            return try Tensor.concatenate([parts[0], moved], axis: 1)
        },
        OperationCase(
            "attention", [.floats([2, 5, 6]), .floats([6, 6]), .floats([6, 6]), .floats([6, 6])], .composed,
            secondTolerance: .init(relative: 5e-4, normwise: 5e-4)
        ) {
            func heads(_ x: Tensor) throws -> Tensor { try x.reshaped([2, 5, 2, 3]).permuted([0, 2, 1, 3]) }
            let q = try heads($0[0].matmul($0[1]))
            let k = try heads($0[0].matmul($0[2]))
            let v = try heads($0[0].matmul($0[3]))
            let weights = try (q.matmul(k.transposed()) * 0.1).softmax()
            return try weights.matmul(v).permuted([0, 2, 1, 3]).reshaped([2, 5, 6])
        },
        OperationCase(
            "gradient penalty", [.floats([5, 4]), .floats([4, 6]), .floats([6, 1])], .composed,
            gradientTolerance: .secondGradient, secondTolerance: .init(relative: 5e-4, normwise: 5e-4)
        ) {
            // The critic's slope, as WGAN-GP penalises it: derivatives up to the third order with the case's own two.
            let score = try ($0[0].matmul($0[1]) * 0.5).tanh().matmul($0[2]).sum()
            let slope = try gradients(of: score, withRespectTo: [$0[0]])[0]
            return try ((slope.square().sum([1]) + 1e-3).sqrt() - 1).square().mean()
        },
        OperationCase(
            "Adam on a flat parameter",
            [.floats([31]), .floats([31]), .floats([31], 0.1...1), .floats([4, 5]), .floats([4, 2])], .composed,
            derivatives: .none,
            several: {
                // The parameter holds a matrix [5, 5] and a bias [5], and one more element that nothing uses.
                let (flat, moment, square) = ($0[0], $0[1], $0[2])
                let weight = try flat.sliced(0..<25, axis: 0).reshaped([5, 5])
                let bias = try flat.sliced(25..<30, axis: 0)
                let loss = try ($0[3].matmul(weight) + bias).tanh().square().sum()
                let slopes = try gradients(of: loss, withRespectTo: [weight, bias])
                let gradient = try Tensor.concatenate([slopes[0].reshaped([25]), slopes[1], Tensor.zeros([1])])
                let m = try moment * 0.9 + gradient * 0.1
                let v = try square * 0.999 + gradient.square() * 0.001
                let step = try m / 0.19 / ((v / 0.002).sqrt() + 1e-8)
                return [try flat - step * 0.001, m, v]
            }),
        OperationCase(
            "moving average of statistics", [.floats([4, 3, 3, 5]), .floats([5]), .floats([5], 0.1...1)], .composed,
            derivatives: .none,
            several: {
                let mean = try $0[0].mean([0, 1, 2])
                let variance = try $0[0].variance([0, 1, 2])
                return [try $0[1] * 0.9 + mean * 0.1, try $0[2] * 0.9 + variance * 0.1]
            }),
    ]
}
