import Compute

/// Kernels of pointwise steps without a reduction.
struct PointwiseKernel {
    let step: PointwiseStep
    let traits: KernelTraits

    private var shape: [Int] { step.axesShape }
    private var inner: Int { shape.count - 1 }
    private var rows: Int { shape.dropLast().reduce(1, *) }

    /// A CPU item should have this much to do, to be worth its launch: elements of an expression of weight 1.
    static let elementsPerItem = 16384
    static let itemsPerUnit = 8

    func launch() throws(DeviceError) -> Launch {
        switch traits.shape {
        case .cpu:
            try KernelBuilder.build(traits: traits, bakesNumbers: false, isWide: step.isWide, cpu)
        case .gpu:
            try KernelBuilder.build(traits: traits, bakesNumbers: shape.count > 1, isWide: step.isWide, gpu)
        }
    }

    /// Each item walks rows, or pieces of rows, of its own: `units` in all.
    func cpu(_ builder: inout KernelBuilder) -> (lines: [String], groups: Int, groupSize: Int) {
        let extent = shape[inner]
        let most = traits.computeUnits * PointwiseKernel.itemsPerUnit
        let wanted = max(1, min(most, rows * extent * step.body.weight / PointwiseKernel.elementsPerItem))
        // Long rows are cut, so that every item gets about as much.
        let pieces = rows >= 4 * wanted ? 1 : (wanted + rows - 1) / rows * (rows == 1 ? 1 : 4)
        var piece = (extent + pieces - 1) / pieces
        piece = (piece + 63) / 64 * 64
        if walksAcrossRows { piece = min(piece, shape[inner - 1] < 16 ? 256 : 32) }
        let piecesPerRow = (extent + piece - 1) / piece
        let units = rows * piecesPerRow
        let perItem = (units + wanted - 1) / wanted
        let items = (units + perItem - 1) / perItem

        let names = axisNames()
        var outer = (0..<inner).map { (name: names[$0], extent: builder.number(shape[$0])) }
        let pieceLoop = (name: "piece", extent: builder.number(piecesPerRow))
        outer.insert(pieceLoop, at: walksAcrossRows ? inner - 1 : inner)
        let (unitCount, share) = (builder.number(units), builder.number(perItem))
        let row = cpuRow(piece: piece, &builder) + LoopText.advance(outer)
        let type = builder.index
        var lines = [
            "\(type) unit = (\(type))\(builder.item) * \(share);",
            "const \(type) last = min(unit + \(share), \(unitCount));",
        ]
        lines += LoopText.decompose("unit", into: outer, index: type)
        lines += LoopText.block("for (; unit < last; ++unit)", row)
        return (lines, items, 1)
    }

    /// A row, whose indices are known, or the part of it that is `piece` elements long.
    func cpuRow(piece: Int?, _ builder: inout KernelBuilder) -> [String] {
        let names = axisNames()
        let values = ExpressionEmitter(
            step.body, roots: step.stores.map(\.value), operands: step.operands, axes: names, inner: inner,
            prefix: "", in: &builder)
        let stores = StoreEmitter(
            step.stores.map { .init($0) }, axes: names, inner: inner, prefix: "", in: &builder)
        let type = builder.index
        let extent = builder.number(shape[inner])
        var row = values.rowLines() + stores.rowLines()
        if let piece {
            let length = builder.number(piece)
            row.append("\(type) x = piece * \(length);")
            row.append("const \(type) stop = min(x + \(length), \(extent));")
        } else {
            row.append("\(type) x = 0;")
            row.append("const \(type) stop = \(extent);")
        }
        for width in VectorWidths(extent: shape[inner], widest: traits.widestVector).all {
            row += LoopText.block(
                "for (; x + \(width) <= stop; x += \(width))",
                values.lines(width: width, at: "x", builder: &builder)
                    + stores.lines(width: width, at: "x", values: values))
        }
        return row
    }

    /// Whether some access jumps along the inner axis and not along the one before it, as in a transpose. Then short
    /// pieces of one row after the other find in the cache what the row before has brought there.
    private var walksAcrossRows: Bool {
        guard inner > 0, shape[inner] >= 64, shape[inner - 1] > 1 else { return false }
        let views = step.body.instructions.compactMap { $0.read == nil ? nil : $0.view } + step.stores.map(\.view)
        return views.contains { abs($0.strides[inner]) > 1 && abs($0.strides[inner - 1]) == 1 }
    }

    /// Neighbouring items take neighbouring elements, four at a time where everything is aligned for that.
    func gpu(_ builder: inout KernelBuilder) -> (lines: [String], groups: Int, groupSize: Int) {
        let width = isVectored ? 4 : 1
        let units = rows * (shape[inner] / width)
        let names = axisNames()
        let unitCount = builder.number(units)
        var outer = (0..<inner).map { (name: names[$0], extent: builder.number(shape[$0])) }
        outer.append((name: "unit_x", extent: builder.number(shape[inner] / width)))
        let values = ExpressionEmitter(
            step.body, roots: step.stores.map(\.value), operands: step.operands, axes: names, inner: inner,
            prefix: "", isAligned: true, in: &builder)
        let stores = StoreEmitter(
            step.stores.map { .init($0) }, axes: names, inner: inner, prefix: "", isAligned: true, in: &builder)

        let type = builder.index
        var body = LoopText.decompose("unit", into: outer, index: type)
        body.append("const \(type) x = unit_x * \(width);")
        body += values.rowLines() + stores.rowLines()
        body += values.lines(width: width, at: "x", builder: &builder)
        body += stores.lines(width: width, at: "x", values: values)
        let lines = LoopText.block(
            "for (\(type) unit = \(builder.item); unit < \(unitCount); unit += \(builder.items))", body)
        let groups = (units + traits.groupSize - 1) / traits.groupSize
        return (lines, min(groups, traits.computeUnits * 32), traits.groupSize)
    }

    /// A row by the lanes that own it, whom `ReductionKernel.place` has told which they are.
    func gpuRow(lanes: Int, _ builder: inout KernelBuilder) -> [String] {
        let width = isVectored ? 4 : 1
        let names = axisNames()
        let values = ExpressionEmitter(
            step.body, roots: step.stores.map(\.value), operands: step.operands, axes: names, inner: inner,
            prefix: "", isAligned: true, in: &builder)
        let stores = StoreEmitter(
            step.stores.map { .init($0) }, axes: names, inner: inner, prefix: "", isAligned: true, in: &builder)
        let outer = (0..<inner).map { (name: names[$0], extent: "\(shape[$0])") }
        let type = builder.index
        let extent = shape[inner]
        return LoopText.block(
            "if (is_mine && lane * \(width) < \(extent))",
            LoopText.decompose("result", into: outer, index: type) + values.rowLines() + stores.rowLines()
                + LoopText.block(
                    "for (\(type) x = lane * \(width); x < \(extent); x += \(lanes * width))",
                    values.lines(width: width, at: "x", builder: &builder)
                        + stores.lines(width: width, at: "x", values: values)))
    }

    /// Whether the kernel takes several neighbours at a time.
    var isVectored: Bool {
        guard traits.widestVector > 1 else { return false }
        return switch traits.shape {
        case .cpu: VectorWidths(extent: shape[inner], widest: traits.widestVector).main > 1
        case .gpu: allowsAlignedVectors
        }
    }

    private func axisNames() -> [String] {
        (0..<inner).map { "i\($0)" } + ["x"]
    }

    /// Whether every access along the inner axis is to aligned groups of four neighbours, or to one element.
    private var allowsAlignedVectors: Bool {
        guard shape[inner] % 4 == 0 else { return false }
        func isAligned(_ view: View, _ operand: Operand) -> Bool {
            let bounds = view.validRange(inner)
            let offset = operand.offset + view.offset
            if view.strides.isEmpty { return true }
            if view.strides[inner] == 0 { return !view.isPadded(inner) }
            return view.strides[inner] == 1 && offset % 4 == 0 && movesAligned(operand)
                && view.strides.dropLast().allSatisfy { $0 % 4 == 0 }
                && bounds.lowerBound % 4 == 0 && bounds.upperBound % 4 == 0
        }
        func movesAligned(_ operand: Operand) -> Bool {
            guard let steps = traits.slotSteps, steps.indices.contains(operand.slot) else { return true }
            return steps[operand.slot] % 4 == 0
        }
        for instruction in step.body.instructions {
            guard case .load(let operand, let view) = instruction else { continue }
            if !isAligned(view, step.operands[operand]) { return false }
        }
        return step.stores.allSatisfy {
            $0.view.strides.last == 1 && isAligned($0.view, $0.destination)
        }
    }
}

extension LaunchPlan {
    mutating func add(_ step: PointwiseStep) throws(DeviceError) {
        try requireReach(step)
        if step.reduction != nil { return try addReduction(step) }
        if step.shape.contains(0) || step.stores.isEmpty { return }
        let space = traits.shape == .cpu ? step.withAxes.withLongInnerAxis : step.withAxes
        let kernel = PointwiseKernel(step: space, traits: traits)
        let (chosen, variant) = try chooseWidth(
            "pointwise", isVectored: kernel.isVectored, what: "a pointwise computation")
        var launch = try PointwiseKernel(step: space, traits: chosen).launch()
        launch.source = source(launch.source, of: variant)
        launch.isAnySize = true
        launches.append(launch)
    }

    /// Chooses between vectors and single elements, for a kernel that can use vectors or cannot.
    /// - Returns: the traits for that, and the variant's name.
    mutating func chooseWidth(
        _ name: String, isVectored: Bool, what: String
    ) throws(DeviceError) -> (traits: KernelTraits, variant: String) {
        let file = "\(name)_\(traits.shape)"
        let (vectors, single) = ("\(file) vectors", "\(file) width 1")
        let variant = try choose(
            among: isVectored ? [vectors] : [single], spares: isVectored ? [single] : [], what: what)
        var chosen = traits
        if variant == single { chosen.widestVector = 1 }
        return (chosen, variant)
    }

    mutating func requireReach(_ step: PointwiseStep) throws(DeviceError) {
        try requireReach(of: step.body, step.operands)
        if let epilogue = step.reduction?.epilogue { try requireReach(of: epilogue, step.operands) }
        try requireReach(of: step.stores)
    }

    mutating func requireReach(_ epilogue: Epilogue) throws(DeviceError) {
        try requireReach(of: epilogue.body, epilogue.operands)
        try requireReach(of: epilogue.others)
    }

    private mutating func requireReach(of stores: [Store]) throws(DeviceError) {
        for store in stores {
            guard let reach = store.view.reach else { continue }
            try require(
                store.destination, first: reach.lowerBound, last: reach.upperBound, isWritten: true, what: "a store")
        }
    }

    /// Records what the loads of an expression reach.
    private mutating func requireReach(of expression: Expression, _ operands: [Operand]) throws(DeviceError) {
        for instruction in expression.instructions {
            guard let (operand, view) = instruction.read else { continue }
            guard operands.indices.contains(operand) else {
                throw .unsupported(
                    device: "OpenCL", what: "an expression that names operand \(operand) of \(operands.count)")
            }
            if let reach = view.reach {
                try require(
                    operands[operand], first: reach.lowerBound, last: reach.upperBound, isWritten: false,
                    what: "a load")
            }
        }
    }
}

extension PointwiseStep {
    /// The same step with its last two axes exchanged, where the last is too short for vectors and the one before long.
    var withLongInnerAxis: PointwiseStep {
        let inner = shape.count - 1
        guard inner > 0, shape[inner] <= 3, shape[inner - 1] >= 64 else { return self }
        var step = self
        if let reduction {
            // The order of the kept axes stays only if not both are kept.
            guard reduction.axes.contains(inner) || reduction.axes.contains(inner - 1) else { return self }
            step.reduction?.axes = reduction.axes.map { $0 == inner ? inner - 1 : $0 == inner - 1 ? inner : $0 }
                .sorted()
        } else {
            for index in step.stores.indices { step.stores[index].view = step.stores[index].view.withExchangedAxes }
        }
        step.shape.swapAt(inner, inner - 1)
        step.body = body.mappingViews { $0.withExchangedAxes }
        return step
    }

    /// The same step, with an axis of extent 1 where it has none.
    var withAxes: PointwiseStep {
        guard shape.isEmpty else { return self }
        var step = self
        step.shape = [1]
        step.body = body.mappingViews { $0.withAxes }
        for index in step.stores.indices { step.stores[index].view = step.stores[index].view.withAxes }
        return step
    }
}

extension View {
    /// The same view, with an axis of extent 1 where it has none.
    var withAxes: View {
        shape.isEmpty ? View(shape: [1], strides: [0], offset: offset) : self
    }

    /// The same view with its last two axes exchanged.
    var withExchangedAxes: View {
        var view = self
        let inner = shape.count - 1
        view.shape.swapAt(inner, inner - 1)
        view.strides.swapAt(inner, inner - 1)
        view.valid?.swapAt(inner, inner - 1)
        return view
    }
}

extension Expression {
    /// The same expression with other views.
    func mappingViews(_ transform: (View) -> View) -> Expression {
        var copy = Expression()
        for (instruction, type) in zip(instructions, types) {
            switch instruction {
            case .load(let operand, let view):
                _ = copy.append(.load(operand: operand, view: transform(view)), type: type)
            case .index(let view):
                _ = copy.append(.index(view: transform(view)), type: type)
            case .random(let distribution, let operand, let stream, let view):
                let random = Instruction.random(distribution, operand: operand, stream: stream, view: transform(view))
                _ = copy.append(random, type: type)
            default:
                _ = copy.append(instruction, type: type)
            }
        }
        return copy
    }
}
