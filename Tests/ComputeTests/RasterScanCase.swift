import Compute
import TestSupport
import Testing

/// A raster scan built by hand, and the memory it runs on.
struct RasterScanCase {
    var note: String
    var scan: RasterScanStep
    var memory: [OpenCLFixture.Slot]

    /// Whether all steps are pointwise ones and products, of which OpenCL devices make one launch.
    var suitsOneLaunch: Bool {
        scan.programs.joined().allSatisfy { step in
            switch step {
            case .pointwise, .contraction: true
            default: false
            }
        }
    }

    /// The scan in one of its forms.
    func step(isReplayed: Bool) -> Step {
        var scan = scan
        scan.isReplayed = isReplayed
        return .rasterScan(scan)
    }

    /// Runs the scan twice: the second time it finds what the first has left.
    func results(on device: any Device, isReplayed: Bool) throws -> [[Double]] {
        let step = step(isReplayed: isReplayed)
        return try OpenCLFixture.run([step, step], memory, on: device)
    }
}

/// A pointwise step in the making, over one iteration space.
struct StepBuilder {
    let shape: [Int]
    private(set) var body = Expression()
    private(set) var operands: [Operand] = []
    private(set) var stores: [Store] = []

    init(_ shape: [Int], accumulator: DType? = nil) {
        self.shape = shape
        if let accumulator { _ = body.append(.accumulator, type: accumulator) }
    }

    /// The combined value that the expression follows.
    let accumulator = 0

    /// Loads from an operand; contiguous where no strides are given.
    mutating func load(_ operand: Operand, strides: [Int]? = nil) -> Int {
        operands.append(operand)
        let view = View(shape: shape, strides: strides ?? View.rowMajorStrides(shape))
        return body.append(.load(operand: operands.count - 1, view: view), type: operand.dtype)
    }

    /// Draws from the key in an operand.
    mutating func random(_ distribution: RandomDistribution, key: Operand, stream: UInt32) -> Int {
        operands.append(key)
        let view = View(contiguous: shape)
        return body.append(
            .random(distribution, operand: operands.count - 1, stream: stream, view: view),
            type: distribution == .bits ? .int32 : .float32)
    }

    mutating func constant(_ value: Float) -> Int { body.append(.constant(.float(value)), type: .float32) }
    mutating func integer(_ value: Int32) -> Int { body.append(.constant(.int(value)), type: .int32) }

    mutating func unary(_ operation: UnaryOperation, _ a: Int) -> Int {
        body.append(.unary(operation, a), type: body.types[a])
    }

    mutating func binary(_ operation: BinaryOperation, _ a: Int, _ b: Int) -> Int {
        body.append(.binary(operation, a, b), type: operation.isComparison ? .bool : body.types[a])
    }

    mutating func cast(_ a: Int, to type: DType) -> Int { body.append(.cast(type, a), type: type) }

    /// `a` plus `factor` times `b`.
    mutating func add(_ a: Int, _ factor: Float, _ b: Int) -> Int {
        binary(.add, a, binary(.multiply, constant(factor), b))
    }

    mutating func store(_ value: Int, _ operand: Operand, strides: [Int]? = nil) {
        let view = View(shape: shape, strides: strides ?? View.rowMajorStrides(shape))
        stores.append(Store(value: value, destination: operand, view: view))
    }

    var step: Step { .pointwise(PointwiseStep(shape: shape, body: body, operands: operands, stores: stores)) }

    /// The expression so far, reduced; `epilogue` is over the kept axes.
    func reduced(_ operation: Reduction.Operation, axes: [Int], _ value: Int, epilogue: StepBuilder) -> Step {
        var after = Expression()
        for (instruction, type) in zip(epilogue.body.instructions, epilogue.body.types) {
            var moved = instruction
            if case .load(let operand, let view) = instruction {
                moved = .load(operand: operand + operands.count, view: view)
            }
            _ = after.append(moved, type: type)
        }
        return .pointwise(
            PointwiseStep(
                shape: shape, body: body,
                reduction: Reduction(operation: operation, axes: axes, value: value, epilogue: after),
                operands: operands + epilogue.operands, stores: epilogue.stores))
    }

    /// The expression as the epilogue of a product, whose other stores are those so far.
    func epilogue(_ value: Int) -> Epilogue {
        Epilogue(body: body, operands: operands, value: value, others: stores)
    }
}
