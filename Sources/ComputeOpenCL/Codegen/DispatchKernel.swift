/// A kernel that calls the one of several functions whose number it is given, for devices where a work-group has one item:
/// `work.cl` says why. All functions of a program share one, since PoCL takes some time for a kernel however little it does;
/// but those with many parameters have one each.
struct DispatchKernel {
    let name: String
    private(set) var functions: [(kernel: LaunchKernel, name: String)] = []
    /// Parameters of the kernel: the function's number, pointers, numbers.
    private(set) var memories = 0
    private(set) var numbers = 0

    /// The kernels of a program. Those that many functions share have the parameters that any of these needs.
    static func kernels(
        of launched: [(kernel: LaunchKernel, name: String)], traits: KernelTraits
    ) -> [DispatchKernel] {
        let most = (memories: min(16, traits.mostArguments / 3), numbers: min(40, traits.mostArguments / 3 * 2))
        var kernels = [DispatchKernel(name: "dispatch0")]
        for (kernel, name) in launched {
            let parameters = kernel.own.entry.parameters
            let memories = parameters.count { $0 == .memory }
            let numbers = parameters.count - memories
            var place = 0
            if memories > most.memories || numbers > most.numbers {
                place = kernels.count
                kernels.append(DispatchKernel(name: "dispatch\(place)"))
            }
            kernels[place].functions.append((kernel, name))
            kernels[place].memories = max(kernels[place].memories, memories)
            kernels[place].numbers = max(kernels[place].numbers, numbers)
        }
        return kernels.filter { !$0.functions.isEmpty }
    }

    var text: String {
        let parameters =
            ["const int function"] + (0..<memories).map { KernelParameter.memory.declaration("memory\($0)") }
            + (0..<numbers).map { KernelParameter.number.declaration("number\($0)") }
        var text = "__kernel void \(name)(\(parameters.joined(separator: ", "))) {\n    switch (function) {\n"
        for (number, (kernel, name)) in functions.enumerated() {
            var arguments = (0..<3).map { "get_global_id(\($0))" } + ["get_global_size(0)"]
            var (memory, value) = (0, 0)
            for parameter in kernel.own.entry.parameters {
                if parameter == .memory {
                    arguments.append(parameter.argument("memory\(memory)"))
                    memory += 1
                } else {
                    arguments.append(parameter.argument("number\(value)"))
                    value += 1
                }
            }
            text += "    case \(number): \(name)(\(arguments.joined(separator: ", "))); break;\n"
        }
        return text + "    }\n}\n"
    }
}
