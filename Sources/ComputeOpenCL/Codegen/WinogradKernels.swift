import Compute

/// A convolution by minimal filtering on CPUs, `winograd_cpu.cl`: fewer multiplications than taps.
struct Winograd {
    /// Where the window begins, and its sides.
    let least: (y: Int, x: Int)
    let window: (y: Int, x: Int)
    /// The number of the tap at each place of the window, or -1.
    let taps: [Int]
    let tile: RegisterTile
    /// Tiles of 2 x 2 results, or gradients of results, in all images; and the products of each.
    let tiles: Int
    let products: Int
    /// The kernel's global sizes, the windows or sets of results that have one last.
    let groups: [Int]
    /// Column panels of an item.
    let panels: Int
    /// Ranges of the tiles of a weight gradient.
    let splits: Int

    /// Tiles of an item, or input channels of one of a weight gradient: with these the weights, or the pixels, are not
    /// transformed so often that it matters, and what an item keeps still fits the second cache.
    static let rows = 64
    /// Channels, or tiles of a weight gradient, that are transformed at a time.
    static let depth = 64

    /// Nil where the kernels cannot compute it, or where it is not worth it.
    /// - Parameter tile: the register tile; the rule's where nothing is given.
    init?(_ step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits, tile: RegisterTile? = nil) {
        let (g, stride) = (step.geometry, step.geometry.strideY)
        let (ys, xs) = (g.taps.map(\.dy), g.taps.map(\.dx))
        guard let top = ys.min(), let bottom = ys.max(), let left = xs.min(), let right = xs.max() else { return nil }
        least = (top, left)
        window = (bottom - top + 1, right - left + 1)
        self.tile = tile ?? traits.registers.split(rows: Winograd.rows, vectors: work.vectors)
        let sides = [2 * stride, 3 * stride]
        guard stride == g.strideX, stride <= 2, sides.contains(window.y), sides.contains(window.x),
            Set(g.taps).count == g.taps.count, g.inputChannels.isMultiple(of: 16), g.outputChannels.isMultiple(of: 16),
            work.vectors.isMultiple(of: self.tile.vectors)
        else { return nil }
        var taps = [Int](repeating: -1, count: window.y * window.x)
        for (number, tap) in g.taps.enumerated() { taps[(tap.dy - top) * window.x + tap.dx - left] = number }
        self.taps = taps

        let isGradient = step.kind == .inputGradient
        let (height, width) =
            isGradient
            ? (ceilingDivide(g.height, stride), ceilingDivide(g.width, stride)) : (g.outputHeight, g.outputWidth)
        tiles = g.batch * ceilingDivide(height, 2) * ceilingDivide(width, 2)
        products = (window.y / stride + 1) * (window.x / stride + 1)

        let windows = step.kind == .forward ? 1 : stride * stride
        let rowBlocks = ceilingDivide(step.kind == .weightGradient ? g.inputChannels : tiles, Winograd.rows)
        // Vectors of an item. Where registers are narrow the second cache is mostly smaller, too.
        let wanted = 2 * traits.computeUnits
        let vectors = traits.registers.isWide && rowBlocks * ceilingDivide(work.vectors, 8) * windows >= wanted ? 8 : 4
        panels = max(1, min(vectors, work.vectors) / self.tile.vectors)
        groups = [rowBlocks, ceilingDivide(work.vectors / self.tile.vectors, panels), windows]
        let items = groups.reduce(1, *)
        // Ranges of fewer tiles than these only where units would have nothing to do.
        let ranges = max(tiles / 256, ceilingDivide(traits.computeUnits, items))
        splits = step.kind == .weightGradient ? min(ceilingDivide(wanted, items), ranges, tiles) : 1
        guard items * splits >= traits.computeUnits, isWorthIt(step) else { return nil }
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
        _ step: ConvolutionStep, _ work: ConvolutionWork, _ winograd: Winograd, _ variant: String
    ) throws(DeviceError) {
        let (g, tile) = (step.geometry, winograd.tile)
        var macros = work.macros.filter { !["STRIDE_Y", "STRIDE_X", "TAPS"].contains($0.key) }
        macros["STRIDE"] = g.strideY
        (macros["WINDOW_Y"], macros["WINDOW_X"]) = winograd.window
        (macros["LEAST_Y"], macros["LEAST_X"]) = winograd.least
        macros["TILE_ROWS"] = tile.rows
        macros["TILE_VECTORS"] = tile.vectors
        macros["PANELS"] = winograd.panels
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
        let kernels = source(try product("winograd_cpu", macros, after, more: taps), of: variant)
        zeros = max(zeros, g.inputChannels, g.outputChannels)

        let operands = [step.first, step.second, .zeros]
        if winograd.splits == 1 {
            return try launch(kernels, "convolve", operands + [step.destination], winograd.groups, epilogue: after)
        }
        let windows = winograd.groups[2]
        let count = windows * winograd.products * g.inputChannels + (sums == nil ? 0 : 1)
        let partials = newScratch(count: winograd.splits * count * g.outputChannels, .float32)
        var groups = winograd.groups
        groups[2] *= winograd.splits
        try launch(kernels, "partial", operands + [partials], groups)
        try launch(
            kernels, "reduce", [partials, step.destination],
            [g.inputChannels / 16, work.vectors / tile.vectors, windows], epilogue: after)
        if let sums { try finishSums(sums, kernels, partials: partials) }
    }
}
