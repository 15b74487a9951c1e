import Compute

/// How a product or convolution is computed by `matmul_gpu.cl` or `convolution_gpu.cl`, whose heads say what the choices
/// mean. Into how many pieces the depth is divided belongs to the step; the candidates for a step differ in the tile.
package struct GPUChoice: Hashable, Codable, Sendable {
    package var file: String
    package var tile: GPUTile
    /// Pieces of the depth, each summed by a work-group of its own.
    package var splits: Int
}

extension GPUChoice: CustomStringConvertible {
    package var description: String {
        "\(file) tile \(tile.rows)x\(tile.columns)x\(tile.depth)" + (splits > 1 ? " split" : "")
    }
}

/// What a GPU's kernels are chosen among for one step.
struct GPUChoices {
    /// All give the same bits; the default is the first.
    var candidates: [GPUChoice]
    /// What remains where all of those give wrong results: other tiles, and a depth that is not divided.
    var spares: [GPUChoice]

    /// - Parameters:
    ///   - rule: the tile where nothing is known of the shape.
    ///   - tiles: all that there are.
    ///   - depths: the lengths of the sums, of all parts of the result.
    private init(
        _ file: String, rule: GPUTile, tiles: [GPUTile], splits: Int, depths: [Int], _ traits: KernelTraits
    ) {
        // A tile walks the depth in steps of its own. Where the last one is not full it adds zeros, which takes the sign
        // from a negative zero, so all tiles must do so or none; and the pieces of a divided depth are whole steps.
        func isPadded(_ tile: GPUTile, _ depth: Int) -> Bool { !depth.isMultiple(of: tile.depth) }
        let fitting = tiles.filter { $0 != rule && $0.items <= traits.groupSize }
        let equal = fitting.filter { tile in
            tile.depth == rule.depth
                || (splits == 1 && depths.allSatisfy { isPadded(tile, $0) == isPadded(rule, $0) })
        }
        candidates = ([rule] + equal).map { GPUChoice(file: file, tile: $0, splits: splits) }
        spares = (splits > 1 ? [splits, 1] : [1]).flatMap { pieces in
            ([rule] + fitting).map { GPUChoice(file: file, tile: $0, splits: pieces) }
        }
    }

    /// By the rules of matmul_gpu.cl, which says why.
    init(_ step: ContractionStep, _ traits: KernelTraits) {
        let units = traits.computeUnits
        let tiles = traits.groupSize < 256 ? [GPUTile.small] : [.large, .medium, .small]
        let (rule, groups) = GPUChoices.rule(tiles, step.rows, step.columns, parts: step.batch, units)
        let wanted = ceilingDivide(2 * units, groups)
        var splits = groups >= units ? 1 : min(wanted, ceilingDivide(step.depth, 64))
        if step.depth >= 4096 { splits = max(splits, min(wanted, 64)) }
        self.init("matmul_gpu", rule: rule, tiles: tiles, splits: splits, depths: [step.depth], traits)
    }

    /// By the rules of convolution_gpu.cl, which says why.
    init(_ step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits) {
        let units = traits.computeUnits
        var tiles: [GPUTile] = work.resultChannels > 64 ? [.large, .medium, .small] : [.medium, .small]
        if traits.groupSize < 256 { tiles = [.small] }
        if work.resultChannels <= 16 { tiles = [.narrow] }
        let (rule, groups) = GPUChoices.rule(tiles, work.rows, work.resultChannels, parts: work.phases, units)
        let splits = groups >= units ? 1 : min(ceilingDivide(2 * units, groups), ceilingDivide(work.depth, 128), 64)
        self.init(
            "convolution_gpu", rule: rule, tiles: [.large, .medium, .small, .narrow], splits: splits,
            depths: step.depths, traits)
    }

    /// The first of some tiles that gives each compute unit one and computes, beyond the ends of the result too, at most
    /// twice as much as small ones; else the last. And how many it takes for all parts of the result.
    private static func rule(
        _ tiles: [GPUTile], _ rows: Int, _ columns: Int, parts: Int, _ units: Int
    ) -> (tile: GPUTile, groups: Int) {
        func groups(_ tile: GPUTile) -> Int {
            parts * ceilingDivide(rows, tile.rows) * ceilingDivide(columns, tile.columns)
        }
        func computed(_ tile: GPUTile) -> Int { groups(tile) * tile.rows * tile.columns }
        let suiting = tiles.first { groups($0) >= units && computed($0) <= 2 * computed(.small) }
        let tile = suiting ?? tiles[tiles.count - 1]
        return (tile, groups(tile))
    }
}

extension ConvolutionStep {
    /// The lengths of the sums as the GPU's kernels form them, of each phase of the result.
    fileprivate var depths: [Int] {
        let g = geometry
        switch kind {
        case .forward: return [g.taps.count * g.inputChannels]
        case .weightGradient: return [g.batch * g.outputHeight * g.outputWidth]
        case .inputGradient:
            return (0..<g.strideY * g.strideX).map { phase in
                let (y, x) = (phase / g.strideX, phase % g.strideX)
                let meeting = g.taps.count {
                    (y - $0.dy).isMultiple(of: g.strideY) && (x - $0.dx).isMultiple(of: g.strideX)
                }
                return meeting * g.outputChannels
            }
        }
    }
}
