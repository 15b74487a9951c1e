import Compute

/// A work-group's tile of a product or convolution on GPUs, and an item's part of it: the tables in the kernels' files.
package struct GPUTile: WorkGroupTile, Hashable, Codable, Sendable {
    let rows: Int
    let columns: Int
    let depth: Int
    let itemRows: Int
    let itemColumns: Int

    static let large = GPUTile(rows: 128, columns: 128, depth: 8, itemRows: 8, itemColumns: 8)
    static let medium = GPUTile(rows: 64, columns: 64, depth: 16, itemRows: 4, itemColumns: 4)
    static let small = GPUTile(rows: 32, columns: 32, depth: 16, itemRows: 4, itemColumns: 4)
    /// For convolutions of few result channels.
    static let narrow = GPUTile(rows: 128, columns: 16, depth: 8, itemRows: 4, itemColumns: 4)

    var items: Int { rows / itemRows * (columns / itemColumns) }

    var macros: [String: Int] {
        [
            "TILE_ROWS": rows, "TILE_COLUMNS": columns, "TILE_DEPTH": depth, "ITEM_ROWS": itemRows,
            "ITEM_COLUMNS": itemColumns,
        ]
    }
}

func ceilingDivide(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }

extension LaunchPlan {
    /// The source of one product's or convolution's kernels: an embedded file with its macros and its epilogue.
    func product(
        _ file: String, _ numbers: [String: Int], _ after: EpilogueText, more: [String: String] = [:]
    ) throws(DeviceError) -> KernelSource {
        var macros = more
        for (name, value) in numbers { macros[name] = "\(value)" }
        macros["PREFIX"] = "KERNEL_NAME"
        return KernelSource(
            text: after.definitions + (try ProgramText.instance(of: file, macros: macros)), widths: after.widths)
    }

    /// Adds a launch of one kernel of such a source. Its parameters are the operands, each a pointer and an offset, and
    /// those of the epilogue; an operand without memory stands for zeros, and has no offset.
    mutating func launch(
        _ source: KernelSource, _ entry: String, _ operands: [Operand], _ groups: [Int], groupSize: Int = 1,
        isAnySize: Bool = false, epilogue: EpilogueText? = nil
    ) throws(DeviceError) {
        var arguments: [KernelArgument] = []
        for operand in operands {
            if operand == .zeros {
                arguments.append(.zeros)
                continue
            }
            let memory = KernelArgument(operand)
            let offset = KernelArgument.offset(operand.offset, of: memory, isWide: false, traits)
            guard !offset.isFixed || UInt32(exactly: operand.offset) != nil else {
                throw .unsupported(
                    device: "OpenCL", what: "a product whose operand starts at element \(operand.offset)")
            }
            arguments += [memory, offset]
        }
        launches.append(
            Launch(
                source: source, entry: entry, arguments: arguments + (epilogue?.arguments ?? []), groups: groups,
                groupSize: groupSize, isAnySize: isAnySize))
    }
}

extension Operand {
    /// The zeros that convolutions read for pixels outside the image.
    static let zeros = Operand(slot: .min, dtype: .float32)
}
