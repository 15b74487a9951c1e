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
        try require(step.destination, count: step.batch * step.rows * step.columns, what: "a product")
        if let epilogue = step.epilogue { try requireReach(of: epilogue.body, epilogue.operands) }
        for (matrix, rows, columns) in [(step.a, step.rows, step.depth), (step.b, step.depth, step.columns)] {
            let strides = [matrix.batchStride, matrix.rowStride, matrix.columnStride]
            if let reach = View(shape: [step.batch, rows, columns], strides: strides).reach {
                try require(matrix.operand, first: reach.lowerBound, last: reach.upperBound, what: "a product")
            }
        }
    }

    /// A product over no depth, or a convolution over no tap: the epilogue of zero.
    mutating func addEpilogueOfZero(
        _ epilogue: Epilogue?, shape: [Int], destination: Operand
    ) throws(DeviceError) {
        var body = Expression()
        var value = body.append(.constant(.float(0)), type: .float32)
        if let epilogue {
            // Instructions keep their distance: the zero stands in the accumulator's place.
            var numbers: [Int] = []
            for (instruction, type) in zip(epilogue.body.instructions, epilogue.body.types) {
                numbers.append(
                    instruction == .accumulator ? 0 : body.append(instruction.renumbered(numbers), type: type))
            }
            value = numbers[epilogue.value]
        }
        try add(
            PointwiseStep(
                shape: shape, body: body, operands: epilogue?.operands ?? [],
                stores: [Store(value: value, destination: destination, view: View(contiguous: shape))]))
    }

    // MARK: The choices of matmul_cpu.cl and matmul_gpu.cl, which say why.

    private mutating func addCPU(_ step: ContractionStep) throws(DeviceError) {
        let (a, b, units) = (step.a, step.b, traits.computeUnits)
        let vectors = ceilingDivide(step.columns, 16)
        var tile = traits.registers.product(rows: step.rows, vectors: vectors)
        let isDot =
            a.columnStride == 1 && b.rowStride == 1
            && ((step.columns == 1 && step.depth >= 16)
                || (b.columnStride != 1 && step.depth >= 192 && step.rows <= 192))
        let tiles = step.batch * ceilingDivide(step.rows, tile.rows) * ceilingDivide(vectors, tile.vectors)
        let isDeep = step.depth >= 2048 && step.depth >= 8 * min(step.rows, step.columns)
        let isSplit =
            !isDot && step.rows * step.columns <= 131_072 && (isDeep || (step.depth >= 512 && tiles < units))
        let packsB =
            !isDot
            && (b.columnStride != 1 || step.columns < 16
                || (!isSplit && (step.rows >= 1024 || (step.rows >= 256 && b.rowStride >= 512))))
        let isFarApart =
            a.columnStride >= 1000 || (traits.registers.collide(stride: a.rowStride) && step.columns >= 512)
        let packsA = !isDot && !isSplit && isFarApart && step.depth >= 512 && step.columns >= 256
        let columnsFirst =
            !isDot && packsB && step.rows >= 1024 && traits.registers.stayNear(count: step.depth * step.columns)
        let dots = traits.registers.dots(rows: step.rows, columns: step.columns)
        let splits = min(units, ceilingDivide(step.depth, 64))
        // Partial results are few tiles, each over a long sum: equal ones, so that none is shifted back far.
        if isSplit {
            let most = vectors == 1 ? traits.registers.sums : tile.rows
            tile.rows = ceilingDivide(step.rows, ceilingDivide(step.rows, most))
        }
        let tileRows = isDot ? dots.rows : tile.rows
        let rowPanels = ceilingDivide(step.rows, tileRows)
        let columnPanels = ceilingDivide(vectors, tile.vectors)

        var macros = sizes(of: step)
        macros["FORM"] = isDot ? 2 : isSplit ? 1 : 0
        macros["TILE_ROWS"] = tileRows
        macros["TILE_VECTORS"] = isDot ? 1 : tile.vectors
        macros["TILE_COLUMNS"] = dots.columns
        macros["PACK_A"] = packsA ? 1 : 0
        macros["PACK_B"] = packsB ? 1 : 0
        macros["COLUMNS_FIRST"] = columnsFirst ? 1 : 0
        macros["SPLITS"] = splits
        let canSum = isSplit && step.batch == 1 && b.columnStride == 1 && b.rowStride == step.columns
        let sums = canSum ? sumsWanted(of: b.operand, rows: step.depth, columns: step.columns) : nil
        macros["SUMS"] = sums == nil ? 0 : 1
        let after = EpilogueText(
            step.epilogue, destination: step.destination.dtype, widths: isDot ? [1, 4] : [1, 16], traits: traits)
        let kernels = try product("matmul_cpu", macros, after)

        var (left, right) = (a.operand, b.operand)
        if packsA {
            let copies = a.batchStride == 0 ? 1 : step.batch
            left = newScratch(count: copies * rowPanels * step.depth * tile.rows, .float32)
            try launch(kernels, "pack_a", [a.operand, left], [rowPanels, ceilingDivide(step.depth, 64), copies])
        }
        if packsB {
            let copies = b.batchStride == 0 ? 1 : step.batch
            right = newScratch(count: copies * columnPanels * step.depth * tile.vectors * 16, .float32)
            try launch(kernels, "pack_b", [b.operand, right], [ceilingDivide(step.depth, 64), columnPanels, copies])
        }
        if isSplit {
            let tiles = step.batch * columnPanels * rowPanels
            let count = splits * (tiles * tile.rows * tile.vectors + (sums?.vectors ?? 0)) * 16
            let partials = newScratch(count: count, .float32)
            try launch(kernels, "partial", [left, right, partials], [splits, 1, step.batch])
            try launch(
                kernels, "reduce", [partials, step.destination], [rowPanels, columnPanels, step.batch],
                epilogue: after)
            if let sums { try finishSums(sums, kernels, partials: partials) }
        } else {
            let across = isDot ? ceilingDivide(step.columns, dots.columns) : columnPanels
            let groups = columnsFirst ? [across, rowPanels, step.batch] : [rowPanels, across, step.batch]
            try launch(kernels, "product", [left, right, step.destination], groups, epilogue: after)
        }
    }

    private mutating func addGPU(_ step: ContractionStep) throws(DeviceError) {
        let units = traits.computeUnits
        func groups(_ tile: GPUTile) -> Int {
            step.batch * ceilingDivide(step.rows, tile.rows) * ceilingDivide(step.columns, tile.columns)
        }
        let tiles = traits.groupSize < 256 ? [GPUTile.small] : [.large, .medium, .small]
        let tile = tiles.first { groups($0) >= units } ?? .small
        let wanted = ceilingDivide(2 * units, groups(tile))
        var splits = groups(tile) >= units ? 1 : min(wanted, ceilingDivide(step.depth, 64))
        if step.depth >= 4096 { splits = max(splits, min(wanted, 64)) }

        var macros = sizes(of: step)
        macros.merge(tile.macros) { _, new in new }
        macros["SPLITS"] = splits
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1], traits: traits)
        let kernels = try product("matmul_gpu", macros, after)
        let across = ceilingDivide(step.columns, tile.columns)
        let down = ceilingDivide(step.rows, tile.rows)
        let operands = [step.a.operand, step.b.operand]
        if splits == 1 {
            try launch(
                kernels, "product", operands + [step.destination], [across, down, step.batch], groupSize: tile.items,
                epilogue: after)
        } else {
            let partials = newScratch(count: splits * step.batch * step.rows * step.columns, .float32)
            try launch(
                kernels, "partial", operands + [partials], [across, down, step.batch * splits], groupSize: tile.items)
            try launch(
                kernels, "reduce", [partials, step.destination],
                [ceilingDivide(step.rows * step.columns, 256), step.batch, 1], groupSize: 256, epilogue: after)
        }
    }

    private func sizes(of step: ContractionStep) -> [String: Int] {
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
