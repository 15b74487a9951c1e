import Compute

/// The part of a result that one work-group computes.
protocol WorkGroupTile {
    var rows: Int { get }
    var columns: Int { get }
    /// Items of the work-group.
    var items: Int { get }
}

/// How a GPU's work-groups divide a product or convolution among them: tiles of the result, and ranges of the depth.
struct GPUTiling {
    /// What the kernel of a depth that is not divided is called.
    let entry: String
    /// Tiles across and down, and parts of the result that have tiles of their own.
    let groups: [Int]
    /// Items of a group.
    let items: Int
    /// Ranges of the depth.
    let splits: Int
    /// The results side by side, and the elements of each.
    let matrices: Int
    let elements: Int

    init(_ step: ContractionStep, _ tile: some WorkGroupTile, splits: Int) {
        entry = "product"
        groups = [ceilingDivide(step.columns, tile.columns), ceilingDivide(step.rows, tile.rows), step.batch]
        (matrices, elements) = (step.batch, step.rows * step.columns)
        (items, self.splits) = (tile.items, splits)
    }

    init(_ work: ConvolutionWork, _ tile: some WorkGroupTile, splits: Int) {
        entry = "convolve"
        groups = [ceilingDivide(work.resultChannels, tile.columns), ceilingDivide(work.rows, tile.rows), work.phases]
        (matrices, elements) = (1, work.resultCount)
        (items, self.splits) = (tile.items, splits)
    }
}

extension LaunchPlan {
    /// Launches a product or convolution, and what adds up its partial results, if the depth is divided. The sums that it
    /// has taken over are stored by the last launch.
    mutating func launchTiles(
        _ tiling: GPUTiling, _ kernels: KernelSource, _ operands: [Operand], _ destination: Operand,
        _ sums: ColumnSums?, _ after: EpilogueText
    ) throws(DeviceError) {
        let results = [destination] + (sums.map { [$0.destination] } ?? [])
        if tiling.splits == 1 {
            return try launch(
                kernels, tiling.entry, operands + results, tiling.groups, groupSize: tiling.items, epilogue: after)
        }
        let columns = sums?.columns ?? 0
        let count = tiling.splits * (tiling.matrices * tiling.elements + columns)
        let partials = newScratch(count: count, .float32)
        let groups = [tiling.groups[0], tiling.groups[1], tiling.groups[2] * tiling.splits]
        try launch(kernels, "partial", operands + [partials], groups, groupSize: tiling.items)
        try launchElements(
            kernels, "reduce", [partials] + results, tiling.elements + columns, matrices: tiling.matrices,
            epilogue: after)
    }

    /// A launch with an item for each element of the result, of each of some matrices.
    mutating func launchElements(
        _ source: KernelSource, _ entry: String, _ operands: [Operand], _ elements: Int, matrices: Int = 1,
        epilogue: EpilogueText
    ) throws(DeviceError) {
        let groupSize = 256
        try launch(
            source, entry, operands, [ceilingDivide(elements, groupSize), matrices, 1], groupSize: groupSize,
            isAnySize: true, epilogue: epilogue)
    }
}
