import Compute

/// A fused elementwise step without a reduction.
struct CPUPointwise: CPUStep {
    private let program: ChunkProgram
    let sharedScratch = 0
    var workerScratch: Int { program.frameBytes }

    /// - Throws: `DeviceError.unsupported`, `DeviceError.badBuffer`.
    init(_ step: PointwiseStep, needs: inout BindingNeeds) throws {
        try self.init(
            step.body, shape: step.shape, operands: step.operands, stores: step.stores, accumulator: nil,
            needs: &needs)
    }

    /// An expression that follows a reduction, a product or a convolution, whose contiguous result it reads.
    init(
        _ expression: Expression, shape: [Int], operands: [Operand], stores: [Store], accumulator: DType?,
        needs: inout BindingNeeds
    ) throws {
        try expression.check(shape: shape, operands: operands, accumulator: accumulator, needs: &needs)
        for store in stores { try expression.check(store, shape: shape, needs: &needs) }
        let views = expression.views + stores.map(\.view) + (accumulator == nil ? [] : [View(contiguous: shape)])
        let plan = AxisPlan(shape: shape, order: [Array(shape.indices)], views: views)
        program = ChunkProgram(
            expression, shape: shape, plan: plan, space: ChunkSpace(plan.shape),
            operands: operands + stores.map(\.destination), accumulator: accumulator,
            stores: stores.enumerated().map { ($1.value, operands.count + $0, $1.view) })
    }

    func run(_ launch: Launch) { program.run(launch) }

    /// - Parameter accumulator: the result that the expression follows.
    func run(_ launch: Launch, accumulator: UnsafeMutableRawPointer) {
        program.run(launch, accumulator: accumulator)
    }
}
