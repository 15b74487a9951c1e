import Compute

/// Neighbouring steps that go over the same rows, each needing of the others only what they have computed for the row it
/// is at: the maximum of a row, the sum of its exponentials, its gradient. A CPU runs them in one launch, row after row,
/// so that a row comes from memory once and stays in the first cache. The numbers are those of the single steps.
struct RowRun {
    /// Elements of a row at the most: what a core's caches hold, and no more than an item of a single step has.
    private static let longest = 16384

    let rows: Int
    private let length: Int
    /// The rows' elements are the last axis of each.
    private(set) var steps: [PointwiseStep]
    private var accesses: [(reads: [RowAccess], writes: [RowAccess])]

    /// As many of the steps as belong together, from the first one on; `nil` where these are not at least two that go over
    /// the elements of rows.
    init?(from first: Step, _ following: ArraySlice<Step>) {
        guard case .pointwise(let first) = first, let reduction = first.reduction, first.shape.count > 1,
            reduction.axes == [first.shape.count - 1], let length = first.shape.last,
            (2...RowRun.longest).contains(length)
        else { return nil }
        rows = first.shape.dropLast().reduce(1, *)
        self.length = length
        self.steps = []
        accesses = []
        for step in [.pointwise(first)] + following {
            guard case .pointwise(let step) = step, let member = member(step) else { break }
            let access = (reads: member.reads, writes: member.writes)
            guard accesses.allSatisfy({ RowRun.allow(access, after: $0) }) else { break }
            self.steps.append(member)
            accesses.append(access)
        }
        guard self.steps.lazy.filter({ $0.shape.last == length }).count > 1 else { return nil }
    }

    /// The step with the rows' elements as its last axis, of which there is one where it computes a number for each row.
    private func member(_ step: PointwiseStep) -> PointwiseStep? {
        guard !step.stores.isEmpty, let last = step.shape.last else { return nil }
        let outer = step.shape.dropLast().reduce(1, *)
        if let reduction = step.reduction {
            return reduction.axes == [step.shape.count - 1] && outer == rows && last == length ? step : nil
        }
        if outer == rows && last == length { return step }
        guard outer * last == rows else { return nil }
        var step = step
        step.shape.append(1)
        step.body = step.body.mappingViews(\.withElementAxis)
        for index in step.stores.indices { step.stores[index].view = step.stores[index].view.withElementAxis }
        return step
    }

    /// Whether one step may follow another within each row: where they touch the same memory and do not both read it, a
    /// row of one touches nothing but the same row of the other.
    private static func allow(
        _ later: (reads: [RowAccess], writes: [RowAccess]), after earlier: (reads: [RowAccess], writes: [RowAccess])
    ) -> Bool {
        func areApart(_ a: [RowAccess], _ b: [RowAccess]) -> Bool {
            a.allSatisfy { one in b.allSatisfy { !one.mayOverlap($0) || one.sharesRows(with: $0) } }
        }
        return areApart(later.reads, earlier.writes) && areApart(later.writes, earlier.writes)
            && areApart(later.writes, earlier.reads)
    }
}

/// The bytes of a slot that a step reads or writes in one way, in all rows and in the first.
private struct RowAccess {
    let slot: Int
    let whole: ClosedRange<Int>
    /// The first row's bytes, and how far apart rows are; `nil` where rows are not evenly apart.
    let row: (bytes: ClosedRange<Int>, stride: Int)?

    /// Nil where nothing is touched. A view with an axis of elements last, or over rows alone.
    init?(_ operand: Operand, _ view: View, hasElements: Bool) {
        guard let reach = view.reach else { return nil }
        let size = operand.dtype.size
        func bytes(_ first: Int, _ last: Int) -> ClosedRange<Int> {
            (operand.offset + first) * size...(operand.offset + last + 1) * size - 1
        }
        slot = operand.slot
        whole = bytes(reach.lowerBound, reach.upperBound)
        let outer = hasElements ? view.shape.dropLast() : view.shape[...]
        var stride: Int?
        var next = 0
        for axis in outer.indices.reversed() where view.shape[axis] != 1 {
            if stride != nil, view.strides[axis] != next {
                row = nil
                return
            }
            stride = stride ?? view.strides[axis]
            next = view.strides[axis] * view.shape[axis]
        }
        var span = 0
        if hasElements, let extent = view.shape.last, let step = view.strides.last { span = step * (extent - 1) }
        row = (bytes(view.offset + min(span, 0), view.offset + max(span, 0)), (stride ?? 0) * size)
    }

    func mayOverlap(_ other: RowAccess) -> Bool { slot == other.slot && whole.overlaps(other.whole) }

    /// Whether no row touches what another row of the other access touches.
    func sharesRows(with other: RowAccess) -> Bool {
        guard let row, let others = other.row, row.stride == others.stride else { return false }
        let first = min(row.bytes.lowerBound, others.bytes.lowerBound)
        let last = max(row.bytes.upperBound, others.bytes.upperBound)
        return last - first < abs(row.stride)
    }
}

extension PointwiseStep {
    fileprivate var reads: [RowAccess] {
        func loads(_ expression: Expression, hasElements: Bool) -> [RowAccess] {
            expression.instructions.compactMap { instruction in
                switch instruction {
                case .load(let operand, let view): RowAccess(operands[operand], view, hasElements: hasElements)
                case .random(_, let operand, _, _):
                    RowAccess(operands[operand], View(contiguous: [2]), hasElements: true)
                default: nil
                }
            }
        }
        return loads(body, hasElements: true) + (reduction.map { loads($0.epilogue, hasElements: false) } ?? [])
    }

    fileprivate var writes: [RowAccess] {
        stores.compactMap { RowAccess($0.destination, $0.view, hasElements: reduction == nil) }
    }
}

extension View {
    /// The same view, with an axis of extent 1 at its end.
    fileprivate var withElementAxis: View {
        View(shape: shape + [1], strides: strides + [0], offset: offset, valid: valid.map { $0 + [0..<1] })
    }
}

extension LaunchPlan {
    /// Adds a step and some that follow it in one launch, if they are a run over rows.
    /// - Returns: how many of the following steps are in it: none where nothing was added.
    mutating func addRowRun(from step: Step, _ following: ArraySlice<Step>) throws(DeviceError) -> Int {
        let variant = "row_run_cpu"
        let parts = ["reduction_cpu vectors", "pointwise_cpu vectors"]
        guard traits.shape == .cpu, traits.variants.failing.isDisjoint(with: parts + [variant]),
            let run = RowRun(from: step, following)
        else { return 0 }
        for step in run.steps { try requireReach(step) }
        variants.insert(variant)
        var launch = try RowRunKernel(run: run, traits: traits).launch()
        launch.source = source(launch.source, of: variant)
        launches.append(launch)
        self.steps.append(.launches(launches.count - 1..<launches.count))
        // The others are done by then.
        for _ in run.steps.dropFirst() { self.steps.append(.launches(launches.count..<launches.count)) }
        return run.steps.count - 1
    }
}

/// The launch of a run over rows: an item owns neighbouring rows, and does all steps for each.
private struct RowRunKernel {
    let run: RowRun
    let traits: KernelTraits

    private var isWide: Bool { run.steps.contains(where: \.isWide) }

    func launch() throws(DeviceError) -> Launch {
        try KernelBuilder.build(traits: traits, bakesNumbers: false, isWide: isWide, cpu)
    }

    private func cpu(_ builder: inout KernelBuilder) -> (lines: [String], groups: Int, groupSize: Int) {
        let work = run.steps.reduce(0) { $0 + $1.shape.reduce(1, *) }
        let wanted = max(
            1,
            min(
                traits.computeUnits * PointwiseKernel.itemsPerUnit, run.rows,
                work / PointwiseKernel.elementsPerItem))
        let perItem = (run.rows + wanted - 1) / wanted
        let (share, rows) = (builder.number(perItem), builder.number(run.rows))
        var body: [String] = []
        for step in run.steps {
            let outer = step.shape.indices.dropLast().map { axis in
                (name: "i\(axis)", extent: builder.number(step.shape[axis]))
            }
            body += LoopText.block(
                "", LoopText.decompose("unit", into: outer, index: builder.index) + lines(step, &builder))
        }
        let type = builder.index
        let lines = [
            "\(type) unit = (\(type))\(builder.item) * \(share);",
            "const \(type) last = min(unit + \(share), \(rows));",
        ]
        return (
            lines + LoopText.block("for (; unit < last; ++unit)", body), (run.rows + perItem - 1) / perItem, 1
        )
    }

    /// One row of a step.
    private func lines(_ step: PointwiseStep, _ builder: inout KernelBuilder) -> [String] {
        guard let reduction = step.reduction else {
            return PointwiseKernel(step: step, traits: traits).cpuRow(piece: nil, &builder)
        }
        return ReductionKernel(step, reduction, traits).cpuRow(&builder)
    }
}
