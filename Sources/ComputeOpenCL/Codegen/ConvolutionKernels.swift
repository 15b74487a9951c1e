import Compute

extension LaunchPlan {
    mutating func add(_ step: ConvolutionStep) throws(DeviceError) {
        let work = ConvolutionWork(step)
        try require(step.first, count: work.firstCount, isWritten: false, what: "a convolution")
        try require(step.second, count: work.secondCount, isWritten: false, what: "a convolution")
        try require(step.destination, count: work.resultCount, isWritten: true, what: "a convolution")
        if let epilogue = step.epilogue { try requireReach(epilogue) }
        if work.resultCount == 0 { return }
        if work.firstCount == 0 || work.secondCount == 0 {
            let shape = [1, work.resultCount / work.resultChannels, work.resultChannels]
            return try addEpilogueOfZero(step.epilogue, shape: shape, destination: step.destination)
        }
        if let products = ConvolutionProducts(step) { return try addProducts(step, work, products) }
        try addConvolution(step, work)
    }

    mutating func addConvolution(_ step: ConvolutionStep, _ work: ConvolutionWork) throws(DeviceError) {
        switch traits.shape {
        case .cpu: try addCPU(step, work)
        case .gpu: try addGPU(step, work)
        }
    }

    private mutating func addCPU(_ step: ConvolutionStep, _ work: ConvolutionWork) throws(DeviceError) {
        let choice = try choose(
            among: ConvolutionChoice.candidates(for: step, work, traits),
            spares: ConvolutionChoice.spares(for: step, work, traits), key: step.tuningKey, what: "a convolution")
        if choice.isWinograd, let winograd = Winograd(step, work, traits) {
            return try addWinograd(step, work, winograd, choice)
        }
        if step.kind == .weightGradient { return try addCPUWeightGradient(step, work, choice) }
        let (g, tile) = (step.geometry, choice.tile)
        let columnPanels = ceilingDivide(work.vectors, tile.vectors)

        var macros = work.macros
        macros["TILE_ROWS"] = tile.rows
        macros["TILE_VECTORS"] = tile.vectors
        macros["PACK"] = choice.packs ? 1 : 0
        macros["ACROSS"] = choice.goesAcross ? 1 : 0
        macros["BATCH_INNER"] = choice.isBatchInner ? 1 : 0
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1, 16], traits: traits)
        let kernels = source(
            try product("convolution_cpu", macros, after, more: work.taps), of: choice.description)

        var second = step.second
        if choice.packs {
            let count = columnPanels * g.taps.count * work.sourceChannels * tile.vectors * 16
            second = newScratch(count: count, .float32)
            let blocks = g.taps.count * ceilingDivide(work.sourceChannels, 16)
            try launch(kernels, "pack", [step.second, second], [blocks, columnPanels, 1])
        }
        zeros = max(zeros, work.sourceChannels)
        let rowPanels = ceilingDivide(work.rows, tile.rows)
        let groups = [rowPanels, choice.goesAcross ? 1 : columnPanels, work.phases]
        try launch(
            kernels, "convolve", [step.first, second, .zeros, step.destination], groups, epilogue: after)
    }

    private mutating func addCPUWeightGradient(
        _ step: ConvolutionStep, _ work: ConvolutionWork, _ choice: ConvolutionChoice
    ) throws(DeviceError) {
        let (g, tile) = (step.geometry, choice.tile)
        let order = CPUWeightGradient(step, work, traits, isSplit: choice.isSplit)

        var macros = work.macros
        macros["TILE_ROWS"] = tile.rows
        macros["TILE_VECTORS"] = tile.vectors
        macros["PACK"] = choice.packs ? 1 : 0
        macros["CHUNK"] = order.chunk
        macros["SPLITS"] = order.splits
        macros["GATHER"] = order.gathers ? 1 : 0
        let sums = order.splits > 1 ? try takeSums(step) : nil
        macros["SUMS"] = sums == nil ? 0 : 1
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1, 16], traits: traits)
        let kernels = source(
            try product("convolution_cpu", macros, after, more: work.taps), of: choice.description)

        let columnPanels = ceilingDivide(work.vectors, tile.vectors)
        let rowPanels = ceilingDivide(order.rows, tile.rows)
        let groups = [rowPanels, columnPanels, order.gathers ? 1 : g.taps.count]
        var (first, second) = (step.first, step.second)
        if choice.packs {
            second = newScratch(count: work.outputPixels * columnPanels * tile.vectors * 16, .float32)
            try launch(kernels, "pack", [step.second, second], [ceilingDivide(work.outputPixels, 64), 1, 1])
        }
        if choice.packs && order.splits == 1 {
            let height = ceilingDivide(g.height, g.strideY) * g.strideY
            let width = ceilingDivide(g.width, g.strideX) * g.strideX
            first = newScratch(count: rowPanels * tile.rows * g.batch * height * width, .float32)
            try launch(kernels, "pack_first", [step.first, first], [g.batch * g.height, 1, 1])
        }
        if order.splits == 1 {
            return try launch(kernels, "convolve", [first, second, step.destination], groups, epilogue: after)
        }
        let tiles = groups.reduce(1, *)
        let sumVectors = sums?.vectors ?? 0
        let count = order.splits * (tiles * tile.rows * tile.vectors + sumVectors) * 16
        let partials = newScratch(count: count, .float32)
        try launch(kernels, "partial", [first, second, partials], [order.splits, 1, 1])
        try launchReduce(kernels, partials, step.destination, sums, groups, after)
    }

    private mutating func addGPU(_ step: ConvolutionStep, _ work: ConvolutionWork) throws(DeviceError) {
        if let product = TensorProduct(step, work, traits) { return try add(step, work, product) }
        let choices = GPUChoices(step, work, traits)
        let choice = try choose(
            among: choices.candidates, spares: choices.spares, key: step.tuningKey, what: "a convolution")
        let sums = try takeSums(step)
        var macros = work.macros
        macros.merge(choice.tile.macros) { _, new in new }
        macros["SPLITS"] = choice.splits
        macros["SUMS"] = sums == nil ? 0 : 1
        let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1], traits: traits)
        let kernels = source(
            try product("convolution_gpu", macros, after, more: work.taps), of: choice.description)
        try launchTiles(
            GPUTiling(work, choice.tile, splits: choice.splits), kernels, [step.first, step.second], step.destination,
            sums, after)
    }
}

/// The sizes of a convolution as its kernels name them.
struct ConvolutionWork {
    let firstCount: Int
    let secondCount: Int
    let resultCount: Int
    /// Channels of the result, and of the image it is gathered from.
    let resultChannels: Int
    let sourceChannels: Int
    /// What the kernels call the step's kind.
    let kind: Int
    let outputPixels: Int
    /// Rows of the implicit product, of one phase.
    let rows: Int
    /// Depth of the implicit product, of one phase.
    let depth: Int
    /// Parts of the result that see different taps: the strides' for the input gradient.
    let phases: Int
    let macros: [String: Int]
    let taps: [String: String]
    /// Vectors of 16 channels of the result.
    var vectors: Int { ceilingDivide(resultChannels, 16) }

    init(_ step: ConvolutionStep) {
        let g = step.geometry
        let (x, y, w) = (g.inputShape.reduce(1, *), g.outputShape.reduce(1, *), g.weightShape.reduce(1, *))
        outputPixels = g.batch * g.outputHeight * g.outputWidth
        switch step.kind {
        case .forward:
            (kind, firstCount, secondCount, resultCount) = (0, x, w, y)
            (resultChannels, sourceChannels, phases) = (g.outputChannels, g.inputChannels, 1)
            rows = outputPixels
            depth = g.taps.count * g.inputChannels
        case .inputGradient:
            (kind, firstCount, secondCount, resultCount) = (1, y, w, x)
            (resultChannels, sourceChannels, phases) = (g.inputChannels, g.outputChannels, g.strideY * g.strideX)
            rows = g.batch * ceilingDivide(g.height, g.strideY) * ceilingDivide(g.width, g.strideX)
            depth = ceilingDivide(g.taps.count * g.outputChannels, g.strideY * g.strideX)
        case .weightGradient:
            (kind, firstCount, secondCount, resultCount) = (2, x, y, w)
            (resultChannels, sourceChannels, phases) = (g.outputChannels, g.inputChannels, 1)
            rows = g.taps.count * g.inputChannels
            depth = outputPixels
        }
        macros = [
            "KIND": kind, "BATCH": g.batch, "HEIGHT": g.height, "WIDTH": g.width, "INPUT_CHANNELS": g.inputChannels,
            "OUTPUT_HEIGHT": g.outputHeight, "OUTPUT_WIDTH": g.outputWidth, "OUTPUT_CHANNELS": g.outputChannels,
            "STRIDE_Y": g.strideY, "STRIDE_X": g.strideX, "TAPS": g.taps.count,
        ]
        taps = ["TAP_LIST": g.taps.map { "\($0.dy), \($0.dx)" }.joined(separator: ", ")]
    }
}
