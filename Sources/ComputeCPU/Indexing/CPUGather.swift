import Compute
import Glibc

/// Rows of a table by their indices.
struct CPUGather: CPUStep {
    private let step: GatherStep
    let sharedScratch = 0
    let workerScratch = 0

    /// - Throws: `DeviceError.unsupported`, `DeviceError.badBuffer`.
    init(_ step: GatherStep, needs: inout BindingNeeds) throws {
        guard step.rows >= 0, step.width >= 0, step.count >= 0 else {
            throw needs.malformed("\(step.count) indices into \(step.rows) rows of \(step.width)")
        }
        self.step = step
        try needs.require(step.table, elements: 0..<max(step.rows * step.width, 0))
        try needs.require(step.indices, count: step.count, dtype: .int32)
        try needs.require(step.destination, count: step.count * step.width, dtype: step.table.dtype)
    }

    func run(_ launch: Launch) {
        let bytes = step.width * step.table.dtype.size
        let table = launch.pointer(step.table)
        let indices = launch.pointer(step.indices).assumingMemoryBound(to: Int32.self)
        let destination = launch.pointer(step.destination)
        launch.workers.divide(step.count, grain: max(1, 65536 / max(bytes, 16))) { _, range in
            for i in range {
                let row = Int(indices[i])
                if row >= 0, row < step.rows {
                    memcpy(destination + i * bytes, table + row * bytes, bytes)
                } else {
                    memset(destination + i * bytes, 0, bytes)
                }
            }
        }
    }
}
