import Compute

/// A convolution by minimal filtering on CPUs, `winograd_cpu.cl`: fewer multiplications than taps (Lavin and Gray 2016).
struct Winograd {
    /// Where the window begins, and its sides.
    let least: (y: Int, x: Int)
    let window: (y: Int, x: Int)
    /// The number of the tap at each place of the window, or -1.
    let taps: [Int]
    /// Results, or gradients of results, along each side of a tile of an image; such tiles in all images, and the
    /// products of each.
    let side: Int
    let tiles: Int
    let products: Int
    /// Windows that the taps of stride two are divided into, and how many of them, or of the results that they make,
    /// have items of their own.
    let windows: Int
    let sets: Int
    /// Whether the weights are transformed by a launch of their own, and not by each item again.
    let isAhead: Bool
    /// Tiles of an item, or of a weight gradient those that are transformed at a time: so many that the weights are not
    /// transformed so often that it matters, and that what an item keeps is about what the second cache holds.
    let block: Int
    /// Rows of the products, and the rule's register tile of them.
    let rows: Int
    let tile: RegisterTile
    /// Blocks of tiles, or of input channels; and vectors of 16 columns of an item.
    let blocks: Int
    let vectors: Int
    /// Ranges of the tiles of a weight gradient.
    let splits: Int

    /// Source channels that are transformed at a time, or input channels of an item of a weight gradient.
    static let channels = 64

    /// Multiplications of all tiles, of one input channel and one output channel.
    private var multiplications: Double { Double(tiles * products * windows) }

    /// Nil where the kernels cannot compute it, or where it is not worth it: the more results a tile has the fewer are
    /// the multiplications, but the more the transforms cost and the larger are their factors, and with them the
    /// rounding errors. Each step has to save a sixth.
    init?(_ step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits) {
        let g = step.geometry
        guard !step.isPixelwise, min(g.inputChannels, g.outputChannels) >= 32 else { return nil }
        var least = Double(g.batch * g.outputHeight * g.outputWidth * g.taps.count) * g.usefulShare
        var best: Winograd?
        for side in [2, 4] {
            guard let found = Winograd(side: side, step, work, traits), found.multiplications * 1.2 <= least else {
                continue
            }
            (best, least) = (found, found.multiplications)
        }
        guard let best else { return nil }
        self = best
    }

    private init?(side: Int, _ step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits) {
        let (g, stride) = (step.geometry, step.geometry.strideY)
        let (ys, xs) = (g.taps.map(\.dy), g.taps.map(\.dx))
        guard let top = ys.min(), let bottom = ys.max(), let left = xs.min(), let right = xs.max() else { return nil }
        least = (top, left)
        window = (bottom - top + 1, right - left + 1)
        self.side = side
        let sides = [2 * stride, 3 * stride]
        guard stride == g.strideX, stride <= 2, sides.contains(window.y), sides.contains(window.x),
            Set(g.taps).count == g.taps.count, g.inputChannels.isMultiple(of: 16), g.outputChannels.isMultiple(of: 16)
        else { return nil }
        var taps = [Int](repeating: -1, count: window.y * window.x)
        for (number, tap) in g.taps.enumerated() { taps[(tap.dy - top) * window.x + tap.dx - left] = number }
        self.taps = taps

        let (height, width) =
            step.kind == .inputGradient
            ? (ceilingDivide(g.height, stride), ceilingDivide(g.width, stride)) : (g.outputHeight, g.outputWidth)
        tiles = g.batch * ceilingDivide(height, side) * ceilingDivide(width, side)
        products = (window.y / stride + side - 1) * (window.x / stride + side - 1)
        windows = stride * stride

        // What each unit would do again is worth a launch of its own, if the result is not read from afar; items that do
        // not are smaller.
        let most = side == 2 ? 64 : step.kind == .weightGradient ? 24 : 32
        let weights = windows * products * g.inputChannels * g.outputChannels
        let again = (ceilingDivide(tiles, most) - 3) * weights
        isAhead = step.kind != .weightGradient && again >= 500_000 * traits.computeUnits && weights <= 1 << 22
        block = isAhead && weights <= 1 << 20 ? most / 2 : most
        rows = step.kind == .weightGradient ? Winograd.channels : block
        tile = traits.registers.split(rows: rows, vectors: work.vectors)
        sets = step.kind == .forward ? 1 : windows
        blocks = ceilingDivide(step.kind == .weightGradient ? g.inputChannels : tiles, rows)
        // Where registers are narrow the second cache is mostly smaller, too.
        let wanted = 2 * traits.computeUnits
        let isWide = traits.registers.isWide && work.vectors.isMultiple(of: 8)
        vectors = isWide && blocks * work.vectors / 8 * sets >= wanted ? 8 : 4
        let items = blocks * ceilingDivide(work.vectors, vectors) * sets
        // Ranges of fewer results than these only where units would have nothing to do.
        let ranges = max(tiles * side * side / 1024, ceilingDivide(traits.computeUnits, items))
        splits = step.kind == .weightGradient ? min(ceilingDivide(wanted, items), ranges, tiles) : 1
        guard work.vectors.isMultiple(of: tile.vectors), tiles >= 64, items * splits >= traits.computeUnits else {
            return nil
        }
    }

    /// The register tiles to choose from, the rule's first: those whose vectors divide the result's.
    func registerTiles(_ work: ConvolutionWork, _ traits: KernelTraits) -> [RegisterTile] {
        traits.registers.tiles(rows: rows, vectors: work.vectors, rule: tile)
            .filter { work.vectors.isMultiple(of: $0.vectors) }
    }
}

extension LaunchPlan {
    mutating func addWinograd(
        _ step: ConvolutionStep, _ work: ConvolutionWork, _ winograd: Winograd, _ choice: ConvolutionChoice
    ) throws(DeviceError) {
        let (g, tile) = (step.geometry, choice.tile)
        let columnPanels = work.vectors / tile.vectors
        let panels = max(1, min(winograd.vectors, work.vectors) / tile.vectors)
        let sources = work.sourceChannels / 16
        let depth = 16 * ((1...Winograd.channels / 16).last { sources.isMultiple(of: $0) } ?? 1)
        var macros = work.macros
        (macros["WINDOW_Y"], macros["WINDOW_X"]) = winograd.window
        (macros["LEAST_Y"], macros["LEAST_X"]) = winograd.least
        macros["SIDE"] = winograd.side
        macros["TILE_ROWS"] = tile.rows
        macros["TILE_VECTORS"] = tile.vectors
        macros["PANELS"] = panels
        var sums: ColumnSums?
        if step.kind == .weightGradient {
            macros["CHANNELS"] = winograd.rows
            macros["DEPTH"] = winograd.block
            macros["SPLITS"] = winograd.splits
            if winograd.splits > 1 { sums = try takeSums(step) }
            macros["SUMS"] = sums == nil ? 0 : 1
        } else {
            macros["ROWS"] = ceilingDivide(winograd.rows, tile.rows) * tile.rows
            macros["DEPTH"] = depth
            macros["AHEAD"] = winograd.isAhead ? 1 : 0
        }
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1, 16], traits: traits)
        let taps = ["TAP_LIST": winograd.taps.map(String.init).joined(separator: ", ")]
        let kernels = source(try product("winograd_cpu", macros, after, more: taps), of: choice.description)
        zeros = max(zeros, g.inputChannels, g.outputChannels)

        var weights = step.second
        if winograd.isAhead {
            let parts = winograd.windows * work.sourceChannels / depth * columnPanels * winograd.products
            weights = newScratch(count: parts * (depth * tile.vectors * 16 + 16), .float32)
            let groups = [sources, columnPanels, winograd.windows]
            try launch(kernels, "weights", [step.second, weights], groups)
        }
        let operands = [step.first, weights, .zeros]
        let groups = [winograd.blocks, ceilingDivide(columnPanels, panels), winograd.sets * winograd.splits]
        if winograd.splits == 1 {
            return try launch(kernels, "convolve", operands + [step.destination], groups, epilogue: after)
        }
        let count = winograd.windows * winograd.products * g.inputChannels + (sums == nil ? 0 : 1)
        let partials = newScratch(count: winograd.splits * count * g.outputChannels, .float32)
        try launch(kernels, "partial", operands + [partials], groups)
        try launchReduce(
            kernels, partials, step.destination, sums, [g.inputChannels / 16, columnPanels, winograd.sets], after)
    }
}
