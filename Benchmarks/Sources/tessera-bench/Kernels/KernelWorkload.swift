import Tessera

/// One kernel with sizes: what `peers/torch_kernels.py` calls it, and the same as a graph.
struct KernelWorkload {
    enum Kind: String {
        /// `[m, k] · [k, n]`.
        case product
        /// The same with the first operand stored `[k, m]`: a weight gradient.
        case transposedProduct = "product-ta"
        /// A dense convolution, padded by one: `[n, h, w, c, channels, side, stride]`; forward, or one of its gradients.
        case convolution = "conv"
        case convolutionInputGradient = "conv-input"
        case convolutionWeightGradient = "conv-weights"
        /// A 3x3 convolution with mask B of as many channels as it makes, `[n, h, w, c]`; forward.
        case maskedConvolution = "masked-conv"
        /// With the gradients of image and weights.
        case maskedConvolutionTraining = "masked-conv-train"
        /// Softmax cross-entropy `[rows, classes]` with the gradient of the logits.
        case crossEntropy = "cross-entropy"
        /// Ten operations on each of n numbers.
        case chain
    }

    let kind: Kind
    let sizes: [Int]

    var name: String { "\(kind.rawValue) \(sizes.map(String.init).joined(separator: "x"))" }

    /// Floating-point operations, a multiply-add counted as two; 0 for what is bound by memory.
    var operations: Int {
        switch kind {
        case .product, .transposedProduct: 2 * sizes.reduce(1, *)
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient:
            2 * sizes[0..<6].reduce(1, *) * sizes[5] / (sizes[6] * sizes[6])
        // Five taps.
        case .maskedConvolution: 2 * sizes.reduce(1, *) * sizes[3] * 5
        case .maskedConvolutionTraining: 6 * sizes.reduce(1, *) * sizes[3] * 5
        case .crossEntropy, .chain: 0
        }
    }

    /// Bytes that must be read or written at least.
    var bytes: Int {
        switch kind {
        case .product, .transposedProduct: 4 * (sizes[0] * sizes[2] + sizes[2] * sizes[1] + sizes[0] * sizes[1])
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient:
            4 * sizes[0..<3].reduce(1, *) * (sizes[3] + sizes[4] / (sizes[6] * sizes[6]))
                + 4 * sizes[3] * sizes[4] * sizes[5] * sizes[5]
        case .maskedConvolution: 8 * sizes.reduce(1, *)
        case .maskedConvolutionTraining: 16 * sizes.reduce(1, *)
        case .crossEntropy: 8 * sizes.reduce(1, *)
        case .chain: 12 * sizes[0]
        }
    }

    /// The shapes that the models of the library have, and square products.
    static let all: [KernelWorkload] =
        [
            [512, 512, 512], [1024, 1024, 1024], [2048, 2048, 2048], [128, 400, 784], [784, 400, 128],
            [50176, 64, 128],
            [50176, 64, 576],
        ].map { KernelWorkload(kind: .product, sizes: $0) }
        + [[64, 64, 50176], [576, 64, 50176]].map { KernelWorkload(kind: .transposedProduct, sizes: $0) }
        + [[16, 28, 28, 64, 64, 3, 1], [16, 32, 32, 64, 128, 4, 2], [16, 16, 16, 128, 256, 4, 2]].flatMap { sizes in
            [Kind.convolution, .convolutionInputGradient, .convolutionWeightGradient].map {
                KernelWorkload(kind: $0, sizes: sizes)
            }
        }
        + [
            KernelWorkload(kind: .maskedConvolution, sizes: [64, 28, 28, 64]),
            KernelWorkload(kind: .maskedConvolutionTraining, sizes: [64, 28, 28, 64]),
            KernelWorkload(kind: .crossEntropy, sizes: [50176, 256]),
            KernelWorkload(kind: .chain, sizes: [1 << 24]),
        ]

    /// The workload compiled on a device, with numbers in its arguments.
    func function(on device: any Device) throws -> CompiledFunction {
        func argument(_ shape: [Int]) throws -> Tensor {
            let argument = Argument(shape)
            try argument.set((0..<argument.tensor.count).map { Float($0 &* 7919 % 2003) / 1001 - 1 }, on: device)
            return argument.tensor
        }
        let results: [Tensor]
        switch kind {
        case .product:
            results = [try argument([sizes[0], sizes[2]]).matmul(argument([sizes[2], sizes[1]]))]
        case .transposedProduct:
            results = [try argument([sizes[2], sizes[0]]).transposed().matmul(argument([sizes[2], sizes[1]]))]
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient:
            let (side, stride) = (sizes[5], sizes[6])
            let window = ConvolutionWindow(kernel: (side, side), stride: (stride, stride), padding: (1, 1))
            let image = try argument(Array(sizes[0..<4]))
            let weights = try argument([side * side, sizes[3], sizes[4]])
            let output = try image.convolved(weights, window: window)
            results =
                kind == .convolution
                ? [output]
                : try gradients(
                    of: output, withRespectTo: [kind == .convolutionInputGradient ? image : weights],
                    seed: argument(output.shape))
        case .maskedConvolution, .maskedConvolutionTraining:
            let taps = try MaskedConv2d.taps(kernel: (3, 3), mask: .b)
            let (image, weights) = (try argument(sizes), try argument([taps.count, sizes[3], sizes[3]]))
            let output = try image.convolved(weights, window: ConvolutionWindow(sameSizeTaps: taps))
            results =
                kind == .maskedConvolution
                ? [output]
                : [output] + (try gradients(of: output, withRespectTo: [image, weights], seed: argument(sizes)))
        case .crossEntropy:
            let logits = try argument(sizes)
            let labels = Argument([sizes[0]], dtype: .int32)
            try labels.set((0..<sizes[0]).map { Int32($0 * 31 % sizes[1]) }, on: device)
            let loss = try Loss.crossEntropy(logits: logits, labels: labels.tensor)
            results = [loss] + (try gradients(of: loss, withRespectTo: [logits]))
        case .chain:
            let (x, y) = (try argument(sizes), try argument(sizes))
            results = [try ((x * y).tanh() + (x * 0.5).exp()) / (y * y + 1.5) * (x - y).sigmoid()]
        }
        let function = try CompiledFunction(on: device, results: results)
        try function.run()
        try device.synchronize()
        return function
    }
}
