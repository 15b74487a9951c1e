/// The source of one kernel, or of several that belong together, as `work.cl` declares them. Its text names a kernel
/// `KERNEL_NAME` and something that tells it from the others, so that equal kernels have equal texts.
struct KernelSource: Hashable, Sendable {
    var text: String
    /// The vector widths for which it needs the shared functions.
    var widths: Set<Int>
}

/// One of a source's kernels.
struct KernelEntry: Hashable, Sendable {
    var source: KernelSource
    /// What follows `KERNEL_NAME` in the kernel's name.
    var name = ""
    var parameters: [KernelParameter]
}

/// Where a kernel is in its program.
struct KernelPlace {
    var kernel: String
    /// For a function that a `DispatchKernel` calls.
    var function: (number: Int, memories: Int, numbers: Int)?

    /// The position of each argument among the kernel's.
    func indices(of arguments: [KernelArgument]) -> [UInt32] {
        guard let function else { return arguments.indices.map { UInt32($0) } }
        var (memory, number) = (UInt32(1), UInt32(1 + function.memories))
        return arguments.map { argument in
            switch argument.parameter {
            case .memory:
                defer { memory += 1 }
                return memory
            case .number, .real:
                defer { number += 1 }
                return number
            }
        }
    }
}

/// A parameter of a function that does a kernel's work.
enum KernelParameter: Hashable, Sendable {
    case memory
    case number
    /// A Float32, which a `DispatchKernel` takes as the number of its bits.
    case real
}
