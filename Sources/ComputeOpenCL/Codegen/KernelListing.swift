import Compute

/// A kernel that steps are run by: its source and what follows `KERNEL_NAME` in its name. For tests of which variants
/// there are.
package struct KernelListing: Sendable {
    package let text: String
    package let entry: String

    /// A file of Kernels as it stands in the texts of kernels.
    /// - Throws: `DeviceError.unsupported` where there is no such file.
    package static func text(ofFile name: String) throws(DeviceError) -> String { try ProgramText.file(name) }

    /// The program of steps on a device of these traits, if all are compiled together.
    /// - Throws: `DeviceError` where the steps are impossible.
    package static func program(of steps: [Step], traits: KernelTraits) throws(DeviceError) -> String {
        var seen: Set<LaunchKernel> = []
        let kernels = try LaunchPlan(steps, traits: traits).launches.map(\.kernel).filter { seen.insert($0).inserted }
        return try ProgramText.program(of: kernels, traits: traits).text
    }

    /// The kernels of steps on a device of these traits, in the order in which they are launched.
    /// - Throws: `DeviceError` where the steps are impossible.
    package static func kernels(of steps: [Step], traits: KernelTraits) throws(DeviceError) -> [KernelListing] {
        try LaunchPlan(steps, traits: traits).launches.flatMap(\.all).map {
            KernelListing(text: $0.source.text, entry: $0.entry)
        }
    }
}

extension KernelTraits {
    /// Traits of a device that is made up, without elementary functions of its own.
    package init(shape: KernelShape, computeUnits: Int, groupSize: Int = 256, lanes: Int = 16) {
        self.init(
            shape: shape, hasNativeMath: false, hasFusedMultiplyAdd: true, computeUnits: computeUnits,
            registers: VectorRegisters(lanes: lanes), parameterBytes: 1024, groupSize: groupSize)
    }
}
