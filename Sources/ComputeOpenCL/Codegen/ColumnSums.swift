import Compute

/// The sums over the rows of a row-major matrix, as a step asks for them: the gradient of a bias.
///
/// Where the step before is the gradient of a weight, by a kernel for CPUs that goes over the rows in chunks, that
/// kernel adds them up on its way: the matrix is its second operand.
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
    /// The sums that the next step is to make, if they are of this matrix: the step that is being added should add up
    /// the rows on its way, and give the kernel that finishes the sums to `finishSums`.
    func sumsWanted(of matrix: Operand, rows: Int, columns: Int) -> ColumnSums? {
        guard let sums = wantedSums, sums.matrix == matrix, sums.rows == rows, sums.columns == columns else {
            return nil
        }
        return sums
    }

    /// Keeps the launch that is the whole of the next step: `sums` of a product's or convolution's kernels.
    mutating func finishSums(_ sums: ColumnSums, _ kernels: KernelSource, partials: Operand) throws(DeviceError) {
        try require(sums.destination, count: sums.columns, what: "a sum")
        try launch(kernels, "sums", [partials, sums.destination], [sums.vectors, 1, 1])
        sumsLaunch = launches.removeLast()
    }
}
