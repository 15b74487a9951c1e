import Compute

/// A batch of matrix products with an epilogue.
struct CPUContraction: CPUStep {
    private let step: ContractionStep
    private let product: MatrixProduct
    private let epilogue: EpiloguePass
    let sharedScratch: Int
    let workerScratch: Int

    /// - Throws: `DeviceError.unsupported`, `DeviceError.badBuffer`.
    init(_ step: ContractionStep, needs: inout BindingNeeds) throws {
        guard step.depth >= 0, step.depth <= Int(Int32.max) else {
            throw needs.malformed("a product of depth \(step.depth)")
        }
        self.step = step
        product = MatrixProduct(batch: step.batch, rows: step.rows, columns: step.columns, depth: step.depth)
        epilogue = try EpiloguePass(
            step.epilogue, shape: [step.batch, step.rows, step.columns], destination: step.destination, needs: &needs)
        sharedScratch = epilogue.sharedScratch + product.sharedScratch
        workerScratch = max(product.workerScratch, PlainProduct.scratchBytes, epilogue.workerScratch)
        for (matrix, rows, columns) in [(step.a, step.rows, step.depth), (step.b, step.depth, step.columns)] {
            guard matrix.operand.dtype == .float32 else {
                throw needs.malformed("a product of \(matrix.operand.dtype)")
            }
            try needs.require(
                matrix.operand,
                view: View(
                    shape: [step.batch, rows, columns],
                    strides: [matrix.batchStride, matrix.rowStride, matrix.columnStride]))
        }
    }

    func run(_ launch: Launch) {
        guard step.batch > 0, step.rows > 0, step.columns > 0 else { return }
        let result = epilogue.result(launch, scratch: launch.shared)
        product.multiply(
            strided(step.a, launch), strided(step.b, launch), into: result, workers: launch.workers,
            parts: launch.shared + epilogue.sharedScratch, scratch: launch.scratch)
        epilogue.run(launch, result: result)
    }

    private func strided(_ matrix: Matrix, _ launch: Launch) -> StridedMatrix {
        StridedMatrix(
            base: launch.floats(matrix.operand), rowStride: matrix.rowStride, columnStride: matrix.columnStride,
            batchStride: matrix.batchStride)
    }
}
