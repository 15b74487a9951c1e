import COpenCL
import Compute

/// Steps compiled for one OpenCL device: a kernel object a launch with its fixed arguments set, and scratch memory.
final class PreparedLaunches: PreparedSteps, @unchecked Sendable {
    struct Item {
        let kernel: cl_kernel
        /// Items in each dimension, of the grid and of a group.
        let global: [Int]
        let local: [Int]
        /// Arguments that are buffers of the caller: index and slot.
        let slots: [(index: cl_uint, slot: Int)]
        /// Arguments that follow the slots of a raster scan.
        let offsets: [Offset]
    }

    /// An argument that is `base` and the element at which a raster scan's slot begins.
    struct Offset {
        let index: cl_uint
        let slot: Int
        let base: Int
    }

    let device: OpenCLDevice
    let items: [Item]
    let steps: [PlannedStep]
    let requiredBytes: [Int: Int]
    /// Kept alive with the kernels that use it.
    private let scratch: [OpenCLBuffer]
    /// The serial number of the memory last set for each argument of each item, which need not be set again; zero for
    /// none. Under the device's lock.
    var bound: [[Int]]
    /// The value last set for each offset of each item; nil for none. Under the device's lock.
    var offsets: [[Int?]]

    let launches: Int

    init(
        device: OpenCLDevice, items: [Item], steps: [PlannedStep], requiredBytes: [Int: Int], scratch: [OpenCLBuffer]
    ) {
        self.device = device
        self.items = items
        self.steps = steps
        self.requiredBytes = requiredBytes
        self.scratch = scratch
        bound = items.map { Array(repeating: 0, count: $0.slots.count) }
        offsets = items.map { Array(repeating: nil, count: $0.offsets.count) }
        launches = steps.reduce(0) { $0 + $1.launches }
    }

    deinit {
        for item in items { _ = tessera_clReleaseKernel(item.kernel) }
    }
}
