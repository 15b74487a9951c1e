import Compute

/// How some gradients of images are computed, which are also the transposed convolutions that make them: each source
/// pixel times the weights of all taps, a plain product without padding, and then for each result pixel the sum of what
/// its taps gave it.
///
/// Images of few channels: a tile of vectors as wide as the channels of one tap would be mostly empty. And images that
/// the window covers as a whole: each pixel meets one tap, and the products are the result.
struct ConvolutionProducts {
    /// The 1x1 convolution with all taps' weights at once.
    let geometry: ConvolutionGeometry

    var count: Int { geometry.inputShape.reduce(1, *) }

    /// Nil where the tiles are full enough, or where the products would take much more memory than the images.
    init?(_ step: ConvolutionStep) {
        let g = step.geometry
        let isNarrow = g.inputChannels < 16 && 2 * g.inputChannels <= g.outputChannels
        guard step.kind == .inputGradient, g.taps.count > 1, isNarrow || g.isWholeImage else { return nil }
        geometry = ConvolutionGeometry(
            batch: g.batch, height: g.outputHeight, width: g.outputWidth, inputChannels: g.taps.count * g.inputChannels,
            outputHeight: g.outputHeight, outputWidth: g.outputWidth, outputChannels: g.outputChannels, strideY: 1,
            strideX: 1, taps: [.init(dy: 0, dx: 0)])
        guard count <= 2 * max(g.inputShape.reduce(1, *), g.outputShape.reduce(1, *)) else { return nil }
    }
}

extension LaunchPlan {
    mutating func addProducts(
        _ step: ConvolutionStep, _ work: ConvolutionWork, _ products: ConvolutionProducts
    ) throws(DeviceError) {
        let g = step.geometry
        var inner = ConvolutionStep(
            kind: .inputGradient, geometry: products.geometry, first: step.first, second: step.second,
            destination: step.destination, precision: step.precision, isPixelwise: step.isPixelwise)
        if g.isWholeImage {
            inner.epilogue = step.epilogue?.inOrder(over: [1, g.batch, products.geometry.inputChannels])
            if inner.epilogue != nil || step.epilogue == nil {
                return try addConvolution(inner, ConvolutionWork(inner))
            }
        }
        inner.destination = newScratch(count: products.count, .float32)
        try addConvolution(inner, ConvolutionWork(inner))

        var macros = work.macros
        macros["KIND"] = 3
        let operands = [inner.destination, step.destination]
        switch traits.shape {
        case .cpu:
            let flat = step.epilogue?.inOrder(over: [1, 1, work.resultCount])
            macros["FLAT"] = step.epilogue == nil || flat != nil ? 1 : 0
            macros["RUN"] = g.tapRun
            macros["MARGIN"] = max(0, -(g.taps.map(\.dx).min() ?? 0))
            macros["REACH"] = max(g.width, (g.outputWidth - 1) * g.strideX + (g.taps.map(\.dx).max() ?? 0) + 1)
            let after = EpilogueText(
                flat ?? step.epilogue, destination: step.destination.dtype, widths: [1, 16], traits: traits)
            let kernels = try product("convolution_cpu", macros, after, more: work.taps)
            try launch(kernels, "collect", operands, [g.height, g.batch, 1], epilogue: after)
        case .gpu:
            let after = EpilogueText(step.epilogue, destination: step.destination.dtype, widths: [1], traits: traits)
            let kernels = try product("convolution_gpu", macros, after, more: work.taps)
            try launchElements(kernels, "collect", operands, work.resultCount, epilogue: after)
        }
    }
}

extension ConvolutionGeometry {
    /// How many taps in a row are neighbours of one line, for all taps alike.
    fileprivate var tapRun: Int {
        let breaks = taps.indices.dropFirst().filter { index in
            taps[index].dy != taps[index - 1].dy || taps[index].dx != taps[index - 1].dx + 1
        }
        let run = breaks.first ?? taps.count
        return breaks.elementsEqual(stride(from: run, to: taps.count, by: run)) && taps.count.isMultiple(of: run)
            ? run : 1
    }

    /// The part of all pairs of an output pixel and a tap that meet a pixel of the image.
    var usefulShare: Double {
        func meeting(_ offset: Int, _ stride: Int, _ outputs: Int, _ extent: Int) -> Int {
            (0..<outputs).count { 0..<extent ~= $0 * stride + offset }
        }
        let useful = taps.reduce(0) {
            $0 + meeting($1.dy, strideY, outputHeight, height) * meeting($1.dx, strideX, outputWidth, width)
        }
        return Double(useful) / Double(max(1, taps.count * outputHeight * outputWidth))
    }
}

extension Epilogue {
    /// The same over another shape of as many elements in the same order; nil where it is about more than their order.
    fileprivate func inOrder(over shape: [Int]) -> Epilogue? {
        var moved = Expression()
        var numbers: [Int] = []
        for (instruction, type) in zip(body.instructions, body.types) {
            var new = instruction.renumbered(numbers)
            if let view = instruction.view {
                guard let newView = view.inOrder(over: shape) else { return nil }
                new = instruction.viewed(by: newView)
            }
            numbers.append(moved.append(new, type: type))
        }
        var moving = others
        for index in moving.indices {
            guard let view = others[index].view.inOrder(over: shape) else { return nil }
            moving[index].view = view
            moving[index].value = numbers[others[index].value]
        }
        return Epilogue(body: moved, operands: operands, value: numbers[value], others: moving)
    }
}

extension Expression.Instruction {
    fileprivate func viewed(by view: View) -> Expression.Instruction {
        switch self {
        case .load(let operand, _): .load(operand: operand, view: view)
        case .index: .index(view: view)
        case .random(let kind, let operand, let stream, _):
            .random(kind, operand: operand, stream: stream, view: view)
        default: self
        }
    }
}

extension View {
    /// The same elements over another shape; nil unless the view is contiguous, or one element everywhere.
    fileprivate func inOrder(over shape: [Int]) -> View? {
        var view = View(contiguous: shape)
        view.offset = offset
        if isContiguous { return view }
        guard valid == nil, zip(self.shape, strides).allSatisfy({ $0 == 1 || $1 == 0 }) else { return nil }
        view.strides = shape.map { _ in 0 }
        return view
    }
}
