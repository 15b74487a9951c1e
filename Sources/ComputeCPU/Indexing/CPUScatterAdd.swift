import Compute
import Glibc

/// Sums of rows by their indices.
///
/// Each worker owns a range of destination rows and reads all of the indices: every sum is added in ascending order,
/// however many workers there are.
struct CPUScatterAdd: CPUStep {
    private let step: ScatterAddStep
    let sharedScratch = 0
    let workerScratch = 0

    /// - Throws: `DeviceError.unsupported`, `DeviceError.badBuffer`.
    init(_ step: ScatterAddStep, needs: inout BindingNeeds) throws {
        guard step.rows >= 0, step.width >= 0, step.count >= 0 else {
            throw needs.malformed("\(step.count) indices into \(step.rows) rows of \(step.width)")
        }
        self.step = step
        try needs.require(step.source, count: step.count * step.width, dtype: .float32)
        try needs.require(step.indices, count: step.count, dtype: .int32)
        try needs.require(step.destination, count: step.rows * step.width, dtype: .float32)
    }

    func run(_ launch: Launch) {
        let width = step.width
        let source = launch.floats(step.source)
        let indices = launch.pointer(step.indices).assumingMemoryBound(to: Int32.self)
        let destination = launch.floats(step.destination)
        let work = step.count * width + step.rows * width
        let grain = work < 65536 ? step.rows : (step.rows + launch.workers.count - 1) / launch.workers.count
        launch.workers.divide(step.rows, grain: grain) { _, owned in
            memset(destination + owned.lowerBound * width, 0, owned.count * width * 4)
            for i in 0..<step.count {
                let row = Int(indices[i])
                guard owned.contains(row) else { continue }
                let target = destination + row * width
                let addend = source + i * width
                for column in 0..<width { target[column] += addend[column] }
            }
        }
    }
}
