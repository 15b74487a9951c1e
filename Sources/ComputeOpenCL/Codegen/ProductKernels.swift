import Compute

extension LaunchPlan {
    mutating func add(_ step: ContractionStep) throws(DeviceError) {
        try requireReach(step)
        let shape = [step.batch, step.rows, step.columns]
        if shape.contains(0) { return }
        if step.depth == 0 {
            return try addEpilogueOfZero(step.epilogue, shape: shape, destination: step.destination)
        }
        switch traits.shape {
        case .cpu: try addCPU(step)
        case .gpu: try addGPU(step)
        }
    }

    /// Records what a product reads and writes.
    mutating func requireReach(_ step: ContractionStep) throws(DeviceError) {
        try require(step.destination, count: step.batch * step.rows * step.columns, isWritten: true, what: "a product")
        if let epilogue = step.epilogue { try requireReach(epilogue) }
        for (matrix, rows, columns) in [(step.a, step.rows, step.depth), (step.b, step.depth, step.columns)] {
            let strides = [matrix.batchStride, matrix.rowStride, matrix.columnStride]
            if let reach = View(shape: [step.batch, rows, columns], strides: strides).reach {
                try require(
                    matrix.operand, first: reach.lowerBound, last: reach.upperBound, isWritten: false,
                    what: "a product")
            }
        }
    }

    /// A product over no depth, or a convolution over no tap: the epilogue of zero.
    mutating func addEpilogueOfZero(
        _ epilogue: Epilogue?, shape: [Int], destination: Operand
    ) throws(DeviceError) {
        var body = Expression()
        var value = body.append(.constant(.float(0)), type: .float32)
        var others = epilogue?.others ?? []
        if let epilogue {
            // Instructions keep their distance: the zero stands in the accumulator's place.
            var numbers: [Int] = []
            for (instruction, type) in zip(epilogue.body.instructions, epilogue.body.types) {
                numbers.append(
                    instruction == .accumulator ? 0 : body.append(instruction.renumbered(numbers), type: type))
            }
            value = numbers[epilogue.value]
            for index in others.indices { others[index].value = numbers[others[index].value] }
        }
        try add(
            PointwiseStep(
                shape: shape, body: body, operands: epilogue?.operands ?? [],
                stores: [Store(value: value, destination: destination, view: View(contiguous: shape))] + others))
    }

    private mutating func addCPU(_ step: ContractionStep) throws(DeviceError) {
        let choice = try choose(
            among: ProductChoice.candidates(for: step, traits), spares: ProductChoice.spares(for: step, traits),
            key: step.tuningKey, what: "a product")
        let (a, b, tile) = (step.a, step.b, choice.tile)
        let (isDot, isSplit) = (choice.form == .dots, choice.form == .split)
        let splits = min(traits.computeUnits, ceilingDivide(step.depth, 64))
        let rowPanels = step.rowPanels(tile)
        let columnPanels = isDot ? ceilingDivide(step.columns, tile.vectors) : step.columnPanels(tile)

        var macros = sizes(of: step)
        macros["FORM"] = choice.form.rawValue
        macros["TILE_ROWS"] = tile.rows
        macros["TILE_VECTORS"] = isDot ? 1 : tile.vectors
        macros["TILE_COLUMNS"] = isDot ? tile.vectors : 1
        macros["PACK_A"] = choice.packsA ? 1 : 0
        macros["PACK_B"] = choice.packsB ? 1 : 0
        macros["ACROSS"] = choice.goesAcross ? 1 : 0
        macros["SPLITS"] = splits
        macros["SPLIT_DEPTH"] = traits.registers.splitDepth
        let sums = isSplit ? try takeSums(step) : nil
        macros["SUMS"] = sums == nil ? 0 : 1
        let after = EpilogueText(
            step.epilogue, destination: step.destination.dtype, widths: isDot ? [1, 4] : [1, 16], traits: traits)
        let kernels = source(try product("matmul_cpu", macros, after), of: choice.description)

        var (left, right) = (a.operand, b.operand)
        if choice.packsA {
            let copies = a.batchStride == 0 ? 1 : step.batch
            left = newScratch(count: copies * rowPanels * step.depth * tile.rows, .float32)
            let groups = [rowPanels, ceilingDivide(step.depth, 64)]
            // As they are in memory.
            try launch(
                kernels, "pack_a", [a.operand, left], (a.columnStride == 1 ? groups.reversed() : groups) + [copies])
        }
        if choice.packsB {
            let copies = b.batchStride == 0 ? 1 : step.batch
            right = newScratch(count: copies * columnPanels * step.depth * tile.vectors * 16, .float32)
            let depth = ceilingDivide(step.depth, 64)
            let groups = b.columnStride == 1 ? [ceilingDivide(columnPanels, 4), depth] : [depth, columnPanels]
            try launch(kernels, "pack_b", [b.operand, right], groups + [copies])
        }
        if isSplit {
            let tiles = step.batch * columnPanels * rowPanels
            let count = splits * (tiles * tile.rows * tile.vectors + (sums?.vectors ?? 0)) * 16
            let partials = newScratch(count: count, .float32)
            try launch(kernels, "partial", [left, right, partials], [splits, 1, step.batch])
            try launchReduce(
                kernels, partials, step.destination, sums, [rowPanels, columnPanels, step.batch], after)
        } else {
            let groups = [rowPanels, choice.goesAcross ? 1 : columnPanels, step.batch]
            try launch(kernels, "product", [left, right, step.destination], groups, epilogue: after)
        }
    }

    private mutating func addGPU(_ step: ContractionStep) throws(DeviceError) {
        if let product = TensorProduct(step, traits) { return try add(step, product) }
        let choices = GPUChoices(step, traits)
        let choice = try choose(
            among: choices.candidates, spares: choices.spares, key: step.tuningKey, what: "a product")
        let sums = try takeSums(step)
        var macros = sizes(of: step)
        macros.merge(choice.tile.macros) { _, new in new }
        macros["SPLITS"] = choice.splits
        macros["SUMS"] = sums == nil ? 0 : 1
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1], traits: traits)
        let kernels = source(try product("matmul_gpu", macros, after), of: choice.description)
        try launchTiles(
            GPUTiling(step, choice.tile, splits: choice.splits), kernels, [step.a.operand, step.b.operand],
            step.destination, sums, after)
    }

    func sizes(of step: ContractionStep) -> [String: Int] {
        [
            "ROWS": step.rows, "COLUMNS": step.columns, "DEPTH": step.depth, "BATCH": step.batch,
            "A_ROW_STRIDE": step.a.rowStride, "A_COLUMN_STRIDE": step.a.columnStride,
            "A_BATCH_STRIDE": step.a.batchStride, "B_ROW_STRIDE": step.b.rowStride,
            "B_COLUMN_STRIDE": step.b.columnStride, "B_BATCH_STRIDE": step.b.batchStride,
        ]
    }
}

extension Expression.Instruction {
    /// The same instruction on other values: argument `i` becomes `numbers[i]`.
    func renumbered(_ numbers: [Int]) -> Expression.Instruction {
        switch self {
        case .load, .index, .random, .constant, .accumulator: self
        case .unary(let operation, let a): .unary(operation, numbers[a])
        case .binary(let operation, let a, let b): .binary(operation, numbers[a], numbers[b])
        case .select(let condition, let a, let b): .select(numbers[condition], numbers[a], numbers[b])
        case .cast(let type, let a): .cast(type, numbers[a])
        }
    }
}
