import Compute

/// Collects the parameters of one generated kernel, and the values that they have at run time.
///
/// Extents, strides, offsets and constants become parameters where they can, so that one compiled kernel serves many shapes.
/// With `bakesNumbers` they become literals, but for offsets: for GPUs, where dividing by a constant is much cheaper. With
/// `bakesOffsets` those do, too: for steps of a raster scan, and for kernels that would have more parameters than the
/// device allows.
struct KernelBuilder {
    let traits: KernelTraits
    let bakesNumbers: Bool
    let bakesOffsets: Bool
    /// Whether indices need 64 bits.
    let isWide: Bool
    /// Starts the names of parameters.
    let prefix: String
    private(set) var parameters: [String] = []
    private(set) var arguments: [KernelArgument] = []
    /// Declarations at the start of the kernel.
    private(set) var prologue: [String] = []
    private(set) var widths: Set<Int> = []
    private var pointers: [PointerKey: String] = [:]
    /// The number of an item among those that share the work, and how many they are.
    var item = "ITEM_ID(0)"
    var items = "ITEM_COUNT"

    private struct PointerKey: Hashable {
        let memory: KernelArgument
        let dtype: DType
        let offset: Int
        let isWritten: Bool
    }

    init(
        traits: KernelTraits, bakesNumbers: Bool, bakesOffsets: Bool = false, isWide: Bool, prefix: String = ""
    ) {
        self.traits = traits
        self.bakesNumbers = bakesNumbers
        self.bakesOffsets = bakesOffsets
        self.isWide = isWide
        self.prefix = prefix
    }

    /// The C type of indices.
    var index: String { isWide ? "long" : "int" }
    /// Bytes of local memory that the kernel needs, where groups have many items.
    var groupMemory = 0
    /// Whether there are more parameters than the device allows.
    private var isTooLong: Bool { arguments.count > traits.mostArguments }

    mutating func use(width: Int) { widths.insert(width) }

    mutating func declare(_ line: String) { prologue.append(line) }

    /// A number of the shape: a new parameter's name, or a literal.
    mutating func number(_ value: Int) -> String {
        if bakesNumbers { return isWide ? "((long)\(value))" : value < 0 ? "(\(value))" : "\(value)" }
        let name = "\(prefix)n\(parameters.count)"
        parameters.append("const \(index) \(name)")
        arguments.append(.long(Int64(value)))
        return name
    }

    /// A constant as a new parameter's name.
    mutating func real(_ value: Float) -> String {
        let name = "\(prefix)c\(parameters.count)"
        parameters.append("const float \(name)")
        arguments.append(.float(value))
        return name
    }

    /// A pointer to element `offset` of some memory.
    mutating func pointer(_ memory: KernelArgument, _ dtype: DType, offset: Int, isWritten: Bool) -> String {
        let key = PointerKey(memory: memory, dtype: dtype, offset: offset, isWritten: isWritten)
        if let known = pointers[key] { return known }
        let name = "\(prefix)p\(parameters.count)"
        let type = "\(isWritten ? "" : "const ")__global \(dtype.memoryType) *"
        parameters.append("\(type)\(name)_start")
        arguments.append(memory)
        let argument = KernelArgument.offset(offset, of: memory, isWide: true, traits)
        if bakesOffsets && argument.isFixed {
            prologue.append("\(type)\(name) = \(name)_start + \(offset);")
        } else {
            parameters.append("const long \(name)_offset")
            arguments.append(argument)
            prologue.append("\(type)\(name) = \(name)_start + \(name)_offset;")
        }
        pointers[key] = name
        return name
    }

    /// The name in a parameter's declaration.
    static func name(ofParameter declaration: String) -> String {
        declaration.split { $0 == " " || $0 == "*" }.last.map(String.init) ?? declaration
    }

    /// The kernel around a body.
    func source(_ body: [String]) -> KernelSource {
        let list = parameters.joined(separator: ",\n    ")
        let lines = (prologue + body).map { "    " + $0 }.joined(separator: "\n")
        var head = "WORK_FUNCTION void KERNEL_NAME(ITEM_PARAMETERS\n    \(list))"
        if traits.shape == .gpu { head = "GROUP_MEMORY(KERNEL_NAME, \(groupMemory));\n\(head)" }
        return KernelSource(text: "\(head) {\n\(lines)\n}", widths: widths)
    }

    /// Generates a kernel, with literals in place of parameters where there would be too many of those.
    static func build(
        traits: KernelTraits, bakesNumbers: Bool, isWide: Bool,
        _ body: (inout KernelBuilder) throws(DeviceError) -> (lines: [String], groups: Int, groupSize: Int)
    ) throws(DeviceError) -> Launch {
        var builder = KernelBuilder(traits: traits, bakesNumbers: bakesNumbers, isWide: isWide)
        var made = try body(&builder)
        if builder.isTooLong {
            builder = KernelBuilder(traits: traits, bakesNumbers: true, bakesOffsets: true, isWide: isWide)
            made = try body(&builder)
        }
        guard !builder.isTooLong else {
            throw .unsupported(
                device: "OpenCL",
                what: "a step with \(builder.arguments.count) buffers; the limit is \(traits.mostArguments)")
        }
        return Launch(
            source: builder.source(made.lines), arguments: builder.arguments, groups: [made.groups],
            groupSize: made.groupSize)
    }
}

extension DType {
    /// The OpenCL type of an element in memory.
    var memoryType: String {
        switch self {
        case .float32: "float"
        case .int32: "int"
        case .uint8, .bool: "uchar"
        }
    }

    /// What `memory.cl` calls the type.
    var memoryName: String {
        switch self {
        case .float32: "float"
        case .int32: "int"
        case .uint8: "uint8"
        case .bool: "bool"
        }
    }

    /// The type of `width` values in a register.
    func registerType(_ width: Int) -> String {
        (self == .float32 ? "float" : "int") + (width == 1 ? "" : "\(width)")
    }
}
