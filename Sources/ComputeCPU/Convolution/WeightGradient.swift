import Compute

/// `(x, y) -> w`: the patches of the input, transposed, times the output's gradient.
struct WeightGradient: CPUStep {
    private enum Method {
        /// The input is the matrix of patches.
        case direct(MatrixProduct)
        /// Many pixels and few weights: sums over segments of the pixels, added in order. Each worker fills and
        /// multiplies blocks of patches of its own.
        case segments(MatrixProduct, count: Int)
        /// Patches of many pixels at a time, and then one product that all workers share.
        case rounds(MatrixProduct, count: Int)
    }

    private let step: ConvolutionStep
    private let patches: TapPatches
    private let epilogue: EpiloguePass
    private let method: Method
    let sharedScratch: Int
    let workerScratch: Int

    init(_ step: ConvolutionStep, needs: inout BindingNeeds) throws {
        self.step = step
        let columns = step.geometry.outputChannels
        let patches = step.geometry.inputPatches
        let (pixels, rows) = (patches.pixels, patches.length)
        let blocks = (pixels + patches.blockPixels - 1) / patches.blockPixels
        let shared: Int
        let worker: Int
        if patches.isSource {
            let product = MatrixProduct(rows: rows, columns: columns, depth: pixels)
            method = .direct(product)
            (shared, worker) = (product.sharedScratch, 0)
        } else if blocks >= 8, rows * columns <= 1 << 20 {
            let count = min(16, blocks)
            method = .segments(MatrixProduct(rows: rows, columns: columns, depth: patches.blockPixels), count: count)
            (shared, worker) = (count * rows * columns * 4, patches.blockPixels * rows * 4)
        } else {
            // At most about 32 megabytes of patches at a time.
            let count = max(1, (pixels * rows + (1 << 23) - 1) >> 23)
            let most = (pixels + count - 1) / count
            let product = MatrixProduct(rows: rows, columns: columns, depth: most)
            method = .rounds(product, count: count)
            (shared, worker) = ((most * rows * 4 + 63) / 64 * 64 + product.sharedScratch, 0)
        }
        self.patches = patches
        epilogue = try EpiloguePass(
            step.epilogue, shape: [1, rows, columns], destination: step.destination, needs: &needs)
        sharedScratch = epilogue.sharedScratch + shared
        workerScratch = max(worker + PlainProduct.scratchBytes, epilogue.workerScratch)
    }

    func run(_ launch: Launch) {
        let result = epilogue.result(launch, scratch: launch.shared)
        let memory = launch.shared + epilogue.sharedScratch
        switch method {
        case .direct(let product):
            product.multiply(
                transposed(launch.floats(step.first)), gradient(launch), into: result, workers: launch.workers,
                parts: memory, scratch: launch.scratch)
        case .segments(let product, let count):
            multiplySegments(product, count: count, launch, parts: memory.assumingMemoryBound(to: Float.self))
            MatrixProduct.sum(
                memory.assumingMemoryBound(to: Float.self), count: count,
                size: patches.length * step.geometry.outputChannels, accumulate: false, into: result,
                workers: launch.workers)
        case .rounds(let product, let count):
            multiplyRounds(product, count: count, launch, memory, into: result)
        }
        epilogue.run(launch, result: result)
    }

    /// Rows of patches, read as columns.
    private func transposed(_ rows: UnsafePointer<Float>) -> StridedMatrix {
        StridedMatrix(base: rows, rowStride: 1, columnStride: patches.length)
    }

    private func gradient(_ launch: Launch) -> StridedMatrix {
        StridedMatrix(base: launch.floats(step.second), rowStride: step.geometry.outputChannels, columnStride: 1)
    }

    private func multiplySegments(
        _ product: MatrixProduct, count: Int, _ launch: Launch, parts: UnsafeMutablePointer<Float>
    ) {
        let columns = step.geometry.outputChannels
        let source = launch.floats(step.first)
        launch.workers.perform(count) { worker, segment in
            let scratch = launch.scratch(worker)
            let rows = (scratch + PlainProduct.scratchBytes).assumingMemoryBound(to: Float.self)
            let part = parts + segment * patches.length * columns
            let first = patches.pixels * segment / count
            let end = patches.pixels * (segment + 1) / count
            for pixel in Swift.stride(from: first, to: end, by: patches.blockPixels) {
                let pixels = pixel..<min(pixel + patches.blockPixels, end)
                patches.fill(pixels, from: source, into: rows)
                product.multiplyTile(
                    rows: patches.length, columns: columns, depth: pixels.count, transposed(rows),
                    gradient(launch).at(pixel, 0), accumulate: pixel > first, into: part, stride: columns,
                    scratch: scratch)
            }
        }
    }

    private func multiplyRounds(
        _ product: MatrixProduct, count: Int, _ launch: Launch, _ memory: UnsafeMutableRawPointer,
        into result: UnsafeMutablePointer<Float>
    ) {
        let most = (patches.pixels + count - 1) / count
        let rows = memory.assumingMemoryBound(to: Float.self)
        let parts = memory + (most * patches.length * 4 + 63) / 64 * 64
        for round in 0..<count {
            let first = min(round * most, patches.pixels)
            let pixels = first..<min(first + most, patches.pixels)
            patches.fillAll(pixels, from: launch.floats(step.first), into: rows, workers: launch.workers)
            product.multiply(
                transposed(rows), gradient(launch).at(first, 0), depth: pixels.count, accumulate: round > 0,
                into: result, workers: launch.workers, parts: parts, scratch: launch.scratch)
        }
    }
}
