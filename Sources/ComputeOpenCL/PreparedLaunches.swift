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
    }

    let device: OpenCLDevice
    let items: [Item]
    let launchesOfStep: [Int]
    let requiredBytes: [Int: Int]
    /// Kept alive with the kernels that use it.
    private let scratch: [OpenCLBuffer]
    /// The serial number of the memory last set for each argument of each item, which need not be set again; zero for
    /// none. Under the device's lock.
    var bound: [[Int]]

    var launches: Int { items.count }

    init(
        device: OpenCLDevice, items: [Item], launchesOfStep: [Int], requiredBytes: [Int: Int], scratch: [OpenCLBuffer]
    ) {
        self.device = device
        self.items = items
        self.launchesOfStep = launchesOfStep
        self.requiredBytes = requiredBytes
        self.scratch = scratch
        bound = items.map { Array(repeating: 0, count: $0.slots.count) }
    }

    deinit {
        for item in items { _ = tessera_clReleaseKernel(item.kernel) }
    }
}
