import Compute

/// Convolutions by lists of taps, made into matrix products.
enum CPUConvolution {
    /// - Throws: `DeviceError.unsupported`, `DeviceError.badBuffer`.
    static func compile(_ step: ConvolutionStep, needs: inout BindingNeeds) throws -> any CPUStep {
        let geometry = step.geometry
        let extents = geometry.inputShape + geometry.outputShape
        guard extents.allSatisfy({ $0 >= 0 }), geometry.strideY > 0, geometry.strideX > 0,
            max(geometry.taps.count, 1) * max(geometry.inputChannels, geometry.outputChannels) <= Int(Int32.max)
        else { throw needs.malformed("a convolution of \(geometry.inputShape) to \(geometry.outputShape)") }
        let (first, second) =
            switch step.kind {
            case .forward: (geometry.inputShape, geometry.weightShape)
            case .inputGradient: (geometry.outputShape, geometry.weightShape)
            case .weightGradient: (geometry.inputShape, geometry.outputShape)
            }
        try needs.require(step.first, count: first.reduce(1, *), dtype: .float32)
        try needs.require(step.second, count: second.reduce(1, *), dtype: .float32)
        switch step.kind {
        case .forward: return try ForwardConvolution(step, needs: &needs)
        case .inputGradient where geometry.isWholeImage: return try WholeImageGradient(step, needs: &needs)
        case .inputGradient where ImageGradient.suits(geometry): return try ImageGradient(step, needs: &needs)
        case .inputGradient: return try InputGradient(step, needs: &needs)
        case .weightGradient: return try WeightGradient(step, needs: &needs)
        }
    }
}

extension ConvolutionGeometry {
    /// What each output pixel reads of the input.
    var inputPatches: TapPatches {
        TapPatches(
            height: height, width: width, channels: inputChannels, batch: batch, rows: outputHeight,
            columns: outputWidth, strideY: strideY, strideX: strideX, taps: taps)
    }
}

/// `(x, w) -> y`: patches of the input times the weights.
struct ForwardConvolution: CPUStep {
    private let step: ConvolutionStep
    private let product: PatchProduct
    private let epilogue: EpiloguePass
    var sharedScratch: Int { epilogue.sharedScratch + product.sharedScratch }
    var workerScratch: Int { max(product.workerScratch, epilogue.workerScratch) }

    init(_ step: ConvolutionStep, needs: inout BindingNeeds) throws {
        let patches = step.geometry.inputPatches
        self.step = step
        product = PatchProduct(patches, columns: step.geometry.outputChannels, scatters: false)
        epilogue = try EpiloguePass(
            step.epilogue, shape: [1, patches.pixels, step.geometry.outputChannels], destination: step.destination,
            needs: &needs)
    }

    func run(_ launch: Launch) {
        let result = epilogue.result(launch, scratch: launch.shared)
        product.run(
            launch, source: launch.floats(step.first), weights: launch.floats(step.second), into: result,
            shared: launch.shared + epilogue.sharedScratch)
        epilogue.run(launch, result: result)
    }
}
