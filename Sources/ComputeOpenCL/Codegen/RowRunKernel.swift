import Compute

extension LaunchPlan {
    /// Adds a step and some that follow it in one launch, if they are a run over rows.
    /// - Returns: how many of the following steps are in it: none where nothing was added.
    mutating func addRowRun(from step: Step, _ following: ArraySlice<Step>) throws(DeviceError) -> Int {
        guard traits.shape == .cpu, let run = RowRun(from: step, following) else { return 0 }
        let (whole, apart) = ("row_run_cpu", "row_run_cpu apart")
        let usesVectors = traits.variants.failing.isDisjoint(with: ["reduction_cpu vectors", "pointwise_cpu vectors"])
        let variant = try choose(among: usesVectors ? [whole] : [], spares: [apart], what: "steps over the same rows")
        if variant == apart { return 0 }
        for step in run.steps { try requireReach(step) }
        var launch = try RowRunKernel(run: run, traits: traits).launch()
        launch.source = source(launch.source, of: variant)
        launches.append(launch)
        steps.append(.launches(launches.count - 1..<launches.count))
        // The others are done by then.
        for _ in run.steps.dropFirst() { steps.append(.launches(launches.count..<launches.count)) }
        return run.steps.count - 1
    }
}

/// The launch of a run over rows: an item owns neighbouring rows, and does all steps for each.
struct RowRunKernel {
    let run: RowRun
    let traits: KernelTraits

    private var isWide: Bool { run.steps.contains(where: \.isWide) }

    func launch() throws(DeviceError) -> Launch {
        try KernelBuilder.build(traits: traits, bakesNumbers: false, isWide: isWide, cpu)
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
