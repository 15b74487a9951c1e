import Compute
import Glibc

/// `(y, w) -> x` where the input has few channels: every output pixel times all of the weights, and the products added
/// to the input pixels that they belong to (col2im). One worker does a whole image: sums keep their order.
struct ImageGradient: CPUStep {
    private let step: ConvolutionStep
    private let patches: TapPatches
    private let product: MatrixProduct
    private let epilogue: EpiloguePass
    var sharedScratch: Int { epilogue.sharedScratch }
    let workerScratch: Int

    /// Whether this takes less memory traffic than reading the output pixels for each input pixel, and the products of
    /// one image fit into a few megabytes.
    static func suits(_ geometry: ConvolutionGeometry) -> Bool {
        geometry.batch >= 4 && 2 * geometry.inputChannels <= geometry.outputChannels
            && geometry.outputHeight * geometry.outputWidth * geometry.taps.count * geometry.inputChannels <= 1 << 20
    }

    init(_ step: ConvolutionStep, needs: inout BindingNeeds) throws {
        let geometry = step.geometry
        self.step = step
        patches = geometry.inputPatches
        let pixels = geometry.outputHeight * geometry.outputWidth
        product = MatrixProduct(rows: pixels, columns: patches.length, depth: geometry.outputChannels)
        epilogue = try EpiloguePass(
            step.epilogue, shape: [1, geometry.batch * geometry.height * geometry.width, geometry.inputChannels],
            destination: step.destination, needs: &needs)
        workerScratch = max(PlainProduct.scratchBytes + pixels * patches.length * 4, epilogue.workerScratch)
    }

    func run(_ launch: Launch) {
        let geometry = step.geometry
        let result = epilogue.result(launch, scratch: launch.shared)
        let size = geometry.height * geometry.width * geometry.inputChannels
        let pixels = geometry.outputHeight * geometry.outputWidth
        // The weights [taps * inputChannels, outputChannels], transposed.
        let weights = StridedMatrix(
            base: launch.floats(step.second), rowStride: 1, columnStride: geometry.outputChannels)
        let gradient = StridedMatrix(
            base: launch.floats(step.first), rowStride: geometry.outputChannels, columnStride: 1)
        launch.workers.perform(geometry.batch) { worker, image in
            let scratch = launch.scratch(worker)
            let products = (scratch + PlainProduct.scratchBytes).assumingMemoryBound(to: Float.self)
            memset(result + image * size, 0, size * 4)
            product.multiplyTile(
                rows: pixels, columns: patches.length, depth: geometry.outputChannels, gradient.at(image * pixels, 0),
                weights, accumulate: false, into: products, stride: patches.length, scratch: scratch)
            patches.add(image * pixels..<(image + 1) * pixels, patches: products, to: result)
        }
        epilogue.run(launch, result: result)
    }
}
