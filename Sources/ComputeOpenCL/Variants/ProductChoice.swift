import Compute

/// How a product is computed by `matmul_cpu.cl`, whose head says what the choices mean.
///
/// The form decides the order of each sum and belongs to the step; the candidates for a step share it. They differ in
/// the tile, in what is packed and in which tiles follow one another.
package struct ProductChoice: Hashable, Codable, Sendable {
    package enum Form: Int, Codable, Sendable { case tiles, split, dots }

    package var form: Form
    /// For dots, `vectors` are columns.
    package var tile: RegisterTile
    package var packsA = false
    package var packsB = false
    /// Whether the tiles are gone through row by row.
    package var goesAcross = false
}

extension ProductChoice: CustomStringConvertible {
    package var description: String {
        "matmul_cpu form \(form.rawValue) tile \(tile.rows)x\(tile.vectors)" + (packsA ? " packed a" : "")
            + (packsB ? " packed b" : "") + (goesAcross ? " across" : "")
    }
}

extension ProductChoice {
    /// The choice where nothing is known of the shape: the rules in the kernel's file.
    init(_ step: ContractionStep, _ traits: KernelTraits) {
        let (a, b, units) = (step.a, step.b, traits.computeUnits)
        tile = traits.registers.product(rows: step.rows, vectors: step.vectors)
        let isDot =
            a.columnStride == 1 && b.rowStride == 1
            && ((step.columns == 1 && step.depth >= 16)
                || (b.columnStride != 1 && step.depth >= 192 && step.rows <= (traits.registers.isWide ? 192 : 96)))
        let tiles = step.batch * step.rowPanels(tile) * step.columnPanels(tile)
        let isDeep = step.depth >= 2048 && step.depth >= 8 * min(step.rows, step.columns)
        let isSplit = step.rows * step.columns <= 131_072 && (isDeep || (step.depth >= 512 && tiles < units))
        form = isDot ? .dots : isSplit ? .split : .tiles
        switch form {
        case .dots:
            let dots = traits.registers.dots(rows: step.rows, columns: step.columns)
            tile = RegisterTile(rows: dots.rows, vectors: dots.columns)
        case .split:
            packsB = step.mustPackB
            tile = traits.registers.split(rows: step.rows, vectors: step.vectors)
            tile.rows = step.evenRows(tile.rows)
        case .tiles:
            let isWide = traits.registers.isWide
            let panels = step.columnPanels(tile)
            let items = step.batch * step.rowPanels(tile)
            let isNear = step.depth * step.columns <= (isWide ? 131_072 : 65_536)
            goesAcross = panels > 1 && step.rowPanels(tile) > panels && items >= 8 * units && isNear
            let isScattered = step.rows >= 256 && b.rowStride >= 512 && !(isWide && goesAcross)
            // A copy of what is one panel already would be the same.
            let isPanel = panels == 1 && b.rowStride == 16 * tile.vectors
            packsB = step.mustPackB || (!isPanel && (step.rows >= 1024 || isScattered))
            packsA = a.columnStride >= 1000 && step.depth >= 512 && step.columns >= 256
            // Narrow tiles read A more often.
            guard !isWide else { return }
            let isReread = panels >= 32 && step.rows >= 768 && step.depth >= 512
            packsA = packsA || (isReread && step.batch * step.rows * step.depth <= ProductChoice.mostPacked)
        }
    }

    /// Everything that gives the same bits, the default first.
    static func candidates(for step: ContractionStep, _ traits: KernelTraits) -> [ProductChoice] {
        let rule = ProductChoice(step, traits)
        var all = [rule]
        func add(_ choice: ProductChoice) { if !all.contains(choice) { all.append(choice) } }
        switch rule.form {
        case .dots:
            for (rows, columns) in traits.registers.dotTiles where rows <= step.rows && columns <= step.columns {
                add(ProductChoice(form: .dots, tile: RegisterTile(rows: rows, vectors: columns)))
            }
        case .split:
            for tile in traits.registers.tiles(rows: step.rows, vectors: step.vectors, rule: rule.tile) {
                var choice = rule
                choice.tile = RegisterTile(rows: step.evenRows(tile.rows), vectors: tile.vectors)
                add(choice)
            }
        case .tiles:
            for tile in traits.registers.tiles(rows: step.rows, vectors: step.vectors, rule: rule.tile) {
                let isGrid = step.rowPanels(tile) > 1 && step.columnPanels(tile) > 1
                // A copy of A pays only where it is read several times.
                let packsA = isGrid && step.rows * step.depth * step.batch <= mostPacked ? [false, true] : [false]
                for a in packsA {
                    for b in step.mustPackB ? [true] : [false, true] {
                        for across in isGrid ? [false, true] : [false] {
                            add(.init(form: .tiles, tile: tile, packsA: a, packsB: b, goesAcross: across))
                        }
                    }
                }
            }
        }
        return all
    }

    /// Elements of A that are copied at the most.
    private static let mostPacked = 1 << 24

    /// What remains where all candidates give wrong results: plain tiles, and the least of them.
    static func spares(for step: ContractionStep, _ traits: KernelTraits) -> [ProductChoice] {
        let tile = traits.registers.product(rows: step.rows, vectors: step.vectors)
        return [tile, RegisterTile(rows: 1, vectors: 1)].map {
            ProductChoice(form: .tiles, tile: $0, packsB: true)
        }
    }
}

extension ContractionStep {
    /// Vectors of 16 columns.
    var vectors: Int { ceilingDivide(columns, 16) }
    /// Whether vectors of columns cannot be read from B as it is.
    var mustPackB: Bool { b.columnStride != 1 || columns < 16 }

    func rowPanels(_ tile: RegisterTile) -> Int { ceilingDivide(rows, tile.rows) }
    func columnPanels(_ tile: RegisterTile) -> Int { ceilingDivide(vectors, tile.vectors) }

    /// Rows of a tile, at most so many, of which none is shifted back far: partial results are few tiles, each over a
    /// long sum.
    func evenRows(_ most: Int) -> Int { ceilingDivide(rows, ceilingDivide(rows, most)) }

    /// What the time depends on, in words: the key in tables of winners.
    package var tuningKey: String {
        func text(_ matrix: Matrix) -> String { "\(matrix.rowStride),\(matrix.columnStride),\(matrix.batchStride)" }
        return "product \(batch)x\(rows)x\(columns)x\(depth) a \(text(a)) b \(text(b))"
    }
}
