/// A place in memory: an element offset into one of the buffers a plan is run with.
public struct Operand: Hashable, Sendable {
    /// The index of the buffer among the plan's bindings.
    public var slot: Int
    /// The first element, counted in elements of `dtype`.
    public var offset: Int
    public var dtype: DType

    public init(slot: Int, offset: Int = 0, dtype: DType) {
        self.slot = slot
        self.offset = offset
        self.dtype = dtype
    }
}

/// One unit of device work. This closed set is the waist of the system: every device runs every kind.
public enum Step: Hashable, Sendable {
    case pointwise(PointwiseStep)
    case contraction(ContractionStep)
    case convolution(ConvolutionStep)
    case gather(GatherStep)
    case scatterAdd(ScatterAddStep)
    case rasterScan(RasterScanStep)
}

/// A value of an expression, and where it is stored.
public struct Store: Hashable, Sendable {
    /// The number of the value in the expression.
    public var value: Int
    public var destination: Operand
    /// Where each index of the (kept) iteration space lands. Never padded, never broadcast.
    public var view: View

    public init(value: Int, destination: Operand, view: View) {
        self.value = value
        self.destination = destination
        self.view = view
    }
}

/// A fused elementwise computation over broadcast, strided inputs, optionally ending in a reduction.
///
/// Without a reduction: at every index of `shape`, evaluate `body` and write `stores`.
/// With one: `body` is evaluated over all of `shape`; `reduction.value` is combined over the reduced axes; then
/// `reduction.epilogue` is evaluated over the kept axes (its views have the kept shape, its `accumulator` is the
/// combined value) and `stores`, which name values of the epilogue, are written.
/// A store may overwrite an operand that is read only at the very same element (in-place reuse).
public struct PointwiseStep: Hashable, Sendable {
    /// The iteration space, outermost axis first; neighbouring axes are already merged where every view allows it.
    public var shape: [Int]
    public var body: Expression
    public var reduction: Reduction?
    /// What the loads and random instructions of `body` and of the epilogue read.
    public var operands: [Operand]
    public var stores: [Store]

    public init(
        shape: [Int], body: Expression, reduction: Reduction? = nil, operands: [Operand], stores: [Store]
    ) {
        self.shape = shape
        self.body = body
        self.reduction = reduction
        self.operands = operands
        self.stores = stores
    }
}

public struct Reduction: Hashable, Sendable {
    public enum Operation: UInt8, Hashable, Sendable { case sum, maximum }
    public var operation: Operation
    /// The reduced axes of the step's shape, ascending.
    public var axes: [Int]
    /// The value of the body that is reduced; Float32 or Int32.
    public var value: Int
    /// What follows, over the kept axes in their order; at the least one `accumulator` instruction.
    public var epilogue: Expression

    public init(operation: Operation, axes: [Int], value: Int, epilogue: Expression) {
        self.operation = operation
        self.axes = axes
        self.value = value
        self.epilogue = epilogue
    }
}

/// An expression fused onto the Float32 result of a product or a convolution before it is stored, once an element.
public struct Epilogue: Hashable, Sendable {
    /// Its iteration space is the result's: `[batch, rows, columns]`. Its `accumulator` is the result.
    public var body: Expression
    public var operands: [Operand]
    /// The value of `body` to be stored; its type is the destination's.
    public var value: Int
    /// More values of `body`, and where they go: an activation beside what it is computed from. Over the same space;
    /// their memory is apart from all that the step reads and from its destination.
    public var others: [Store]

    public init(body: Expression, operands: [Operand], value: Int, others: [Store] = []) {
        self.body = body
        self.operands = operands
        self.value = value
        self.others = others
    }
}

/// One matrix operand of a contraction. At least one of the two strides is 1.
public struct Matrix: Hashable, Sendable {
    public var operand: Operand
    /// Elements between neighbouring matrices of the batch; 0 where all share one.
    public var batchStride: Int
    public var rowStride: Int
    public var columnStride: Int

    public init(operand: Operand, batchStride: Int, rowStride: Int, columnStride: Int) {
        self.operand = operand
        self.batchStride = batchStride
        self.rowStride = rowStride
        self.columnStride = columnStride
    }
}

/// `destination[b] = epilogue(a[b] · b[b])`: Float32, `[batch, rows, depth]` by `[batch, depth, columns]`. The factors are
/// taken as exactly as `precision` says, or more exactly.
public struct ContractionStep: Hashable, Sendable {
    public var batch: Int
    public var rows: Int
    public var columns: Int
    public var depth: Int
    public var a: Matrix
    public var b: Matrix
    public var epilogue: Epilogue?
    /// Row-major and contiguous, `[batch, rows, columns]`.
    public var destination: Operand
    public var precision: Precision

    public init(
        batch: Int, rows: Int, columns: Int, depth: Int, a: Matrix, b: Matrix, epilogue: Epilogue? = nil,
        destination: Operand, precision: Precision = .full
    ) {
        self.batch = batch
        self.rows = rows
        self.columns = columns
        self.depth = depth
        self.a = a
        self.b = b
        self.epilogue = epilogue
        self.destination = destination
        self.precision = precision
    }

    /// Floating-point operations, a multiply-add counted as two.
    public var flops: Int { 2 * batch * rows * columns * depth }
}

/// The relation between the input pixels, output pixels and weights of a two-dimensional, channels-last convolution.
///
/// `y[n, oy, ox, :] = Σ over taps t of x[n, oy * strideY + t.dy, ox * strideX + t.dx, :] · w[t]`, where a pixel outside
/// the input counts as zero. Padding and dilation are in the taps; a masked convolution simply has fewer of them.
/// Layouts: `x [batch, height, width, inputChannels]`, `y [batch, outputHeight, outputWidth, outputChannels]`,
/// `w [taps, inputChannels, outputChannels]`, all contiguous Float32.
public struct ConvolutionGeometry: Hashable, Sendable {
    public struct Tap: Hashable, Sendable {
        public var dy: Int
        public var dx: Int
        public init(dy: Int, dx: Int) {
            self.dy = dy
            self.dx = dx
        }
    }

    public var batch: Int
    public var height: Int
    public var width: Int
    public var inputChannels: Int
    public var outputHeight: Int
    public var outputWidth: Int
    public var outputChannels: Int
    public var strideY: Int
    public var strideX: Int
    public var taps: [Tap]

    public init(
        batch: Int, height: Int, width: Int, inputChannels: Int, outputHeight: Int, outputWidth: Int,
        outputChannels: Int, strideY: Int, strideX: Int, taps: [Tap]
    ) {
        self.batch = batch
        self.height = height
        self.width = width
        self.inputChannels = inputChannels
        self.outputHeight = outputHeight
        self.outputWidth = outputWidth
        self.outputChannels = outputChannels
        self.strideY = strideY
        self.strideX = strideX
        self.taps = taps
    }

    public var inputShape: [Int] { [batch, height, width, inputChannels] }
    public var outputShape: [Int] { [batch, outputHeight, outputWidth, outputChannels] }
    public var weightShape: [Int] { [taps.count, inputChannels, outputChannels] }
    /// Floating-point operations of any of the three kinds, taps that fall outside the image counted in.
    public var flops: Int {
        2 * batch * outputHeight * outputWidth * taps.count * inputChannels * outputChannels
    }
}

/// A convolution or one of its two gradients. The factors are taken as exactly as `precision` says, or more exactly.
public struct ConvolutionStep: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable {
        /// `(x, w) -> y`.
        case forward
        /// `(y, w) -> x`, the gradient of the input, which is also the transposed convolution.
        case inputGradient
        /// `(x, y) -> w`, the gradient of the weights.
        case weightGradient
    }

    public var kind: Kind
    public var geometry: ConvolutionGeometry
    /// The two contiguous operands, in the order that `Kind` names.
    public var first: Operand
    public var second: Operand
    /// Over `[1, pixels, channels]` of the result, or `[1, taps * inputChannels, outputChannels]` for weights.
    public var epilogue: Epilogue?
    public var destination: Operand
    public var precision: Precision
    /// Whether each pixel is summed up by itself, so that it has the same bits where a sampler computes it alone.
    /// Otherwise a device may sum up blocks of pixels, and what a pixel does not see cancels up to rounding errors.
    public var isPixelwise: Bool

    public init(
        kind: Kind, geometry: ConvolutionGeometry, first: Operand, second: Operand, epilogue: Epilogue? = nil,
        destination: Operand, precision: Precision = .full, isPixelwise: Bool = false
    ) {
        self.kind = kind
        self.geometry = geometry
        self.first = first
        self.second = second
        self.epilogue = epilogue
        self.destination = destination
        self.precision = precision
        self.isPixelwise = isPixelwise
    }
}

/// `destination[i, :] = table[indices[i], :]`; an index outside `0 ..< rows` gives zeros.
public struct GatherStep: Hashable, Sendable {
    /// Contiguous `[rows, width]`, of any type, which is the destination's too.
    public var table: Operand
    public var rows: Int
    public var width: Int
    /// Contiguous Int32 `[count]`.
    public var indices: Operand
    public var count: Int
    public var destination: Operand

    public init(table: Operand, rows: Int, width: Int, indices: Operand, count: Int, destination: Operand) {
        self.table = table
        self.rows = rows
        self.width = width
        self.indices = indices
        self.count = count
        self.destination = destination
    }
}

/// `destination[r, :] = Σ over i with indices[i] == r of source[i, :]`, added in ascending order of `i`: no atomics, the
/// same bits every time. Rows that no index names are zero; an index outside `0 ..< rows` is left out.
public struct ScatterAddStep: Hashable, Sendable {
    /// Contiguous Float32 `[count, width]`.
    public var source: Operand
    public var indices: Operand
    public var count: Int
    public var rows: Int
    public var width: Int
    /// Contiguous Float32 `[rows, width]`.
    public var destination: Operand

    public init(source: Operand, indices: Operand, count: Int, rows: Int, width: Int, destination: Operand) {
        self.source = source
        self.indices = indices
        self.count = count
        self.rows = rows
        self.width = width
        self.destination = destination
    }
}
