/// The source of one function, or of several that belong together, as `work.cl` declares them. Its text names a function
/// `KERNEL_NAME` and something that tells it from the others, so that equal functions have equal texts.
struct KernelSource: Hashable, Sendable {
    var text: String
    /// The vector widths for which it needs the shared functions.
    var widths: Set<Int>
}

/// One of a source's functions: the work of a launch.
struct KernelEntry: Hashable, Sendable {
    var source: KernelSource
    /// What follows `KERNEL_NAME` in the function's name.
    var name = ""
    var parameters: [KernelParameter]
}

/// What is launched: a function, or several side by side.
struct LaunchKernel: Hashable, Sendable {
    struct Part: Hashable, Sendable {
        var entry: KernelEntry
        /// The part's work-groups in up to three dimensions; none where it is the only one, and has the grid's.
        var groups: [Int]
    }

    var own: Part
    var beside: [Part]
    /// Items of a work-group.
    var groupSize: Int

    var parts: [Part] { [own] + beside }
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

/// A parameter of a function that does a launch's work. Kernels take every number as a long.
enum KernelParameter: Hashable, Sendable {
    case memory
    case number
    /// A Float32, which a kernel takes as the number of its bits.
    case real

    /// The parameter of a kernel.
    func declaration(_ name: String) -> String {
        self == .memory ? "__global void *\(name)" : "const long \(name)"
    }

    /// What the function is given of it.
    func argument(_ name: String) -> String { self == .real ? "as_float((uint)\(name))" : name }
}
