/// The two ways in which kernels are written.
package enum KernelShape: Sendable {
    /// Work-groups of one item, each with a range of its own and explicit vectors.
    case cpu
    /// Work-groups of many items, neighbours side by side in memory.
    case gpu
}

/// How products are computed on tensor cores.
package enum TensorCores: Hashable, Sendable {
    /// By instructions of PTX; with one that rounds to tf32, or several.
    case ptx(converts: Bool)
    /// By plain OpenCL C that does what the instructions do, slowly: for tests of everything else.
    case emulated
}

/// What kernel generation needs to know of a device.
package struct KernelTraits: Sendable {
    package var shape: KernelShape
    /// Whether the device's own elementary functions are fast; otherwise the polynomials of `prelude.cl` are used.
    package var hasNativeMath: Bool
    package var hasFusedMultiplyAdd: Bool
    package var computeUnits: Int
    /// The register tiles of products on a CPU.
    package var registers: VectorRegisters
    /// The most bytes a kernel's arguments may have together.
    package var parameterBytes: Int
    /// Items of a work-group, where groups have many; a power of two.
    package var groupSize: Int
    /// What products that need not be exact may use; nil for nothing.
    package var tensorCores: TensorCores?
    /// Inside a raster scan: for each slot, a number that divides every element its memory may begin at. Offsets are
    /// arguments there, whose values change from launch to launch.
    package var slotSteps: [Int]?
    /// Lanes that pointwise kernels and reductions use at the most: 1 where wider ones give wrong results.
    package var widestVector = 16
    package var variants = VariantPolicy()
}

extension KernelTraits {
    /// The most arguments of a kernel, each of which takes eight bytes. On CPUs the first is the number of a function.
    package var mostArguments: Int { parameterBytes / 8 - (shape == .cpu ? 1 : 0) }

    /// CPU items for some units of work, and units for each.
    func share(_ units: Int, work: Int) -> (groups: Int, perItem: Int) {
        let most = computeUnits * PointwiseKernel.itemsPerUnit
        let wanted = max(1, min(units, most, work / PointwiseKernel.elementsPerItem))
        let perItem = (units + wanted - 1) / wanted
        return ((units + perItem - 1) / perItem, perItem)
    }
}
