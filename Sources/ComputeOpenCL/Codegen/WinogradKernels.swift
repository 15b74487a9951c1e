import Compute

/// A convolution by minimal filtering on CPUs, `winograd_cpu.cl`: fewer multiplications than taps (Lavin and Gray 2016).
struct Winograd {
    /// Where the window begins, and its sides.
    let least: (y: Int, x: Int)
    let window: (y: Int, x: Int)
    /// The number of the tap at each place of the window, or -1.
    let taps: [Int]
    /// The rule's register tile.
    let tile: RegisterTile
    /// Tiles of 2 x 2 results, or gradients of results, in all images; and the products of each.
    let tiles: Int
    let products: Int
    /// Blocks of tiles, or of input channels; and windows, or sets of results, that have items of their own.
    let blocks: Int
    let windows: Int
    /// Vectors of 16 columns of an item.
    let vectors: Int
    /// Ranges of the tiles of a weight gradient.
    let splits: Int

    /// Tiles of an item, or input channels of one of a weight gradient: with these the weights, or the pixels, are not
    /// transformed so often that it matters, and what an item keeps is about what the second cache holds.
    static let rows = 64
    /// Channels, or tiles of a weight gradient, that are transformed at a time.
    static let depth = 64

    /// Nil where the kernels cannot compute it, or where it is not worth it.
    init?(_ step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits) {
        let (g, stride) = (step.geometry, step.geometry.strideY)
        let (ys, xs) = (g.taps.map(\.dy), g.taps.map(\.dx))
        guard let top = ys.min(), let bottom = ys.max(), let left = xs.min(), let right = xs.max() else { return nil }
        least = (top, left)
        window = (bottom - top + 1, right - left + 1)
        tile = traits.registers.split(rows: Winograd.rows, vectors: work.vectors)
        let sides = [2 * stride, 3 * stride]
        guard stride == g.strideX, stride <= 2, sides.contains(window.y), sides.contains(window.x),
            Set(g.taps).count == g.taps.count, g.inputChannels.isMultiple(of: 16), g.outputChannels.isMultiple(of: 16),
            work.vectors.isMultiple(of: tile.vectors)
        else { return nil }
        var taps = [Int](repeating: -1, count: window.y * window.x)
        for (number, tap) in g.taps.enumerated() { taps[(tap.dy - top) * window.x + tap.dx - left] = number }
        self.taps = taps

        let (height, width) =
            step.kind == .inputGradient
            ? (ceilingDivide(g.height, stride), ceilingDivide(g.width, stride)) : (g.outputHeight, g.outputWidth)
        tiles = g.batch * ceilingDivide(height, 2) * ceilingDivide(width, 2)
        products = (window.y / stride + 1) * (window.x / stride + 1)

        windows = step.kind == .forward ? 1 : stride * stride
        blocks = ceilingDivide(step.kind == .weightGradient ? g.inputChannels : tiles, Winograd.rows)
        // Where registers are narrow the second cache is mostly smaller, too.
        let wanted = 2 * traits.computeUnits
        vectors = traits.registers.isWide && blocks * ceilingDivide(work.vectors, 8) * windows >= wanted ? 8 : 4
        let items = blocks * ceilingDivide(work.vectors, vectors) * windows
        // Ranges of fewer tiles than these only where units would have nothing to do.
        let ranges = max(tiles / 256, ceilingDivide(traits.computeUnits, items))
        splits = step.kind == .weightGradient ? min(ceilingDivide(wanted, items), ranges, tiles) : 1
        guard items * splits >= traits.computeUnits, isWorthIt(step) else { return nil }
    }

    /// The register tiles to choose from, the rule's first: those whose vectors divide the result's.
    func registerTiles(_ work: ConvolutionWork, _ traits: KernelTraits) -> [RegisterTile] {
        traits.registers.tiles(rows: Winograd.rows, vectors: work.vectors, rule: tile)
            .filter { work.vectors.isMultiple(of: $0.vectors) }
    }

    /// Whether the multiplications that are saved are more than what the transforms cost.
    ///
    /// A forward convolution that sees no line below its own may be a causal network's, of which a sampler computes one
    /// pixel after the other with the same bits: those are left as they are.
    private func isWorthIt(_ step: ConvolutionStep) -> Bool {
        let g = step.geometry
        if step.kind == .forward && least.y + window.y <= 1 { return false }
        let direct = Double(g.batch * g.outputHeight * g.outputWidth * g.taps.count) * g.usefulShare
        let filtered = Double(tiles * products * g.strideY * g.strideX)
        return tiles >= Winograd.rows && min(g.inputChannels, g.outputChannels) >= 32 && direct >= 1.2 * filtered
    }
}

extension LaunchPlan {
    mutating func addWinograd(
        _ step: ConvolutionStep, _ work: ConvolutionWork, _ winograd: Winograd, _ choice: ConvolutionChoice
    ) throws(DeviceError) {
        let (g, tile, windows) = (step.geometry, choice.tile, winograd.windows)
        let columnPanels = work.vectors / tile.vectors
        let panels = max(1, min(winograd.vectors, work.vectors) / tile.vectors)
        var macros = work.macros
        (macros["WINDOW_Y"], macros["WINDOW_X"]) = winograd.window
        (macros["LEAST_Y"], macros["LEAST_X"]) = winograd.least
        macros["TILE_ROWS"] = tile.rows
        macros["TILE_VECTORS"] = tile.vectors
        macros["PANELS"] = panels
        var sums: ColumnSums?
        if step.kind == .weightGradient {
            macros["CHANNELS"] = Winograd.rows
            macros["DEPTH"] = Winograd.depth
            macros["SPLITS"] = winograd.splits
            if winograd.splits > 1 {
                sums = sumsWanted(of: step.second, rows: work.outputPixels, columns: g.outputChannels)
            }
            macros["SUMS"] = sums == nil ? 0 : 1
        } else {
            macros["ROWS"] = ceilingDivide(Winograd.rows, tile.rows) * tile.rows
            let vectors = work.sourceChannels / 16
            macros["DEPTH"] = 16 * ((1...Winograd.depth / 16).last { vectors.isMultiple(of: $0) } ?? 1)
        }
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1, 16], traits: traits)
        let taps = ["TAP_LIST": winograd.taps.map(String.init).joined(separator: ", ")]
        let kernels = source(try product("winograd_cpu", macros, after, more: taps), of: choice.description)
        zeros = max(zeros, g.inputChannels, g.outputChannels)

        let operands = [step.first, step.second, .zeros]
        let groups = [winograd.blocks, ceilingDivide(columnPanels, panels), windows * winograd.splits]
        if winograd.splits == 1 {
            return try launch(kernels, "convolve", operands + [step.destination], groups, epilogue: after)
        }
        let count = windows * winograd.products * g.inputChannels + (sums == nil ? 0 : 1)
        let partials = newScratch(count: winograd.splits * count * g.outputChannels, .float32)
        try launch(kernels, "partial", operands + [partials], groups)
        try launch(
            kernels, "reduce", [partials, step.destination], [g.inputChannels / 16, columnPanels, windows],
            epilogue: after)
        if let sums { try finishSums(sums, kernels, partials: partials) }
    }
}
