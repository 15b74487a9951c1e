import Compute

extension LaunchPlan {
    /// Adds a step and some that follow it in one launch, if they are a run over rows.
    /// - Returns: how many of the following steps are in it: none where nothing was added.
    mutating func addRowRun(from step: Step, _ following: ArraySlice<Step>) throws(DeviceError) -> Int {
        guard let run = RowRun(from: step, following), run.isWhole(traits) else { return 0 }
        let (whole, apart) = ("row_run_\(traits.shape)", "row_run_\(traits.shape) apart")
        let vectors = ["reduction_\(traits.shape) vectors", "pointwise_\(traits.shape) vectors"]
        let usesVectors = traits.variants.failing.isDisjoint(with: vectors)
        let variant = try choose(among: usesVectors ? [whole] : [], spares: [apart], what: "steps over the same rows")
        if variant == apart { return 0 }
        reaches = []
        for step in run.steps { try requireReach(step) }
        var launch = try RowRunKernel(run: run, traits: traits).launch()
        launch.source = source(launch.source, of: variant)
        launch.reaches = reaches
        launches.append(launch)
        steps.append(.launches(launches.count - 1..<launches.count))
        // The others are done by then.
        for _ in run.steps.dropFirst() { steps.append(.launches(launches.count..<launches.count)) }
        return run.steps.count - 1
    }
}

extension RowRun {
    /// Whether single steps would not cut rows into pieces, whose sums are in another order.
    fileprivate func isWhole(_ traits: KernelTraits) -> Bool {
        traits.shape == .cpu
            || steps.allSatisfy { step in
                step.reduction.map { ReductionKernel(step, $0, traits).gpuCut == nil } ?? true
            }
    }
}

/// The launch of a run over rows, all steps of it for each: an item owns neighbouring rows, or some items a row.
struct RowRunKernel {
    let run: RowRun
    let traits: KernelTraits

    private var isWide: Bool { run.steps.contains(where: \.isWide) }

    func launch() throws(DeviceError) -> Launch {
        switch traits.shape {
        case .cpu: try KernelBuilder.build(traits: traits, bakesNumbers: false, isWide: isWide, cpu)
        case .gpu: try KernelBuilder.build(traits: traits, bakesNumbers: true, isWide: isWide, gpu)
        }
    }

    /// As many items for a row as `ReductionKernel.gpu` has, so that the sums are its; after each step they wait until what
    /// the others have written is there.
    private func gpu(_ builder: inout KernelBuilder) -> (lines: [String], groups: Int, groupSize: Int) {
        let lanes = ReductionKernel.lanes(
            reducedCount: run.length, keptCount: run.rows, lastIsKept: false, groupSize: traits.groupSize)
        let rows = traits.groupSize / lanes
        var lines = ReductionKernel.place(lanes: lanes, distance: 1, results: rows, of: run.rows, index: builder.index)
        for step in run.steps {
            let body =
                if let reduction = step.reduction {
                    ReductionKernel(step, reduction, traits).gpuResult(lanes: lanes, distance: 1, &builder)
                } else {
                    PointwiseKernel(step: step, traits: traits).gpuRow(lanes: lanes, &builder)
                }
            lines += LoopText.block("", body) + ["barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);"]
        }
        return (lines, ceilingDivide(run.rows, rows), traits.groupSize)
    }

    private func cpu(_ builder: inout KernelBuilder) -> (lines: [String], groups: Int, groupSize: Int) {
        let work = run.steps.reduce(0) { $0 + $1.shape.reduce(1, *) * $1.body.weight }
        let (groups, perItem) = traits.share(run.rows, work: work)
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
        return (lines + LoopText.block("for (; unit < last; ++unit)", body), groups, 1)
    }

    /// One row of a step.
    private func lines(_ step: PointwiseStep, _ builder: inout KernelBuilder) -> [String] {
        guard let reduction = step.reduction else {
            return PointwiseKernel(step: step, traits: traits).cpuRow(piece: nil, &builder)
        }
        return ReductionKernel(step, reduction, traits).cpuRow(&builder)
    }
}
