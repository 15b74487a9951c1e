import Compute

/// `(y, w) -> x` where the window is the whole image: the gradients of all images times the weights of all taps.
struct WholeImageGradient: CPUStep {
    private let step: ConvolutionStep
    private let product: MatrixProduct
    private let epilogue: EpiloguePass
    var sharedScratch: Int { epilogue.sharedScratch + product.sharedScratch }
    var workerScratch: Int { max(product.workerScratch, epilogue.workerScratch) }

    init(_ step: ConvolutionStep, needs: inout BindingNeeds) throws {
        let geometry = step.geometry
        self.step = step
        product = MatrixProduct(
            rows: geometry.batch, columns: geometry.taps.count * geometry.inputChannels,
            depth: geometry.outputChannels)
        epilogue = try EpiloguePass(
            step.epilogue, shape: [1, geometry.batch * geometry.taps.count, geometry.inputChannels],
            destination: step.destination, needs: &needs)
    }

    func run(_ launch: Launch) {
        let depth = step.geometry.outputChannels
        let result = epilogue.result(launch, scratch: launch.shared)
        product.multiply(
            StridedMatrix(base: launch.floats(step.first), rowStride: depth, columnStride: 1),
            StridedMatrix(base: launch.floats(step.second), rowStride: 1, columnStride: depth), into: result,
            workers: launch.workers, parts: launch.shared + epilogue.sharedScratch, scratch: launch.scratch)
        epilogue.run(launch, result: result)
    }
}
