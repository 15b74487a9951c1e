import Compute

/// A tile of a product's result that is summed in registers: rows, and vectors of 16 columns.
package struct RegisterTile: Hashable, Codable, Sendable {
    var rows: Int
    var vectors: Int
}

/// The vector registers of a CPU, and the tiles that fit them: 24 vectors of 16 sums in 32 registers of 16 lanes
/// (AVX-512), 6 in 16 registers of 8 (AVX2), which take two of them each; the rest is for what is multiplied.
package struct VectorRegisters: Hashable, Sendable {
    /// Float32 numbers of one register.
    package let lanes: Int

    package init(lanes: Int) { self.lanes = max(1, lanes) }

    /// Vectors of 16 sums that stay in registers.
    var sums: Int { lanes >= 16 ? 24 : lanes == 8 ? 6 : 3 }
    var isWide: Bool { lanes >= 16 }

    /// The tile of a plain product.
    func product(rows: Int, vectors: Int) -> RegisterTile {
        if !isWide { return narrow(rows: rows, vectors: vectors) }
        if rows < 6 { return RegisterTile(rows: rows, vectors: max(1, min(vectors, 8, 25 / rows))) }
        switch vectors {
        case 1, 2: return RegisterTile(rows: min(12, rows), vectors: vectors)
        case 3: return RegisterTile(rows: min(8, rows), vectors: 3)
        case 4: return RegisterTile(rows: 6, vectors: 4)
        case 5: return RegisterTile(rows: 5, vectors: 5)
        default: break
        }
        return best(of: [(6, 4), (12, 2), (8, 3), (5, 5)], rows: rows, vectors: vectors)
    }

    /// The tile of a product that is split over its depth, before its rows are made even: fewer sums, which are in memory
    /// between two chunks of the depth.
    func split(rows: Int, vectors: Int) -> RegisterTile {
        if !isWide { return narrow(rows: rows, vectors: vectors) }
        if rows <= 4 { return RegisterTile(rows: rows, vectors: min(vectors, 8, 16 / rows)) }
        return best(of: [(4, 4), (8, 2), (5, 3), (8, 1)], rows: rows, vectors: vectors)
    }

    /// Rows of the depth that a split takes at a time: with the sums of all tiles they should stay in the first caches.
    var splitDepth: Int { isWide ? 32 : 64 }

    /// The tile with the least work in all, the first of equals. What is outside the result is computed, too; a load takes
    /// a tenth of the time of an fma.
    private func best(of tiles: [(Int, Int)], rows: Int, vectors: Int) -> RegisterTile {
        var (best, least) = (RegisterTile(rows: 1, vectors: 1), Int.max)
        for (most, widest) in tiles {
            let (height, across) = (min(most, rows), min(widest, vectors))
            let panels = ceilingDivide(rows, height) * ceilingDivide(vectors, across)
            let cost = panels * (10 * height * across + height + across)
            if cost < least { (best, least) = (RegisterTile(rows: height, vectors: across), cost) }
        }
        return best
    }

    /// The tile of a convolution of many pixels.
    func convolution(vectors: Int) -> RegisterTile {
        if !isWide { return RegisterTile(rows: sums, vectors: 1) }
        return switch vectors {
        case 1: RegisterTile(rows: 12, vectors: 1)
        case 2: RegisterTile(rows: 12, vectors: 2)
        case 3: RegisterTile(rows: 8, vectors: 3)
        case 4: RegisterTile(rows: 6, vectors: 4)
        case 5: RegisterTile(rows: 5, vectors: 5)
        default:
            if vectors.isMultiple(of: 4) {
                RegisterTile(rows: 6, vectors: 4)
            } else if vectors.isMultiple(of: 2) {
                RegisterTile(rows: 12, vectors: 2)
            } else if vectors.isMultiple(of: 5) {
                RegisterTile(rows: 5, vectors: 5)
            } else if vectors.isMultiple(of: 3) {
                RegisterTile(rows: 8, vectors: 3)
            } else {
                RegisterTile(rows: 6, vectors: 4)
            }
        }
    }

    /// The tile of one vector of a weight gradient with few columns, before its rows are made even.
    var deepColumn: RegisterTile { RegisterTile(rows: sums, vectors: 1) }

    /// The tile of a product inside a raster scan, whose operands are near: the one with the least work in all. A step of
    /// the depth takes as long as its fma, two at once, or as its loads, two at once; four times eight fma hide one
    /// another's latency.
    func scan(rows: Int, columns: Int) -> RegisterTile {
        let vectors = ceilingDivide(columns, 16)
        if !isWide { return narrow(rows: rows, vectors: vectors) }
        var (best, least) = (RegisterTile(rows: 1, vectors: 1), Int.max)
        for (most, across) in [(12, 2), (8, 3), (6, 4), (5, 5), (4, 6), (3, 8), (14, 1)] {
            let panels = ceilingDivide(vectors, across)
            for height in 1...min(most, rows) {
                let step = max(height * across, height + across, 8)
                let cost = panels * ceilingDivide(rows, height) * (step * 8 + 4)
                if cost < least { (best, least) = (RegisterTile(rows: height, vectors: across), cost) }
            }
        }
        return best
    }

    /// The tile of a product of dots: rows, and columns, each with a vector of sums.
    func dots(rows: Int, columns: Int) -> (rows: Int, columns: Int) {
        isWide ? (min(6, rows), min(4, columns)) : (min(3, rows), min(2, columns))
    }

    /// Tiles worth trying, cut down to so many rows and vectors; the rule's first.
    func tiles(rows: Int, vectors: Int, rule: RegisterTile) -> [RegisterTile] {
        // Of many rows, several vectors of columns need more registers than there are.
        let narrow = rows < sums ? [(sums, 1), (sums / 2, 2), (sums / 3, 3)] : [(sums, 1)]
        let most = isWide ? [(12, 2), (8, 3), (6, 4), (5, 5)] : narrow
        var tiles = [rule]
        for (height, across) in most where across <= vectors {
            let tile = RegisterTile(rows: max(1, min(height, rows)), vectors: across)
            if !tiles.contains(tile) { tiles.append(tile) }
        }
        return tiles
    }

    /// The same for products of dots.
    var dotTiles: [(rows: Int, columns: Int)] { isWide ? [(6, 4), (8, 3), (4, 4)] : [(3, 2), (2, 3), (6, 1)] }

    /// A tile of few sums: a single vector wide wherever there are rows enough, evened out.
    private func narrow(rows: Int, vectors: Int) -> RegisterTile {
        if rows <= sums / 2 { return RegisterTile(rows: rows, vectors: max(1, min(vectors, sums / rows))) }
        return RegisterTile(rows: ceilingDivide(rows, ceilingDivide(rows, sums)), vectors: 1)
    }
}
