import Compute

/// How a convolution is computed by `convolution_cpu.cl`, whose head says what the choices mean.
///
/// Kind, splits, chunks and gathering decide the order of each sum and belong to the step; the candidates for a step
/// share them.
package struct ConvolutionChoice: Hashable, Codable, Sendable {
    package var kind: Int
    package var tile: RegisterTile
    package var packs = false
    /// Whether pixels are ordered by place, then by image.
    package var isBatchInner = false
    /// Whether the tiles are gone through row by row.
    package var goesAcross = false
    /// For the weight gradient: whether the lines are divided among the items.
    package var isSplit = false
    /// Whether it is computed by `winograd_cpu.cl`.
    package var isWinograd = false
}

extension ConvolutionChoice: CustomStringConvertible {
    package var description: String {
        (isWinograd ? "winograd_cpu" : "convolution_cpu") + " kind \(kind) tile \(tile.rows)x\(tile.vectors)"
            + (packs ? " packed" : "") + (isBatchInner ? " by place" : "") + (goesAcross ? " across" : "")
            + (isSplit ? " split" : "")
    }
}

extension ConvolutionChoice {
    /// The choice where nothing is known of the shape: the rules in the kernel's file.
    init(_ step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits) {
        let g = step.geometry
        kind = work.kind
        tile = traits.registers.convolution(vectors: work.vectors)
        if step.kind == .weightGradient {
            isSplit = CPUWeightGradient(step, work, traits, isSplit: true).isWorthSplitting
            let most = work.vectors == 1 ? traits.registers.deepColumn : tile
            let rows = CPUWeightGradient(step, work, traits, isSplit: isSplit).rows
            tile = RegisterTile(rows: ceilingDivide(rows, ceilingDivide(rows, most.rows)), vectors: most.vectors)
            // Pixels of many channels are far apart: all tiles would go through memory in large strides, and find their
            // lines in few sets of the cache.
            packs = g.outputChannels < 16 || (!isSplit && g.outputChannels >= 128)
            return
        }
        packs = step.kind == .inputGradient || g.outputChannels < 16 || g.outputChannels > 128
        let isSmall = g.outputHeight * g.outputWidth <= 64
        isBatchInner = g.batch >= 8 && g.usefulShare < 0.9 && (isSmall || traits.registers.isWide)
        if isBatchInner && isSmall {
            tile.rows = min(tile.rows, 8)
            if g.batch < 48, g.batch.isMultiple(of: 8), work.vectors.isMultiple(of: 2), traits.registers.sums >= 16 {
                tile = RegisterTile(rows: 8, vectors: 2)
            }
        }
        // Narrow tiles read the pixels more often than wide ones.
        let items = ceilingDivide(work.rows, tile.rows) * work.phases
        goesAcross =
            !traits.registers.isWide && work.vectors > tile.vectors && items >= 8 * traits.computeUnits
            && g.taps.count * g.inputChannels * g.outputChannels <= 262_144
        packs = packs || (goesAcross && work.rows >= 4096)
    }

    /// Everything that gives the same bits, the default first.
    static func candidates(
        for step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits
    ) -> [ConvolutionChoice] {
        if let winograd = Winograd(step, work, traits) {
            return winograd.registerTiles(work, traits).map {
                ConvolutionChoice(kind: work.kind, tile: $0, isWinograd: true)
            }
        }
        let g = step.geometry
        let rule = ConvolutionChoice(step, work, traits)
        var all = [rule]
        func add(_ choice: ConvolutionChoice) { if !all.contains(choice) { all.append(choice) } }
        if step.kind == .weightGradient {
            let rows = CPUWeightGradient(step, work, traits, isSplit: rule.isSplit).rows
            for tile in traits.registers.tiles(rows: rows, vectors: work.vectors, rule: rule.tile) {
                var choice = rule
                let even = ceilingDivide(rows, ceilingDivide(rows, tile.rows))
                choice.tile = RegisterTile(rows: even, vectors: tile.vectors)
                for packs in g.outputChannels < 16 ? [true] : rule.isSplit ? [false] : [rule.packs, !rule.packs] {
                    choice.packs = packs
                    add(choice)
                }
            }
            return all
        }
        let isOpen = step.kind == .forward && g.outputChannels >= 16
        let mixes = g.batch >= 8 && g.taps.count > 1 && g.usefulShare < 1
        for tile in traits.registers.tiles(rows: work.rows, vectors: work.vectors, rule: rule.tile) {
            for packs in isOpen ? [false, true] : [rule.packs] {
                for isInner in mixes ? [false, true] : [false] {
                    for across in work.vectors > tile.vectors ? [false, true] : [false] {
                        add(
                            .init(
                                kind: rule.kind, tile: tile, packs: packs, isBatchInner: isInner, goesAcross: across))
                    }
                }
            }
        }
        return all
    }

    /// What remains where all candidates give wrong results: a weight gradient in one piece, and the least tile.
    static func spares(
        for step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits
    ) -> [ConvolutionChoice] {
        var choice = ConvolutionChoice(step, work, traits)
        choice.isSplit = false
        choice.isBatchInner = false
        if step.kind == .weightGradient { choice.tile.rows = min(choice.tile.rows, step.geometry.inputChannels) }
        var least = choice
        least.tile = RegisterTile(rows: 1, vectors: 1)
        return [choice, least]
    }
}

/// The part of a weight gradient on CPUs that decides the order of its sums.
struct CPUWeightGradient {
    /// Lines of the output that are added up before the next tile.
    let chunk: Int
    let splits: Int
    /// Whether what the taps see is copied out first.
    let gathers: Bool
    /// Rows of a panel of tiles.
    let rows: Int
    let isWorthSplitting: Bool

    init(_ step: ConvolutionStep, _ work: ConvolutionWork, _ traits: KernelTraits, isSplit: Bool) {
        let g = step.geometry
        let lines = g.batch * g.outputHeight
        let pixels = min(max(8192 / (g.inputChannels + g.outputChannels), 64), 512)
        chunk = min(ceilingDivide(pixels, g.outputWidth), lines)
        let most = min(traits.computeUnits, ceilingDivide(lines, chunk))
        isWorthSplitting = work.outputPixels >= 1024 && work.resultCount <= 262_144 && most > 1
        splits = isSplit ? most : 1
        let gathered = g.taps.count * g.inputChannels
        gathers = splits > 1 && g.inputChannels < 4 && gathered * chunk * g.outputWidth <= 16_384
        rows = gathers ? gathered : g.inputChannels
    }
}

extension ConvolutionStep {
    /// What the time depends on, in words: the key in tables of winners.
    package var tuningKey: String {
        let g = geometry
        let (y, x) = (g.taps.map(\.dy), g.taps.map(\.dx))
        return "convolution \(kind) \(g.batch)x\(g.height)x\(g.width)x\(g.inputChannels) to "
            + "\(g.outputHeight)x\(g.outputWidth)x\(g.outputChannels) stride \(g.strideY)x\(g.strideX) taps "
            + "\(g.taps.count) in \(y.min() ?? 0)...\(y.max() ?? 0),\(x.min() ?? 0)...\(x.max() ?? 0)"
            + (isPixelwise ? " pixelwise" : "")
    }
}
