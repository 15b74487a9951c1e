import Compute

// Pointwise steps of a raster scan: the loops of the ordinary kernels, in functions.
extension RasterScanText {
    mutating func addPointwise(_ given: PointwiseStep) {
        if given.stores.isEmpty { return }
        var numbers = OperandNumbers()
        var step = given
        step.operands = numbers.operands(given.operands, of: [given.body, given.reduction?.epilogue])
        for index in step.stores.indices {
            step.stores[index].destination = numbers.number(step.stores[index].destination)
        }
        let operands = places(numbers)
        if step.reduction != nil { return addReduction(step, operands) }
        if step.shape.contains(0) { return }
        var builder = functionBuilder(isWide: step.isWide)
        switch traits.shape {
        case .cpu:
            let kernel = PointwiseKernel(step: step.withAxes.withLongInnerAxis, traits: builder.traits)
            let lines = kernel.cpu(&builder).lines
            add(builder, lines, operands)
        case .gpu:
            // It asks for the places' alignment.
            var own = builder.traits
            own.slotSteps = operands.map(\.slot.offsetStep)
            let kernel = PointwiseKernel(step: step.withAxes, traits: own)
            let lines = kernel.gpu(&builder).lines
            add(builder, lines, operands)
        }
    }

    /// Numbers become literals; one item, or one work-group, does all the work.
    func functionBuilder(isWide: Bool) -> KernelBuilder {
        var own = traits
        own.computeUnits = 0
        var builder = KernelBuilder(traits: own, bakesNumbers: true, bakesOffsets: true, isWide: isWide)
        builder.item = traits.shape == .cpu ? "0" : "get_local_id(0)"
        builder.items = "get_local_size(0)"
        return builder
    }

    /// Adds a call of a function of these lines.
    private mutating func add(_ builder: KernelBuilder, _ lines: [String], _ operands: [ScanPlace]) {
        let body = (builder.prologue + lines).map { "    \($0)\n" }.joined()
        let text = "static void STEP(\(builder.parameters.joined(separator: ", "))) {\n\(body)}\n"
        call(text, builder.pointers(operands), widths: builder.widths)
    }

    private mutating func addReduction(_ given: PointwiseStep, _ operands: [ScanPlace]) {
        var step = traits.shape == .cpu ? given.withLongInnerAxis : given
        guard var reduction = step.reduction else { return }
        if step.shape.isEmpty {
            step.shape = [1]
            step.body = step.body.mappingViews { $0.withAxes }
            reduction.axes = [0]
        }
        let kernel = ReductionKernel(
            shape: step.shape, body: step.body, operands: step.operands, operation: reduction.operation,
            value: reduction.value, reducedAxes: reduction.axes, epilogue: reduction.epilogue,
            stores: step.stores.map { .init($0) }, cut: nil, traits: functionBuilder(isWide: false).traits,
            isWide: step.isWide)
        if kernel.keptCount == 0 { return }
        var builder = functionBuilder(isWide: step.isWide)
        switch traits.shape {
        case .cpu:
            let lastIsReduced = reduction.axes.last == step.shape.count - 1
            let lines = (lastIsReduced ? kernel.cpuRows : kernel.cpuColumns)(&builder).lines
            add(builder, lines, operands)
        case .gpu:
            let lanes = kernel.groupLanes
            let partials = Operand(slot: operands.count, dtype: kernel.dtype)
            let all = operands + [scratch(.partials, count: kernel.keptCount * lanes)]
            let first = kernel.groupPartials(lanes, into: partials, &builder)
            add(builder, first, all)
            builder = functionBuilder(isWide: step.isWide)
            let second = kernel.groupResults(lanes, from: partials, &builder)
            add(builder, second, all)
        }
    }
}

/// Operands by number, so that steps that differ only in their operands' places become equal.
struct OperandNumbers {
    private(set) var operands: [Operand] = []
    /// For each, a view of all that is read of it; nil where it is written.
    private(set) var reads: [View?] = []

    /// The number of an operand that is written, as the slot of one that begins there.
    mutating func number(_ operand: Operand) -> Operand {
        let number = index(operand, nil)
        reads[number] = nil
        return Operand(slot: number, dtype: operand.dtype)
    }

    /// The numbers of what is read by some expressions, for all operands of a step.
    mutating func operands(_ given: [Operand], of expressions: [Expression?]) -> [Operand] {
        var numbered = given.map { Operand(slot: 0, dtype: $0.dtype) }
        for case .some(let expression) in expressions {
            for (operand, view) in expression.instructions.compactMap(\.read) {
                numbered[operand].slot = index(given[operand], view)
            }
        }
        return numbered
    }

    private mutating func index(_ operand: Operand, _ view: View?) -> Int {
        guard let known = operands.firstIndex(of: operand) else {
            operands.append(operand)
            reads.append(view)
            return operands.count - 1
        }
        if let old = reads[known]?.reach, let new = view?.reach {
            let (low, high) = (min(old.lowerBound, new.lowerBound), max(old.upperBound, new.upperBound))
            reads[known] = View(shape: [high - low + 1], strides: [1], offset: low)
        } else if reads[known]?.reach == nil, view != nil, reads[known] != nil {
            reads[known] = view
        }
        return known
    }
}

extension KernelBuilder {
    /// The types of a function's pointers, and the memory that they get.
    func pointers(_ operands: [ScanPlace]) -> [(type: String, place: ScanPlace)] {
        zip(parameters, arguments).compactMap { parameter, argument in
            guard case .slot(let number) = argument else { return nil }
            return (String(parameter.dropLast(KernelBuilder.name(ofParameter: parameter).count)), operands[number])
        }
    }
}

// A reduction by all items of a work-group, in two calls: first each lane adds up its share, then the lanes are folded in
// the order of the ordinary kernels.
extension ReductionKernel {
    var groupLanes: Int {
        ReductionKernel.lanes(
            reducedCount: reducedCount, keptCount: keptCount, lastIsKept: reducedAxes.last != shape.count - 1,
            groupSize: traits.groupSize)
    }

    private func keptIndices() -> [(name: String, extent: String)] {
        keptAxes.map { (name: "i\($0)", extent: "\(shape[$0])") }
    }

    fileprivate func groupPartials(_ lanes: Int, into partials: Operand, _ builder: inout KernelBuilder) -> [String] {
        let type = builder.index
        let target = builder.pointer(KernelArgument(partials), partials.dtype, offset: 0, isWritten: true)
        let values = ExpressionEmitter(
            body, roots: [value], operands: operands, axes: shape.indices.map { "i\($0)" }, inner: nil, prefix: "",
            in: &builder)
        let reduced = reducedAxes.map { (name: "i\($0)", extent: "\(shape[$0])") }
        // Where the last axis is reduced, neighbouring items are lanes; otherwise they are results.
        let lastIsKept = reducedAxes.last != shape.count - 1
        var unit = [
            "const int lane = (int)(unit \(lastIsKept ? "/ \(keptCount)" : "% \(lanes)"));",
            "const \(type) result = unit \(lastIsKept ? "% \(keptCount)" : "/ \(lanes)");",
        ]
        unit += LoopText.decompose("result", into: keptIndices(), index: type)
        unit += declareTotal("total", "lost", width: 1)
        let element = LoopText.decompose("r", into: reduced, index: type) + values.rowLines()
        unit += LoopText.block(
            "for (\(type) r = lane; r < \(reducedCount); r += \(lanes))",
            element + [accumulate("total", "lost", values.value(value, width: 1), width: 1)])
        unit.append("\(target)[result * \(lanes) + lane] = total;")
        return LoopText.block(
            "for (\(type) unit = \(builder.item); unit < \(keptCount * lanes); unit += \(builder.items))", unit)
    }

    fileprivate func groupResults(_ lanes: Int, from partials: Operand, _ builder: inout KernelBuilder) -> [String] {
        let type = builder.index
        let source = builder.pointer(KernelArgument(partials), partials.dtype, offset: 0, isWritten: true)
        let after = ExpressionEmitter(
            epilogue, roots: stores.map(\.value), operands: operands, axes: epilogueAxes, inner: nil, prefix: "e",
            in: &builder)
        let targets = StoreEmitter(stores, axes: epilogueAxes, inner: nil, prefix: "e", in: &builder)
        var result = LoopText.decompose("result", into: keptIndices(), index: type)
        result.append("__global \(dtype.memoryType) *lanes = \(source) + result * \(lanes);")
        if lanes > 1 {
            let sum = combine("lanes[lane]", "lanes[lane + half_lanes]", width: 1)
            result += LoopText.block(
                "for (int half_lanes = \(lanes / 2); half_lanes > 0; half_lanes /= 2)",
                ["for (int lane = 0; lane < half_lanes; ++lane) lanes[lane] = \(sum);"])
        }
        result += after.rowLines(accumulator: "lanes[0]") + targets.rowLines()
        result += targets.lines(width: 1, at: "0", values: after)
        return LoopText.block(
            "for (\(type) result = \(builder.item); result < \(keptCount); result += \(builder.items))", result)
    }
}
