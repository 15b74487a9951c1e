import Compute

/// The shape of a two-dimensional convolution's kernel: which taps it has and how it steps over the image.
public struct ConvolutionWindow: Hashable, Sendable {
    public typealias Tap = ConvolutionGeometry.Tap

    /// The offset of each tap from the output pixel times the stride, in input pixels.
    public var taps: [Tap]
    public var strideY: Int
    public var strideX: Int
    /// Output pixels for an input of `height` by `width`.
    private var reach: (height: Int, width: Int) { (reachY, reachX) }
    private var reachY: Int
    private var reachX: Int

    /// A dense window: every tap of a kernel, with padding and dilation.
    public init(
        kernel: (height: Int, width: Int), stride: (y: Int, x: Int) = (1, 1), padding: (y: Int, x: Int) = (0, 0),
        dilation: (y: Int, x: Int) = (1, 1)
    ) {
        taps = (0..<kernel.height).flatMap { row in
            (0..<kernel.width).map { column in
                Tap(dy: row * dilation.y - padding.y, dx: column * dilation.x - padding.x)
            }
        }
        strideY = stride.y
        strideX = stride.x
        reachY = 2 * padding.y - dilation.y * (kernel.height - 1)
        reachX = 2 * padding.x - dilation.x * (kernel.width - 1)
    }

    /// A window of chosen taps whose output has the input's size over the stride, rounded up: what a masked convolution
    /// is, and one that halves its maps.
    public init(sameSizeTaps taps: [Tap], stride: Int = 1) {
        self.taps = taps
        strideY = stride
        strideX = stride
        reachY = 0
        reachX = 0
    }

    /// The output's height for an input height: `⌊(height + 2 padding - dilation (kernel - 1) - 1) / stride⌋ + 1`.
    public func outputHeight(_ height: Int) -> Int { (height + reachY - 1) / strideY + 1 }
    /// The output's width for an input width.
    public func outputWidth(_ width: Int) -> Int { (width + reachX - 1) / strideX + 1 }
    /// Whether an input of this size has any output.
    func accepts(height: Int, width: Int) -> Bool {
        height + reachY >= 1 && width + reachX >= 1 && strideY >= 1 && strideX >= 1
    }

    /// The size of the image whose convolution with this window has the given size; a larger one that has it too may
    /// be asked for by `extra` rows and columns (fewer than the stride).
    public func transposedSize(height: Int, width: Int, extra: (y: Int, x: Int) = (0, 0)) -> (height: Int, width: Int) {
        ((height - 1) * strideY - reachY + 1 + extra.y, (width - 1) * strideX - reachX + 1 + extra.x)
    }
}

extension Tensor {
    /// Two-dimensional convolution, channels last: `[N, H, W, C] , weights [taps, C, D] -> [N, H', W', D]`.
    /// Pixels outside the image count as zero.
    public func convolved(_ weights: Tensor, window: ConvolutionWindow) throws -> Tensor {
        try Tensor.checkWeights(weights, window, image: self, channelAxis: 1, operation: "convolved")
        guard window.accepts(height: shape[1], width: shape[2]) else {
            throw TensorError.shapeMismatch(
                operation: "convolved", expected: "an image at least as large as the window", found: [shape])
        }
        let geometry = ConvolutionGeometry(
            batch: shape[0], height: shape[1], width: shape[2], inputChannels: shape[3],
            outputHeight: window.outputHeight(shape[1]), outputWidth: window.outputWidth(shape[2]),
            outputChannels: weights.shape[2], strideY: window.strideY, strideX: window.strideX, taps: window.taps)
        return try Tensor.convolution(.forward, geometry, self, weights)
    }

    /// Transposed convolution, channels last: `[N, H', W', D] , weights [taps, C, D] -> [N, H, W, C]`, the gradient of
    /// `convolved` with respect to its image. `extra` rows and columns complete sizes the stride cannot tell apart.
    public func transposeConvolved(
        _ weights: Tensor, window: ConvolutionWindow, extra: (y: Int, x: Int) = (0, 0)
    ) throws -> Tensor {
        try Tensor.checkWeights(weights, window, image: self, channelAxis: 2, operation: "transposeConvolved")
        let size = window.transposedSize(height: shape[1], width: shape[2], extra: extra)
        guard size.height >= 1, size.width >= 1, window.accepts(height: size.height, width: size.width),
            window.outputHeight(size.height) == shape[1], window.outputWidth(size.width) == shape[2]
        else {
            throw TensorError.shapeMismatch(
                operation: "transposeConvolved", expected: "fewer extra rows and columns than the stride",
                found: [shape, [size.height, size.width]])
        }
        let geometry = ConvolutionGeometry(
            batch: shape[0], height: size.height, width: size.width, inputChannels: weights.shape[1],
            outputHeight: shape[1], outputWidth: shape[2], outputChannels: shape[3], strideY: window.strideY,
            strideX: window.strideX, taps: window.taps)
        return try Tensor.convolution(.inputGradient, geometry, self, weights)
    }

    /// The three bilinear maps of one geometry. Each is the gradient of the other two.
    static func convolution(
        _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry, _ first: Tensor, _ second: Tensor
    ) throws -> Tensor {
        if let product = try productConvolution(kind, geometry, first, second) { return product }
        let shape =
            switch kind {
            case .forward: geometry.outputShape
            case .inputGradient: geometry.inputShape
            case .weightGradient: geometry.weightShape
            }
        return Tensor(.convolution(kind, geometry), [first, second], shape: shape, dtype: .float32)
    }

    /// A matrix product where each input pixel meets one tap: a 1x1 convolution of stride one, over all pixels, and one
    /// whose window is the whole image, over all images.
    private static func productConvolution(
        _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry, _ first: Tensor, _ second: Tensor
    ) throws -> Tensor? {
        // The input's gradient stays a convolution where the window is the whole image: a product with the weights
        // transposed would have their gradient transposed, too, and that is a large matrix.
        guard geometry.isPointwise || geometry.isWholeImage && kind != .inputGradient else { return nil }
        let (input, output) = (geometry.taps.count * geometry.inputChannels, geometry.outputChannels)
        let rows = geometry.batch * geometry.outputHeight * geometry.outputWidth
        switch kind {
        case .forward:
            return try first.reshaped([rows, input]).matmul(second.reshaped([input, output]))
                .reshaped(geometry.outputShape)
        case .inputGradient:
            return try first.reshaped([rows, output]).matmul(second.reshaped([input, output]).transposed())
                .reshaped(geometry.inputShape)
        case .weightGradient:
            return try first.reshaped([rows, input]).transposed().matmul(second.reshaped([rows, output]))
                .reshaped(geometry.weightShape)
        }
    }

    private static func checkWeights(
        _ weights: Tensor, _ window: ConvolutionWindow, image: Tensor, channelAxis: Int, operation: String
    ) throws {
        guard image.dtype == .float32, weights.dtype == .float32 else {
            throw TensorError.typeMismatch(
                operation: operation, expected: "Float32", found: [image.dtype, weights.dtype])
        }
        guard image.rank == 4, weights.rank == 3, weights.shape[0] == window.taps.count,
            weights.shape[channelAxis] == image.shape[3]
        else {
            throw TensorError.shapeMismatch(
                operation: operation,
                expected: "an image [N, H, W, C] and weights [\(window.taps.count) taps, C in, C out] that fit it",
                found: [image.shape, weights.shape])
        }
    }
}
