import Compute

extension PlanBuilder {
    func step(of item: Item, scratch: Operand?) throws -> PlannedStep {
        let kernel = item.kernel
        guard let heart = kernel.heart else { return try pointwise(item) }
        let destination = try locate(kernel.roots[0].target)
        let vertex = graph.vertices[heart]
        switch vertex.operation {
        case .reduce(let operation, let axes):
            return try reduction(item, operation, axes)
        case .contraction:
            let (a, b) = (try matrix(vertex.inputs[0], of: heart), try matrix(vertex.inputs[1], of: heart))
            let step = ContractionStep(
                batch: vertex.shape[0], rows: vertex.shape[1], columns: vertex.shape[2],
                depth: graph.vertices[vertex.inputs[0]].shape[2], a: a, b: b,
                epilogue: try epilogue(item, shape: vertex.shape, heart: heart), destination: destination)
            return planned(.contraction(step), item, flops: step.flops)
        case .convolution(let kind, let geometry):
            let columns = vertex.shape[vertex.shape.count - 1]
            let step = ConvolutionStep(
                kind: kind, geometry: geometry, first: try contiguous(vertex.inputs[0]),
                second: try contiguous(vertex.inputs[1]),
                epilogue: try epilogue(
                    item, shape: [1, columns == 0 ? 0 : vertex.count / columns, columns], heart: heart),
                destination: destination, isPixelwise: !trainsConvolutions && geometry.isCausal(kind))
            return planned(.convolution(step), item, flops: geometry.flops)
        case .gather:
            let table = graph.vertices[vertex.inputs[0]].shape
            let step = GatherStep(
                table: try contiguous(vertex.inputs[0]), rows: table[0], width: table[1],
                indices: try contiguous(vertex.inputs[1]), count: vertex.shape[0], destination: destination)
            return planned(.gather(step), item, flops: 0)
        case .scatterAdd:
            let source = graph.vertices[vertex.inputs[0]].shape
            let step = ScatterAddStep(
                source: try contiguous(vertex.inputs[0]), indices: try contiguous(vertex.inputs[1]),
                count: source[0], rows: vertex.shape[0], width: vertex.shape[1], destination: destination)
            return planned(.scatterAdd(step), item, flops: source[0] * source[1])
        case .scan(let scan):
            let plan = try lowering.scans.plan(scan, leaves: vertex.inputs.count)
            let inputs = try vertex.inputs.enumerated().map {
                scan.stateInputs.contains($0) ? nil : try contiguous($1)
            }
            let step = scanStep(
                scan, plan, inputs: inputs, shapes: vertex.inputs.map { graph.vertices[$0].shape },
                result: destination, scratch: scratch)
            let each = plan.steps.steps.reduce(0) { $0 + $1.flops }
            var planned = planned(.rasterScan(step), item, flops: scan.steps * plan.instances * each)
            planned.label = "scan of \(scan.steps), \(plan.instances) blocks\(plan.isReplayed ? ", replayed" : "")"
            planned.inner = plan.steps.steps
            return planned
        default:
            throw LoweringRetry.store(heart)
        }
    }

    func copy(_ vertex: Int, to destination: Operand) throws -> PlannedStep {
        let count = graph.vertices[vertex].count
        var body = Expression()
        let value = body.append(
            .load(operand: 0, view: View(contiguous: [count])), type: graph.vertices[vertex].dtype)
        let step = PointwiseStep(
            shape: [count], body: body, operands: [try locate(vertex)],
            stores: [Store(value: value, destination: destination, view: View(contiguous: [count]))])
        return PlannedStep(
            step: .pointwise(step), label: "copy", shape: [count], flops: 0,
            bytes: 2 * count * graph.vertices[vertex].dtype.size)
    }

    private func pointwise(_ item: Item) throws -> PlannedStep {
        guard let main = item.main else { throw LoweringRetry.store(item.kernel.roots[0].vertex) }
        let stores = try zip(item.kernel.roots, item.values).map { root, value in
            Store(value: value, destination: try locate(root.target), view: root.view)
        }
        var step = PointwiseStep(
            shape: item.kernel.shape, body: main.expression, operands: try operands(of: main), stores: stores)
        step.mergeAxes()
        return planned(.pointwise(step), item, flops: item.kernel.shape.reduce(1, *) * main.expression.arithmetic)
    }

    private func reduction(_ item: Item, _ operation: Reduction.Operation, _ axes: [Int]) throws -> PlannedStep {
        guard let heart = item.kernel.heart, let main = item.main, let epilogue = item.epilogue else {
            throw LoweringRetry.store(item.kernel.roots[0].vertex)
        }
        let kept = graph.vertices[heart].shape
        // The epilogue's views are over the root's shape; the step wants the kept axes.
        let (after, values) = try epilogue.expression.reshapingViews(to: kept, else: .separate(heart))
        let (merged, offset) = (try operands(of: epilogue), main.operands.count)
        let shape = graph.vertices[graph.vertices[heart].inputs[0]].shape
        let stores = try stores(item, values, shape: kept, heart: heart)
        var step = PointwiseStep(
            shape: shape, body: main.expression,
            reduction: Reduction(
                operation: operation, axes: axes, value: item.values[0], epilogue: after.offsettingOperands(by: offset)),
            operands: try operands(of: main) + merged, stores: stores)
        step.mergeAxes()
        let flops = shape.reduce(1, *) * (main.expression.arithmetic + 1)
        return planned(.pointwise(step), item, flops: flops)
    }

    /// The stores of what follows a heart, over the heart's shape.
    /// - Parameter values: the new numbers of the epilogue's values.
    private func stores(_ item: Item, _ values: [Int], shape: [Int], heart: Int) throws -> [Store] {
        try zip(item.kernel.roots, item.epilogueValues).map { root, value in
            guard let view = root.view.reshaped(to: shape) else { throw LoweringRetry.separate(heart) }
            return Store(value: values[value], destination: try locate(root.target), view: view)
        }
    }

    private func epilogue(_ item: Item, shape: [Int], heart: Int) throws -> Epilogue? {
        guard let emission = item.epilogue else { return nil }
        let (body, values) = try emission.expression.reshapingViews(to: shape, else: .separate(heart))
        let stores = try stores(item, values, shape: shape, heart: heart)
        return Epilogue(
            body: body, operands: try operands(of: emission), value: stores[0].value, others: Array(stores.dropFirst()))
    }

    private func operands(of emission: Emission) throws -> [Operand] {
        try zip(emission.operands, emission.operandOffsets).map { vertex, offset in
            var operand = try locate(vertex)
            operand.offset += offset
            return operand
        }
    }

    private func locate(_ vertex: Int) throws -> Operand {
        guard let location = storedLocation(vertex) else { throw LoweringRetry.store(vertex) }
        return location
    }

    private func matrix(_ input: Int, of heart: Int) throws -> Matrix {
        let base = lowering.operandBase(of: input)
        guard let view = graph.view(of: input, over: base), let matrix = Matrix(view: view, operand: try locate(base))
        else { throw LoweringRetry.store(input) }
        return matrix
    }

    private func contiguous(_ input: Int) throws -> Operand {
        let base = lowering.operandBase(of: input)
        guard let view = graph.view(of: input, over: base), view.isContiguous else { throw LoweringRetry.store(input) }
        var operand = try locate(base)
        operand.offset += view.offset
        return operand
    }

    private func planned(_ step: Step, _ item: Item, flops: Int) -> PlannedStep {
        var label: String
        switch step {
        case .pointwise(let step): label = step.reduction.map { "\($0.operation)" } ?? "pointwise"
        case .contraction: label = "matmul"
        case .convolution(let step): label = "convolution \(step.kind)"
        case .gather: label = "gather"
        case .scatterAdd: label = "scatterAdd"
        case .rasterScan: label = "rasterScan"
        }
        if item.kernel.heart != nil, item.epilogue.map({ $0.expression.instructions.count > 1 }) == true {
            label += " + epilogue"
        }
        if item.kernel.roots.count > 1 { label += " x\(item.kernel.roots.count)" }
        let read = item.loads.reduce(0) { $0 + item.elements(of: $1, in: graph) * graph.vertices[$1].dtype.size }
        let written = item.kernel.roots.reduce(0) {
            $0 + $1.view.count * graph.vertices[$1.vertex].dtype.size
        }
        let shape = item.kernel.heart.map { graph.vertices[$0].shape } ?? item.kernel.shape
        return PlannedStep(step: step, label: label, shape: shape, flops: flops, bytes: read + written)
    }
}

extension PlanBuilder.Item {
    /// How many elements of a vertex the kernel reads, each counted once.
    fileprivate func elements(of vertex: Int, in graph: Graph) -> Int {
        var most = 0
        for emission in [main, epilogue].compactMap({ $0 }) {
            for case .load(let operand, let view) in emission.expression.instructions
            where emission.operands[operand] == vertex {
                let distinct = zip(view.shape, view.strides).reduce(1) { $1.1 == 0 ? $0 : $0 * $1.0 }
                most = max(most, distinct)
            }
        }
        // What a heart reads by itself is read whole, up to the view it takes.
        if let heart = kernel.heart, graph.vertices[heart].operation?.scan != nil {
            return graph.vertices[vertex].count
        }
        if let heart = kernel.heart, most == 0 {
            most = graph.vertices[heart].inputs.map { graph.vertices[$0].count }.max() ?? 0
        }
        return min(most, graph.vertices[vertex].count)
    }
}
