/// A kernel for devices whose work-groups have many items. It calls the functions of a launch, each by groups of its own:
/// `work.cl` says what they are given.
struct GroupKernel {
    let name: String
    let kernel: LaunchKernel
    /// The functions' names in the program.
    let functions: [String]

    var text: String {
        var parameters: [String] = []
        var calls: [(end: Int, call: String)] = []
        for (part, function) in zip(kernel.parts, functions) {
            let begin = calls.last?.end ?? 0
            var arguments = GroupKernel.place(of: part, from: begin) + ["&memory.start"]
            for parameter in part.entry.parameters {
                let name = "p\(parameters.count)"
                parameters.append(parameter.declaration(name))
                arguments.append(parameter.argument(name))
            }
            calls.append((begin + part.groups.reduce(1, *), "\(function)(\(arguments.joined(separator: ", ")));"))
        }
        let memories = functions.enumerated().map { "uchar of_\($0)[\($1)_memory + 1]; " }.joined()
        var text = "__kernel __attribute__((reqd_work_group_size(\(kernel.groupSize), 1, 1)))\n"
        text += "void \(name)(\(parameters.joined(separator: ", "))) {\n"
        text += "    __local union { uint4 start; \(memories)} memory;\n"
        for (number, (end, call)) in calls.enumerated() {
            let isLast = number == calls.count - 1
            text += isLast ? "    \(call)\n" : "    if (get_group_id(0) < \(end)) { \(call) } else\n"
        }
        return text + "}\n"
    }

    /// A group's number in each dimension, and how many there are in the first.
    private static func place(of part: LaunchKernel.Part, from begin: Int) -> [String] {
        if part.groups.isEmpty { return (0..<3).map { "get_group_id(\($0))" } + ["get_num_groups(0)"] }
        let groups = part.groups + Array(repeating: 1, count: 3 - part.groups.count)
        let own = "(uint)(get_group_id(0) - \(begin))"
        return ["\(own) % \(groups[0])", "\(own) / \(groups[0]) % \(groups[1])", "\(own) / \(groups[0] * groups[1])"]
            + ["\(groups[0])"]
    }
}
