import Compute

/// The sums over the rows of a row-major matrix, as a step asks for them: the gradient of a bias.
///
/// Where the step before is the gradient of a weight, its kernel adds them up on its way: the matrix is its second
/// operand. On CPUs only kernels that go over the rows in chunks do.
struct ColumnSums: Hashable, Sendable {
    /// Contiguous `[rows, columns]`.
    let matrix: Operand
    let rows: Int
    let columns: Int
    /// Contiguous `[columns]`.
    let destination: Operand

    /// Nil for a step that is anything more.
    init?(_ step: Step) {
        guard case .pointwise(let step) = step, let reduction = step.reduction, step.shape.count == 2,
            reduction.operation == .sum, reduction.axes == [0], step.operands.count == 1, step.stores.count == 1,
            case .load(0, let view) = step.body.instructions.last, step.body.instructions.count == 1,
            view.isContiguous, view.offset == 0, view.count == step.shape[0] * step.shape[1],
            reduction.epilogue.instructions == [.accumulator], step.operands[0].dtype == .float32,
            step.stores[0].destination.dtype == .float32, step.stores[0].view.isContiguous
        else { return nil }
        matrix = step.operands[0]
        (rows, columns) = (step.shape[0], step.shape[1])
        var destination = step.stores[0].destination
        destination.offset += step.stores[0].view.offset
        self.destination = destination
    }

    /// Vectors of columns.
    var vectors: Int { ceilingDivide(columns, 16) }
}

extension LaunchPlan {
    /// Takes over the next step, if it wants the sums of this one's second operand: the step that is being added adds up the
    /// rows on its way, and its last kernel writes the sums beside its result. Not beside an epilogue, which might read what
    /// is there, and not for a step inside a raster scan, whose slots are others.
    mutating func takeSums(_ step: ContractionStep) throws(DeviceError) -> ColumnSums? {
        guard step.batch == 1, step.b.columnStride == 1, step.b.rowStride == step.columns else { return nil }
        return try takeSums(of: step.b.operand, rows: step.depth, columns: step.columns, epilogue: step.epilogue)
    }

    /// The same for the gradient of a convolution's weights.
    mutating func takeSums(_ step: ConvolutionStep) throws(DeviceError) -> ColumnSums? {
        guard step.kind == .weightGradient else { return nil }
        let g = step.geometry
        return try takeSums(
            of: step.second, rows: g.batch * g.outputHeight * g.outputWidth, columns: g.outputChannels,
            epilogue: step.epilogue)
    }

    private mutating func takeSums(
        of matrix: Operand, rows: Int, columns: Int, epilogue: Epilogue?
    ) throws(DeviceError) -> ColumnSums? {
        guard let sums = wantedSums, sums.matrix == matrix, sums.rows == rows, sums.columns == columns, epilogue == nil,
            reach == nil
        else { return nil }
        try require(sums.destination, count: sums.columns, isWritten: true, what: "a sum")
        wantedSums = nil
        return sums
    }

    /// On a CPU: launches what adds up the partial results of a divided step, and of the sums that it has taken over.
    mutating func launchReduce(
        _ kernels: KernelSource, _ partials: Operand, _ destination: Operand, _ sums: ColumnSums?, _ groups: [Int],
        _ after: EpilogueText
    ) throws(DeviceError) {
        let results = sums.map { [destination, $0.destination] } ?? [destination]
        try launch(kernels, "reduce", [partials] + results, groups, epilogue: after)
    }
}
