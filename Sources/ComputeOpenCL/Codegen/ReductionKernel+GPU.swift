import Compute

extension ReductionKernel {
    /// Items of a group that share one result.
    static func lanes(reducedCount: Int, keptCount: Int, lastIsKept: Bool, groupSize: Int) -> Int {
        // About four elements an item; where neighbours hold neighbouring results, groups keep 32 of those together.
        var most = groupSize
        if lastIsKept && keptCount >= 32 { most = max(1, groupSize / 32) }
        if lastIsKept && keptCount >= 1 << 16 { most = 1 }
        var lanes = 1
        while lanes < most && lanes * 4 < reducedCount { lanes *= 2 }
        return lanes
    }

    /// A group owns some results, each with some lanes. Every item reaches every barrier.
    func gpu(_ builder: inout KernelBuilder) -> (lines: [String], groups: Int, groupSize: Int) {
        let lastIsKept = reducedAxes.last != shape.count - 1
        let pieces = cut?.pieces ?? 1
        let length = cut?.length ?? reducedCount
        let lanes = ReductionKernel.lanes(
            reducedCount: length, keptCount: keptCount, lastIsKept: lastIsKept, groupSize: traits.groupSize)
        let results = traits.groupSize / lanes
        let count = keptCount * pieces
        // Where the last axis is reduced, neighbouring items are lanes; otherwise they are results.
        let distance = lastIsKept ? results : 1
        let place = ReductionKernel.place(
            lanes: lanes, distance: distance, results: results, of: count, index: builder.index)
        return (
            place + gpuResult(lanes: lanes, distance: distance, &builder), ceilingDivide(count, results),
            traits.groupSize
        )
    }

    /// Tells an item its `lane` and its `result`; where it has none (`is_mine`), another of its group's.
    /// - Parameters:
    ///   - distance: of neighbouring lanes among the items.
    ///   - results: of a group.
    static func place(lanes: Int, distance: Int, results: Int, of count: Int, index type: String) -> [String] {
        let local = "(int)get_local_id(0)"
        return [
            "const int lane = \(distance == 1 ? "\(local) % \(lanes)" : "\(local) / \(distance)");",
            "const int slot = \(distance == 1 ? "\(local) / \(lanes)" : "\(local) % \(distance)");",
            "const \(type) group_first = (\(type))GROUP_ID(0) * \(results);",
            "const int is_mine = group_first + slot < \(count);",
            "const \(type) result = is_mine ? group_first + slot : group_first;",
        ]
    }

    /// One result, by the lanes that own it (`place`): each adds up its share, then a tree in local memory adds the lanes.
    /// - Parameter distance: of neighbouring lanes among the items.
    func gpuResult(lanes: Int, distance: Int, _ builder: inout KernelBuilder) -> [String] {
        let type = builder.index
        let length = cut?.length ?? reducedCount
        let names = shape.indices.map { "i\($0)" }
        let values = ExpressionEmitter(
            body, roots: [value], operands: operands, axes: names, inner: nil, prefix: "", in: &builder)
        let after = ExpressionEmitter(
            epilogue, roots: stores.map(\.value), operands: operands, axes: epilogueAxes, inner: nil, prefix: "e",
            in: &builder)
        let targets = StoreEmitter(stores, axes: epilogueAxes, inner: nil, prefix: "e", in: &builder)
        var kept = cut.map { [(name: "piece", extent: "\($0.pieces)")] } ?? []
        for axis in keptAxes { kept.append((name: "i\(axis)", extent: "\(shape[axis])")) }
        let reduced = reducedAxes.map { (name: "i\($0)", extent: "\(shape[$0])") }

        builder.groupMemory = 4 * traits.groupSize
        let (place, scalar) = ("get_local_id(0)", dtype.registerType(1))
        var lines = ["__local \(scalar) *shared = (__local \(scalar) *)group_memory;"]
        lines += LoopText.decompose("result", into: kept, index: type)
        lines.append("const \(type) first = \(cut == nil ? "0" : "piece * \(length)");")
        lines.append("const \(type) stop = is_mine ? min(first + \(length), (\(type))\(reducedCount)) : first;")
        lines += declareTotal("total", "lost", width: 1)
        let element = LoopText.decompose("r", into: reduced, index: type) + values.rowLines()
        lines += LoopText.block(
            "for (\(type) r = first + lane; r < stop; r += \(lanes))",
            element + [accumulate("total", "lost", values.value(value, width: 1), width: 1)])
        lines.append("shared[\(place)] = total;")
        lines.append("barrier(CLK_LOCAL_MEM_FENCE);")
        if lanes > 1 {
            let sum = combine("shared[\(place)]", "shared[\(place) + half_lanes * \(distance)]", width: 1)
            lines += LoopText.block(
                "for (int half_lanes = \(lanes / 2); half_lanes > 0; half_lanes /= 2)",
                ["if (lane < half_lanes) shared[\(place)] = \(sum);", "barrier(CLK_LOCAL_MEM_FENCE);"])
        }
        lines += LoopText.block(
            "if (is_mine && lane == 0)",
            after.rowLines(accumulator: "shared[\(place)]") + targets.rowLines()
                + targets.lines(width: 1, at: "0", values: after))
        return lines
    }
}
