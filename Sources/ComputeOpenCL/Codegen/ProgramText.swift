import Compute
import Synchronization
import TesseraKernels

/// Puts kernels together into the text of one program.
enum ProgramText {
    /// Float32 stays Float32: no option that trades accuracy for speed. Unused shared functions are no warning.
    static let options = "-cl-std=CL1.2 -w"
    /// A compiler's optimizations take most of its time.
    static let hastyOptions = options + " -cl-opt-disable"

    private static func functionName(_ index: Int) -> String { "kernel\(index)_" }

    /// Divides kernels into programs that take about as long to compile as each other, in rounds of so many at once, if
    /// that can be. Kernels that begin with functions of one source stay together.
    static func parts(of kernels: [LaunchKernel], atOnce: Int) -> [[LaunchKernel]] {
        var groups: [KernelSource: [Int]] = [:]
        for (index, kernel) in kernels.enumerated() { groups[kernel.own.entry.source, default: []].append(index) }
        // What is longer takes longer: about four seconds for a million letters.
        let sorted = groups.map { (length: $0.text.utf8.count, indices: $1) }
            .sorted { $0.length != $1.length ? $0.length > $1.length : $0.indices[0] < $1.indices[0] }
        let length = sorted.reduce(0) { $0 + $1.length }
        // A program that is finished is kept on disk even if the next ones are never reached; a process takes as long for
        // itself as for so many letters.
        let (process, most) = (1 << 16, atOnce > 1 ? 1 << 21 : 1 << 20)
        let rounds = ceilingDivide(length, most * atOnce)
        let count = max(min(rounds * atOnce, length / (2 * process)), ceilingDivide(length, most))
        // The longest first, each to the part that has least; the first part needs no process.
        var parts = (0..<count).map { (length: $0 == 0 ? 0 : process, indices: [Int]()) }
        for group in sorted {
            guard let least = parts.indices.min(by: { parts[$0].length < parts[$1].length }) else { break }
            parts[least].length += group.length
            parts[least].indices += group.indices
        }
        return parts.map { $0.indices.sorted().map { kernels[$0] } }.filter { !$0.isEmpty }
    }

    /// The text of a program, and where each kernel is in it.
    static func program(
        of kernels: [LaunchKernel], traits: KernelTraits
    ) throws(DeviceError) -> (text: String, places: [LaunchKernel: KernelPlace]) {
        var sources: [KernelSource] = []
        var numbers: [KernelSource: Int] = [:]
        func name(_ entry: KernelEntry) -> String {
            let number = numbers[entry.source] ?? sources.count
            if number == sources.count {
                numbers[entry.source] = number
                sources.append(entry.source)
            }
            return functionName(number) + entry.name
        }
        let named = kernels.map { kernel in (kernel: kernel, functions: kernel.parts.map { name($0.entry) }) }
        var text = try text(of: sources, traits: traits)
        var places: [LaunchKernel: KernelPlace] = [:]
        switch traits.shape {
        case .gpu:
            for (number, (kernel, functions)) in named.enumerated() {
                let made = GroupKernel(name: "launch\(number)", kernel: kernel, functions: functions)
                text += made.text
                places[kernel] = KernelPlace(kernel: made.name)
            }
        case .cpu:
            let functions = named.flatMap { launched in launched.functions.map { (kernel: launched.kernel, name: $0) } }
            for dispatch in DispatchKernel.kernels(of: functions, traits: traits) {
                text += dispatch.text
                for (number, (kernel, _)) in dispatch.functions.enumerated() {
                    places[kernel] = KernelPlace(
                        kernel: dispatch.name, function: (number, dispatch.memories, dispatch.numbers))
                }
            }
        }
        return (text, places)
    }

    private static func text(of kernels: [KernelSource], traits: KernelTraits) throws(DeviceError) -> String {
        var text = "#pragma OPENCL FP_CONTRACT OFF\n"
        text += "#define FMA \(traits.hasFusedMultiplyAdd ? "fma" : "mad")\n"
        if traits.hasNativeMath { text += "#define NATIVE_MATH\n" }
        text += "#define JOIN_TEXT(a, b) a##_##b\n#define JOIN(a, b) JOIN_TEXT(a, b)\n"
        text += "#ifdef __has_builtin\n#if __has_builtin(__builtin_prefetch)\n"
        text += "#define FETCH(place) __builtin_prefetch(place)\n"
        text += "#define FETCH_STORE(place) __builtin_prefetch(place, 1)\n#endif\n#endif\n"
        text += "#ifndef FETCH\n#define FETCH(place)\n#define FETCH_STORE(place)\n#endif\n"
        text += "#define LOCAL(name) JOIN(KERNEL_NAME, name)\n"
        let memory = try file("memory")
        let prelude = try file("prelude")
        for width in kernels.reduce(into: Set([1]), { $0.formUnion($1.widths) }).sorted() {
            text += widthMacros(width) + memory + prelude
            for name in ["WIDTH", "F", "I", "U", "T", "V", "M", "LANES", "WIDE", "AS_WIDE"] {
                text += "#undef \(name)\n"
            }
        }
        if traits.shape == .cpu { text += try file("transpose_cpu") + "#define FUNCTIONS\n" }
        text += try file("work")
        for (index, kernel) in kernels.enumerated() {
            text += "#define KERNEL_NAME \(functionName(index))\n\(kernel.text)\n#undef KERNEL_NAME\n"
        }
        return text
    }

    private static let files = Mutex<[String: String]>([:])

    /// An embedded source of the folder Kernels, without the lines that are comments: those are long, and another word in
    /// one is no reason to compile anew.
    static func file(_ name: String) throws(DeviceError) -> String {
        if let known = files.withLock({ $0[name] }) { return known }
        guard let source = tessera_kernel_source(name) else {
            throw .unsupported(device: "OpenCL", what: "kernels of '\(name).cl', which is not embedded")
        }
        let lines = String(cString: source).split(separator: "\n")
        let text = lines.filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n") + "\n"
        files.withLock { $0[name] = text }
        return text
    }

    /// What the shared functions need defined for one width.
    private static func widthMacros(_ width: Int) -> String {
        let suffix = width == 1 ? "" : "\(width)"
        let half = width <= 2 ? "" : "\(width / 2)"
        return """
            #define WIDTH \(width)
            #define F float\(suffix)
            #define I int\(suffix)
            #define U uint\(suffix)
            #define T(name) name##\(width)
            #define V(type) type\(width == 1 ? "" : "##\(width)")
            #define M(c) \(width == 1 ? "(-(c))" : "(c)")
            #define WIDE ulong\(half)
            #define AS_WIDE(x) as_ulong\(half)(x)
            #define LANES ((I)(\((0..<width).map(String.init).joined(separator: ", "))))

            """
    }
}
