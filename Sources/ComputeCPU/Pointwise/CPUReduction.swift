import Compute

/// A fused elementwise step that ends in a reduction.
///
/// Axes are walked in the order: kept ones with a reduced one inside them, reduced ones, the other kept ones. Chunks
/// that contribute to the same results form a group; a long group is cut into segments, by the shape alone, whose
/// totals are combined in order. The results, contiguous, are what the epilogue then reads.
struct CPUReduction: CPUStep {
    /// The operation and the type of the elements.
    private enum Combination { case floatSum, floatMaximum, intSum, intMaximum }

    private let combination: Combination
    private let program: ChunkProgram
    private let epilogue: CPUPointwise
    /// Groups, chunks in a group, and segments that a group is cut into.
    private let groups: Int
    private let loops: Int
    private let segments: Int
    /// How a full chunk falls apart: `[outer, middle, inner]`, of which the middle is reduced.
    private let middle: Int
    private let inner: Int
    /// Which kind of axis chunks are cut from: 0 and 2 kept ones, 1 a reduced one.
    private let splitGroup: Int
    /// The distance between results for each coordinate of a chunk.
    private let resultSteps: [Int]
    private let results: Int

    /// - Throws: `DeviceError.unsupported`, `DeviceError.badBuffer`.
    init(_ step: PointwiseStep, _ reduction: Reduction, needs: inout BindingNeeds) throws {
        let axes = Set(reduction.axes)
        guard axes.isSubset(of: step.shape.indices), step.body.types.indices.contains(reduction.value) else {
            throw needs.malformed("a reduction of value \(reduction.value) over axes \(reduction.axes)")
        }
        let type = step.body.types[reduction.value]
        switch (reduction.operation, type) {
        case (.sum, .float32): combination = .floatSum
        case (.maximum, .float32): combination = .floatMaximum
        case (.sum, .int32): combination = .intSum
        case (.maximum, .int32): combination = .intMaximum
        default: throw needs.malformed("a reduction of \(type)")
        }
        try step.body.check(shape: step.shape, operands: step.operands, accumulator: nil, needs: &needs)

        let kept = step.shape.indices.filter { !axes.contains($0) }
        let keptShape = kept.map { step.shape[$0] }
        epilogue = try CPUPointwise(
            reduction.epilogue, shape: keptShape, operands: step.operands, stores: step.stores, accumulator: type,
            needs: &needs)
        results = keptShape.reduce(1, *)

        // Axes of extent 1 have no say in what is innermost.
        let lastReduced = axes.filter { step.shape[$0] > 1 }.max() ?? -1
        let outside = kept.filter { $0 < lastReduced }
        let inside = kept.filter { $0 > lastReduced }
        let plan = AxisPlan(shape: step.shape, order: [outside, axes.sorted(), inside], views: step.body.views)
        let reduced = plan.groups.indices.filter { plan.groups[$0] == 1 }
        let firstReduced = reduced.first ?? plan.groups.count
        let space = ChunkSpace(plan.shape, reduced: firstReduced..<firstReduced + reduced.count)
        program = ChunkProgram(
            step.body, shape: step.shape, plan: plan, space: space, operands: step.operands, result: reduction.value)

        // The kept axes are contiguous in the results.
        var steps = [Int](repeating: 0, count: plan.shape.count)
        var distance = 1
        for axis in plan.shape.indices.reversed() where plan.groups[axis] != 1 {
            steps[axis] = distance
            distance *= plan.shape[axis]
        }
        resultSteps = space.coordinates.map { $0.step * steps[$0.axis] }

        let looped = space.coordinates.filter { plan.groups[$0.axis] == 1 }.reduce(1) { $0 * $1.extent }
        let grouped = space.coordinates.filter { plan.groups[$0.axis] != 1 }.reduce(1) { $0 * $1.extent }
        loops = looped
        groups = grouped
        segments = grouped >= 16 || looped < 16 ? 1 : min(looped / 8, (16 + grouped - 1) / max(grouped, 1))

        let reducedCount = reduced.reduce(1) { $0 * plan.shape[$1] }
        let insideCount = plan.groups.indices.filter { plan.groups[$0] == 2 }.reduce(1) { $0 * plan.shape[$1] }
        splitGroup = plan.groups[space.split]
        switch splitGroup {
        case 2: (middle, inner) = (1, space.length)
        case 1: (middle, inner) = (max(space.length / max(insideCount, 1), 1), insideCount)
        default: (middle, inner) = (max(reducedCount, 1), insideCount)
        }
    }

    /// Results first, and behind them the totals of segments.
    var sharedScratch: Int { totalsOffset + (segments > 1 ? segments * results * 8 : 0) }
    var workerScratch: Int { max(program.frameBytes + totalBytes, epilogue.workerScratch) }
    private var totalsOffset: Int { (results * 4 + 63) / 64 * 64 }
    private var totalBytes: Int { ChunkSpace.capacity * 8 }

    func run(_ launch: Launch) {
        switch combination {
        case .floatSum: reduce(FloatSum.self, launch)
        case .floatMaximum: reduce(FloatMaximum.self, launch)
        case .intSum: reduce(IntSum.self, launch)
        case .intMaximum: reduce(IntMaximum.self, launch)
        }
        epilogue.run(launch, accumulator: launch.shared)
    }

    private func reduce<R: Reducer>(_: R.Type, _ launch: Launch) {
        let output = launch.shared.assumingMemoryBound(to: R.Element.self)
        guard program.space.chunks > 0 else {
            output.initialize(repeating: R.identity, count: results)
            return
        }
        let partials = (launch.shared + totalsOffset).assumingMemoryBound(to: R.Total.self)
        let perTask = (loops + segments - 1) / segments
        launch.workers.divide(groups * segments, grain: max(1, program.grain / perTask)) { worker, tasks in
            let totals = launch.scratch(worker).assumingMemoryBound(to: R.Total.self)
            let frame = ChunkFrame(program, launch: launch, worker: worker, offset: totalBytes)
            for task in tasks {
                let (group, segment) = task.quotientAndRemainder(dividingBy: segments)
                let chunks =
                    group * loops + loops * segment / segments..<group * loops + loops * (segment + 1) / segments
                let count = total(R.self, of: chunks, frame, totals)
                var first = 0
                for (index, step) in resultSteps.enumerated() { first += frame.coordinates[index] * step }
                if segments == 1 {
                    for i in 0..<count { output[first + i] = R.result(totals[i]) }
                } else {
                    (partials + segment * results + first).initialize(from: totals, count: count)
                }
            }
        }
        if segments > 1 { combine(R.self, partials, output) }
    }

    /// Combines chunks of one group.
    /// - Returns: how many results the group has.
    @inline(__always)
    private func total<R: Reducer>(
        _: R.Type, of chunks: Range<Int>, _ frame: borrowing ChunkFrame, _ totals: UnsafeMutablePointer<R.Total>
    ) -> Int {
        totals.initialize(repeating: R.emptyTotal, count: program.space.length / middle)
        var count = 0
        for chunk in chunks {
            let elements = frame.evaluate(chunk, of: program)
            let row = UnsafeRawPointer(frame.rows[program.resultRow])
            switch splitGroup {
            case 2:
                R.reduce(row, outer: 1, middle: 1, inner: elements, into: totals)
                count = elements
            case 1:
                R.reduce(row, outer: 1, middle: elements / inner, inner: inner, into: totals)
                count = inner
            default:
                R.reduce(row, outer: elements / (middle * inner), middle: middle, inner: inner, into: totals)
                count = elements / middle
            }
        }
        return count
    }

    private func combine<R: Reducer>(
        _: R.Type, _ partials: UnsafePointer<R.Total>, _ output: UnsafeMutablePointer<R.Element>
    ) {
        for result in 0..<results {
            var total = partials[result]
            for segment in 1..<segments { total = R.merge(total, partials[segment * results + result]) }
            output[result] = R.result(total)
        }
    }
}
