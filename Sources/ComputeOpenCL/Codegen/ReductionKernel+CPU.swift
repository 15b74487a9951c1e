import Compute

extension ReductionKernel {
    /// Vectors held at once while a long row is added up, or columns are.
    private static let vectors = 4
    /// Elements of a row that are added plainly before they join the compensated total.
    private static let block = 4096

    /// The last axis is reduced: an item owns a range of results.
    func cpuRows(_ builder: inout KernelBuilder) -> (lines: [String], groups: Int, groupSize: Int) {
        let (outer, share, unitCount, items) = units(keptAxes, results: keptCount, work: reducedCount, &builder)
        return (unitLoop(outer, share, unitCount, cpuRow(&builder), &builder), items, 1)
    }

    /// The last axis is reduced: one result, whose indices are known, folded from the lanes of its vectors.
    func cpuRow(_ builder: inout KernelBuilder) -> [String] {
        let inner = shape.count - 1
        let extent = shape[inner]
        let widths = VectorWidths(extent: extent, isCut: cut?.axis == inner, widest: traits.widestVector)
        let names = shape.indices.map { $0 == inner ? "x" : "i\($0)" }
        let values = ExpressionEmitter(
            body, roots: [value], operands: operands, axes: names, inner: inner, prefix: "", in: &builder)
        let after = ExpressionEmitter(
            epilogue, roots: stores.map(\.value), operands: operands, axes: epilogueAxes, inner: nil, prefix: "e",
            in: &builder)
        let targets = StoreEmitter(stores, axes: epilogueAxes, inner: nil, prefix: "e", in: &builder)

        let type = builder.index
        let innerExtent = builder.number(extent)
        var row = values.rowLines()
        if let cut, cut.axis == inner {
            let length = builder.number(cut.length)
            row.append("\(type) x = piece * \(length);")
            row.append("const \(type) stop = min(x + \(length), \(innerExtent));")
        } else {
            row.append("\(type) x = 0;")
            row.append("const \(type) stop = \(innerExtent);")
        }
        for width in widths.all { row += addRow(values, width: width, isLong: extent >= 256, &builder) }

        var result: [String] = []
        for width in widths.all { result += declareTotal("total\(width)", "lost\(width)", width: width) }
        result += reducedLoops(reducedAxes.filter { $0 != inner }, row, &builder)
        let totals = widths.all.map { fold("total\($0)", width: $0) }
        let type1 = dtype.registerType(1)
        result.append("const \(type1) total = \(totals.dropFirst().reduce(totals[0]) { combine($0, $1, width: 1) });")
        result += after.rowLines(accumulator: "total") + targets.rowLines()
        return result + targets.lines(width: 1, at: "0", values: after)
    }

    /// Adds the rest of a row in vectors of one width: in blocks of several vectors at a time where the row is long.
    private func addRow(
        _ values: ExpressionEmitter, width: Int, isLong: Bool, _ builder: inout KernelBuilder
    ) -> [String] {
        let type = dtype.registerType(width)
        let count = ReductionKernel.vectors
        var lines: [String] = []
        if isLong && width == 16 {
            let element = values.lines(width: width, at: "y", builder: &builder)
            let step = width * count
            let add = "part[j] = \(combine("part[j]", values.value(value, width: width), width: width));"
            let vectors = LoopText.block(
                "for (int j = 0; j < \(count); ++j)",
                ["const \(builder.index) y = x + \(width) * j;"] + element + [add])
            var block = [
                "const \(builder.index) block_stop = min(stop, x + \(ReductionKernel.block));",
                "\(type) part[\(count)];",
                "for (int j = 0; j < \(count); ++j) part[j] = (\(type))(\(start));",
            ]
            block += LoopText.block("for (; x + \(step) <= block_stop; x += \(step))", ["#pragma unroll"] + vectors)
            let left = combine("part[0]", "part[1]", width: width)
            let right = combine("part[2]", "part[3]", width: width)
            block.append(accumulate("total16", "lost16", combine("(\(left))", "(\(right))", width: width), width: 16))
            lines += LoopText.block("while (x + \(step) <= stop)", block)
        }
        let element = values.lines(width: width, at: "x", builder: &builder)
        let text = values.value(value, width: width)
        lines += LoopText.block(
            "if (x + \(width) <= stop)",
            ["\(type) part = (\(type))(\(start));"]
                + LoopText.block(
                    "for (; x + \(width) <= stop; x += \(width))",
                    element + ["part = \(combine("part", text, width: width));"])
                + [accumulate("total\(width)", "lost\(width)", "part", width: width)])
        return lines
    }

    /// The last axis is kept: an item owns blocks of columns, and adds row upon row.
    func cpuColumns(_ builder: inout KernelBuilder) -> (lines: [String], groups: Int, groupSize: Int) {
        let inner = shape.count - 1
        let extent = shape[inner]
        let widths = VectorWidths(extent: extent, widest: traits.widestVector)
        let names = shape.indices.map { $0 == inner ? "x" : "i\($0)" }
        let piece = 64
        let blocks = (extent + piece - 1) / piece
        let outerKept = keptAxes.filter { $0 != inner }
        let results = outerKept.reduce(blocks) { $0 * shape[$1] }
        var (outer, share, unitCount, items) = units(
            outerKept, results: results, work: reducedCount * min(extent, piece), &builder)
        outer.append((name: "block", extent: builder.number(blocks)))

        let axes = epilogueAxes.map { $0 == "i\(inner)" ? "x" : $0 }
        let values = ExpressionEmitter(
            body, roots: [value], operands: operands, axes: names, inner: inner, prefix: "", in: &builder)
        let after = ExpressionEmitter(
            epilogue, roots: stores.map(\.value), operands: operands, axes: axes, inner: axes.count - 1, prefix: "e",
            in: &builder)
        let targets = StoreEmitter(stores, axes: axes, inner: axes.count - 1, prefix: "e", in: &builder)
        let type = builder.index
        var unit = after.rowLines() + targets.rowLines()
        unit.append("\(type) x = block * \(piece);")
        unit.append("const \(type) stop = min(x + \(piece), \(builder.number(extent)));")
        if extent >= piece && widths.main == 16 {
            unit += columns(values, after, targets, width: 16, count: ReductionKernel.vectors, &builder)
        }
        if extent % piece != 0 || widths.main < 16 {
            for width in widths.all { unit += columns(values, after, targets, width: width, count: 1, &builder) }
        }
        return (unitLoop(outer, share, unitCount, unit, &builder), items, 1)
    }

    /// Reduces `count` vectors of columns at a time, for as long as so many are left.
    private func columns(
        _ values: ExpressionEmitter, _ after: ExpressionEmitter, _ targets: StoreEmitter, width: Int, count: Int,
        _ builder: inout KernelBuilder
    ) -> [String] {
        let inner = shape.count - 1
        let place = count == 1 ? "x" : "y"
        let element = values.lines(width: width, at: place, builder: &builder)
        let (total, lost) = count == 1 ? ("total", "lost") : ("total[j]", "lost[j]")
        let text = values.value(value, width: width)
        var add = element + [accumulate(total, lost, text, width: width)]
        var finish = after.lines(width: width, at: place, accumulator: total, builder: &builder)
        finish += targets.lines(width: width, at: place, values: after)
        if count > 1 {
            let head = "for (int j = 0; j < \(count); ++j)"
            let declaration = "const \(builder.index) y = x + \(width) * j;"
            add = ["#pragma unroll"] + LoopText.block(head, [declaration] + add)
            finish = ["#pragma unroll"] + LoopText.block(head, [declaration] + finish)
        }
        let step = width * count
        return LoopText.block(
            "for (; x + \(step) <= stop; x += \(step))",
            declareTotal("total", "lost", width: width, count: count)
                + reducedLoops(reducedAxes.filter { $0 != inner }, values.rowLines() + add, &builder) + finish)
    }

    /// Cuts the results, and the pieces of a cut, into one range for each item.
    private func units(_ axes: [Int], results: Int, work: Int, _ builder: inout KernelBuilder) -> (
        outer: [(name: String, extent: String)], share: String, unitCount: String, items: Int
    ) {
        var outer: [(name: String, extent: String)] = []
        if let cut { outer.append((name: "piece", extent: builder.number(cut.pieces))) }
        for axis in axes { outer.append((name: "i\(axis)", extent: builder.number(shape[axis]))) }
        let units = results * (cut?.pieces ?? 1)
        let workPerUnit = max(1, work / (cut?.pieces ?? 1))
        let (items, perItem) = traits.share(units, work: units * workPerUnit * body.weight)
        return (outer, builder.number(perItem), builder.number(units), items)
    }

    /// Walks an item's units.
    private func unitLoop(
        _ outer: [(name: String, extent: String)], _ share: String, _ unitCount: String, _ body: [String],
        _ builder: inout KernelBuilder
    ) -> [String] {
        let type = builder.index
        return [
            "\(type) unit = (\(type))\(builder.item) * \(share);",
            "const \(type) last = min(unit + \(share), \(unitCount));",
        ] + LoopText.decompose("unit", into: outer, index: type)
            + LoopText.block("for (; unit < last; ++unit)", body + LoopText.advance(outer))
    }
}
