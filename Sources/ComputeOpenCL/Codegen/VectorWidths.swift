/// How an axis is walked on a CPU: in vectors of `main` lanes, then of `middle`, then one by one.
struct VectorWidths {
    let main: Int
    /// 0 where there is none.
    let middle: Int
    /// Whether single elements may remain.
    let hasRest: Bool

    /// Long axes are walked alike, so that their kernels are shared: with single elements at the end or without.
    private static let long = 256

    /// - Parameters:
    ///   - isCut: whether the axis is walked in pieces of some times 64 elements, but for the last one.
    ///   - widest: lanes of a vector at the most.
    init(extent: Int, isCut: Bool = false, widest: Int) {
        if widest == 1 {
            self.init(main: 1, middle: 0, hasRest: true)
            return
        }
        if isCut || extent >= VectorWidths.long {
            self.init(main: 16, middle: 0, hasRest: extent % 16 != 0)
            return
        }
        var best = VectorWidths(main: 1, middle: 0, hasRest: true)
        var bestCost = extent
        for main in [16, 8, 4, 2] where main <= extent {
            for middle in [0, 8, 4, 2] where middle < main {
                let rest = extent % main
                let last = middle == 0 ? rest : rest % middle
                let cost = extent / main + (middle == 0 ? 0 : rest / middle) + last
                if cost < bestCost {
                    best = VectorWidths(main: main, middle: rest >= middle ? middle : 0, hasRest: last > 0)
                    bestCost = cost
                }
            }
        }
        self = best
    }

    private init(main: Int, middle: Int, hasRest: Bool) {
        self.main = main
        self.middle = middle
        self.hasRest = hasRest
    }

    /// The widths in the order in which they are used.
    var all: [Int] {
        var widths = [main]
        if middle > 0 { widths.append(middle) }
        if hasRest && main > 1 { widths.append(1) }
        return widths
    }
}
