import Compute

extension LaunchPlan {
    /// A reduction in one launch; or, where that would leave most of the device idle, in two through scratch memory.
    mutating func addReduction(_ given: PointwiseStep) throws(DeviceError) {
        var step = traits.shape == .cpu ? given.withLongInnerAxis : given
        guard var reduction = step.reduction else { return }
        if step.shape.isEmpty {
            step.shape = [1]
            step.body = step.body.mappingViews { $0.withAxes }
            reduction.axes = [0]
        }
        let keptShape = step.shape.indices.filter { !reduction.axes.contains($0) }.map { step.shape[$0] }
        if keptShape.contains(0) || step.stores.isEmpty { return }
        let (traits, variant) = try chooseWidth(
            "reduction", isVectored: self.traits.shape == .cpu && step.shape[step.shape.count - 1] > 1,
            what: "a reduction")
        func add(_ kernel: ReductionKernel) throws(DeviceError) {
            var launch = try kernel.launch()
            launch.source = source(launch.source, of: variant)
            launches.append(launch)
        }

        let whole = ReductionKernel(step, reduction, traits)
        guard let cut = traits.shape == .cpu ? whole.cpuCut : whole.gpuCut else {
            return try add(whole)
        }

        // First the pieces' results, [pieces, kept...], as they are.
        let scratchShape = [cut.pieces] + keptShape
        let dtype = step.body.types[reduction.value]
        let scratch = newScratch(count: scratchShape.reduce(1, *), dtype)
        var plain = Expression()
        let result = plain.append(.accumulator, type: dtype)
        let target = StoreEmitter.Target(
            value: result, memory: KernelArgument(scratch), dtype: dtype, view: View(contiguous: scratchShape))
        let first = ReductionKernel(
            shape: step.shape, body: step.body, operands: step.operands, operation: reduction.operation,
            value: reduction.value, reducedAxes: reduction.axes, epilogue: plain, stores: [target], cut: cut,
            traits: traits, isWide: step.isWide)
        try add(first)

        // Then those over the pieces. The scratch memory is one more operand.
        var pieces = Expression()
        let load = pieces.append(
            .load(operand: step.operands.count, view: View(contiguous: scratchShape)), type: dtype)
        let second = ReductionKernel(
            shape: scratchShape, body: pieces,
            operands: step.operands + [scratch],
            operation: reduction.operation, value: load, reducedAxes: [0], epilogue: reduction.epilogue,
            stores: step.stores.map { .init($0) }, cut: nil, traits: traits, isWide: step.isWide)
        try add(second)
    }
}

extension ReductionKernel {
    /// A whole reduction.
    init(_ step: PointwiseStep, _ reduction: Reduction, _ traits: KernelTraits) {
        self.init(
            shape: step.shape, body: step.body, operands: step.operands, operation: reduction.operation,
            value: reduction.value, reducedAxes: reduction.axes, epilogue: reduction.epilogue,
            stores: step.stores.map { .init($0) }, cut: nil, traits: traits, isWide: step.isWide)
    }

    /// The cut for a CPU, if there is to be one: enough pieces for some dozens of cores, none too small.
    fileprivate var cpuCut: Cut? {
        let total = keptCount * reducedCount
        let lastIsReduced = reducedAxes.last == shape.count - 1
        let lastExtent = shape.last ?? 1
        let units = lastIsReduced ? keptCount : keptCount / lastExtent * ((lastExtent + 63) / 64)
        guard units < 32, total / units >= 2 * PointwiseKernel.elementsPerItem else { return nil }
        guard let axis = reducedAxes.max(by: { shape[$0] < shape[$1] }) else { return nil }
        let wanted = min((64 + units - 1) / units, total / PointwiseKernel.elementsPerItem, shape[axis])
        guard wanted > 1 else { return nil }
        var length = (shape[axis] + wanted - 1) / wanted
        if axis == shape.count - 1 { length = (length + 63) / 64 * 64 }
        let pieces = (shape[axis] + length - 1) / length
        return pieces > 1 ? Cut(axis: axis, length: length, pieces: pieces) : nil
    }

    /// The cut for a GPU: enough groups for the largest devices.
    var gpuCut: Cut? {
        let lastIsKept = reducedAxes.last != shape.count - 1
        let lanes = ReductionKernel.lanes(
            reducedCount: reducedCount, keptCount: keptCount, lastIsKept: lastIsKept, groupSize: traits.groupSize)
        let groups = max(1, keptCount * lanes / traits.groupSize)
        let piecesByWork = reducedCount / (lanes * 16)
        guard groups < 256, piecesByWork > 1 else { return nil }
        let wanted = min(piecesByWork, (1024 + groups - 1) / groups)
        let length = (reducedCount + wanted - 1) / wanted
        let pieces = (reducedCount + length - 1) / length
        return pieces > 1 ? Cut(axis: -1, length: length, pieces: pieces) : nil
    }
}
