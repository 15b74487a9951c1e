import Compute

/// A work-group's tile of a product or convolution on tensor cores, and a warp's part of it: the table in tensor_gpu.cl.
struct TensorTile: WorkGroupTile {
    let rows: Int
    let columns: Int
    let warpRows: Int
    let warpColumns: Int

    static let large = TensorTile(rows: 128, columns: 128, warpRows: 64, warpColumns: 64)
    static let tall = TensorTile(rows: 128, columns: 64, warpRows: 64, warpColumns: 32)
    static let small = TensorTile(rows: 64, columns: 64, warpRows: 32, warpColumns: 32)

    var items: Int { 32 * (rows / warpRows) * (columns / warpColumns) }
}

/// How a product or convolution goes to the tensor cores, as tensor_gpu.cl says.
struct TensorProduct {
    let tile: TensorTile
    let splits: Int
    private let cores: TensorCores
    private var numbers: [String: Int]

    /// Nil where the step wants `full`, the device has no tensor cores, or the product is too small for them.
    init?(_ step: ContractionStep, _ traits: KernelTraits) {
        self.init(
            step.precision, rows: step.rows, columns: step.columns, depth: step.depth, matrices: step.batch, traits)
        numbers["KIND"] = 3
        numbers["VECTOR_A"] = TensorProduct.isVector(
            step.a, outer: step.a.columnStride == 1 ? step.a.rowStride : step.a.columnStride,
            inner: step.a.columnStride == 1 ? step.depth : step.rows, traits)
        numbers["VECTOR_B"] = TensorProduct.isVector(
            step.b, outer: step.b.columnStride == 1 ? step.b.rowStride : step.b.columnStride,
            inner: step.b.columnStride == 1 ? step.columns : step.depth, traits)
    }

    init?(_ step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits) {
        self.init(
            step.precision, rows: work.rows, columns: work.resultChannels, depth: work.depth, matrices: work.phases,
            traits)
        let g = step.geometry
        // What is contiguous of the second operand: the weights' or the image's output channels.
        let first = step.kind == .inputGradient ? g.outputChannels : g.inputChannels
        numbers["VECTOR_A"] = first % 4 == 0 && traits.isVectorPlace(step.first) ? 1 : 0
        numbers["VECTOR_B"] = g.outputChannels % 4 == 0 && traits.isVectorPlace(step.second) ? 1 : 0
    }

    private init?(
        _ precision: Precision, rows: Int, columns: Int, depth: Int, matrices: Int, _ traits: KernelTraits
    ) {
        guard precision != .full, let cores = traits.tensorCores, rows >= 32, columns >= 32, depth >= 16 else {
            return nil
        }
        func groups(_ tile: TensorTile) -> Int {
            matrices * ceilingDivide(rows, tile.rows) * ceilingDivide(columns, tile.columns)
        }
        let units = traits.computeUnits
        var tiles = [TensorTile.large, .tall, .small]
        if columns <= 64 { tiles.removeFirst() }
        if rows <= 64 { tiles = [.small] }
        tile = tiles.first { groups($0) >= units } ?? .small
        let count = groups(tile)
        splits = count >= units ? 1 : min(ceilingDivide(2 * units, count), ceilingDivide(depth, 128), 64)
        self.cores = cores
        numbers = [
            "TILE_ROWS": tile.rows, "TILE_COLUMNS": tile.columns, "WARP_ROWS": tile.warpRows,
            "WARP_COLUMNS": tile.warpColumns, "SPLITS": splits, "FORMAT": precision == .fastest ? 1 : 0,
        ]
    }

    /// The macros, beside those of the sizes.
    func macros(_ sizes: [String: Int], _ sums: ColumnSums?) -> [String: Int] {
        sizes.merging(numbers) { _, new in new }.merging(["SUMS": sums == nil ? 0 : 1]) { _, new in new }
    }

    /// The macros that are no numbers.
    var texts: [String: String] {
        switch cores {
        case .ptx(let converts): converts ? ["TENSOR_CONVERTS": ""] : [:]
        case .emulated: ["TENSOR_EMULATED": ""]
        }
    }

    /// Whether a matrix can be read in vectors of four: `outer` is the stride that is not 1, `inner` the extent where it is.
    private static func isVector(_ matrix: Matrix, outer: Int, inner: Int, _ traits: KernelTraits) -> Int {
        let isVector = outer % 4 == 0 && inner % 4 == 0 && matrix.batchStride % 4 == 0
        return isVector && traits.isVectorPlace(matrix.operand) ? 1 : 0
    }
}

extension KernelTraits {
    /// Whether an operand always begins at a multiple of four elements.
    fileprivate func isVectorPlace(_ operand: Operand) -> Bool {
        guard operand.offset % 4 == 0 else { return false }
        guard operand.slot >= 0, let slotSteps else { return true }
        return slotSteps.indices.contains(operand.slot) && slotSteps[operand.slot] % 4 == 0
    }
}

extension LaunchPlan {
    mutating func add(_ step: ContractionStep, _ product: TensorProduct) throws(DeviceError) {
        let sums = try takeSums(step)
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1], traits: traits)
        let macros = product.macros(sizes(of: step), sums)
        let kernels = try self.product("tensor_gpu", macros, after, more: product.texts)
        try launchTiles(
            GPUTiling(step, product.tile, splits: product.splits), kernels, [step.a.operand, step.b.operand],
            step.destination, sums, after)
    }

    mutating func add(_ step: ConvolutionStep, _ work: ConvolutionWork, _ product: TensorProduct) throws(DeviceError) {
        let sums = try takeSums(step)
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1], traits: traits)
        let texts = work.taps.merging(product.texts) { _, new in new }
        let kernels = try self.product("tensor_gpu", product.macros(work.macros, sums), after, more: texts)
        try launchTiles(
            GPUTiling(work, product.tile, splits: product.splits), kernels, [step.first, step.second],
            step.destination, sums, after)
    }
}
