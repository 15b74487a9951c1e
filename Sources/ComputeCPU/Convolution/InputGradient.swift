import Compute
import Glibc

/// `(y, w) -> x`: the gradient of the input, which is also the transposed convolution.
///
/// Input pixels whose coordinates agree modulo the strides make up a phase. Within a phase every pixel reads the
/// same taps, at fixed distances in y: each phase is a convolution of stride 1 with some of the taps, and no sum is
/// ever shared between workers.
struct InputGradient: CPUStep {
    private struct Phase {
        /// The first input pixel.
        let y: Int
        let x: Int
        let patches: TapPatches
        let product: PatchProduct
        /// The numbers of its taps.
        let taps: [Int]
    }

    private let step: ConvolutionStep
    private let phases: [Phase]
    private let epilogue: EpiloguePass
    private let weightBytes: Int
    let sharedScratch: Int
    let workerScratch: Int

    init(_ step: ConvolutionStep, needs: inout BindingNeeds) throws {
        let geometry = step.geometry
        self.step = step
        phases = InputGradient.phases(geometry)
        epilogue = try EpiloguePass(
            step.epilogue, shape: [1, geometry.batch * geometry.height * geometry.width, geometry.inputChannels],
            destination: step.destination, needs: &needs)
        weightBytes = (geometry.weightShape.reduce(4, *) + 63) / 64 * 64
        let productShared = phases.map(\.product.sharedScratch).max() ?? 0
        let productWorker = phases.map(\.product.workerScratch).max() ?? 0
        sharedScratch = epilogue.sharedScratch + weightBytes + productShared
        workerScratch = max(productWorker, epilogue.workerScratch)
    }

    private static func phases(_ geometry: ConvolutionGeometry) -> [Phase] {
        let scatters = geometry.strideY > 1 || geometry.strideX > 1
        var phases: [Phase] = []
        for y in 0..<min(geometry.strideY, geometry.height) {
            for x in 0..<min(geometry.strideX, geometry.width) {
                let taps = geometry.taps.indices.filter { index in
                    let tap = geometry.taps[index]
                    return (y - tap.dy) % geometry.strideY == 0 && (x - tap.dx) % geometry.strideX == 0
                }
                let patches = TapPatches(
                    height: geometry.outputHeight, width: geometry.outputWidth, channels: geometry.outputChannels,
                    batch: geometry.batch, rows: (geometry.height - y + geometry.strideY - 1) / geometry.strideY,
                    columns: (geometry.width - x + geometry.strideX - 1) / geometry.strideX, strideY: 1, strideX: 1,
                    taps: taps.map { index in
                        let tap = geometry.taps[index]
                        return .init(dy: (y - tap.dy) / geometry.strideY, dx: (x - tap.dx) / geometry.strideX)
                    })
                let product = PatchProduct(patches, columns: geometry.inputChannels, scatters: scatters)
                phases.append(Phase(y: y, x: x, patches: patches, product: product, taps: taps))
            }
        }
        return phases
    }

    func run(_ launch: Launch) {
        let result = epilogue.result(launch, scratch: launch.shared)
        let memory = launch.shared + epilogue.sharedScratch
        let weights = memory.assumingMemoryBound(to: Float.self)
        for phase in phases {
            transposeWeights(phase.taps, launch, into: weights)
            phase.product.run(
                launch, source: launch.floats(step.first), weights: weights, into: result,
                shared: memory + weightBytes
            ) { pixels, rows in scatter(phase, pixels, rows, into: result) }
        }
        epilogue.run(launch, result: result)
    }

    /// The matrices of some taps, each transposed to `[outputChannels, inputChannels]`.
    private func transposeWeights(_ taps: [Int], _ launch: Launch, into weights: UnsafeMutablePointer<Float>) {
        let (inputs, outputs) = (step.geometry.inputChannels, step.geometry.outputChannels)
        let source = launch.floats(step.second)
        launch.workers.divide(taps.count * outputs, grain: max(1, 65536 / max(inputs, 1))) { _, rows in
            // Sixteen rows at a time use what each line of the cache brings.
            for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: 16) {
                for input in 0..<inputs {
                    for row in first..<min(first + 16, rows.upperBound) {
                        let (tap, output) = row.quotientAndRemainder(dividingBy: outputs)
                        weights[row * inputs + input] = source[(taps[tap] * inputs + input) * outputs + output]
                    }
                }
            }
        }
    }

    /// Copies the results of a phase to their places in the image.
    private func scatter(
        _ phase: Phase, _ pixels: Range<Int>, _ rows: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>
    ) {
        let geometry = step.geometry
        let channels = geometry.inputChannels
        for (index, pixel) in pixels.enumerated() {
            let (line, column) = pixel.quotientAndRemainder(dividingBy: phase.patches.columns)
            let (image, row) = line.quotientAndRemainder(dividingBy: phase.patches.rows)
            let y = image * geometry.height + phase.y + row * geometry.strideY
            let x = phase.x + column * geometry.strideX
            memcpy(result + (y * geometry.width + x) * channels, rows + index * channels, channels * 4)
        }
    }
}
