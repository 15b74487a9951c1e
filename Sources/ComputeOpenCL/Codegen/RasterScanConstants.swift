import Compute

/// What stays as it is during a raster scan: weights, biases. Before the scan begins it is copied into one piece of
/// scratch memory, in the order in which the scan reads it. Every pixel reads all of it, and so walks through memory from
/// front to back; products find their right operands as they need them; and the kernel needs one buffer for all.
struct ScanConstants {
    /// A part of the copy.
    enum Content: Hashable {
        /// Elements as they are in a buffer, from an offset on.
        case elements(offset: Int, count: Int, DType)
        /// A product's right operand in panels, as `raster_scan_pack.cl` writes them.
        case panels(ScanPanels)
    }

    struct Entry: Hashable {
        /// The buffer, a slot of the plan.
        var slot: Int
        var content: Content
    }

    /// Larger memory is read where it is, in bytes.
    private static let largest = 1 << 22
    /// Floats to which entries are aligned.
    private static let alignment = 16

    /// The scan's slots that stay as they are.
    let slots: Set<Int>
    private(set) var entries: [(entry: Entry, offset: Int)] = []
    /// The floats of all.
    private(set) var count = 0
    private var known: [Entry: Int] = [:]

    init(slots: Set<Int>) { self.slots = slots }

    /// The place in the copy of what is read; nil where it is not to be copied.
    mutating func place(of read: MemoryAccess, _ scan: RasterScanStep) -> ScanPlace? {
        guard slots.contains(read.operand.slot), let reach = read.view.reach else { return nil }
        let size = read.operand.dtype.size
        guard reach.count * size <= ScanConstants.largest else { return nil }
        let source = scan.slots[read.operand.slot].operand
        let first = source.offset + read.operand.offset + reach.lowerBound
        let content = Content.elements(offset: first, count: reach.count, read.operand.dtype)
        let offset = add(Entry(slot: source.slot, content: content), floats: (reach.count * size + 3) / 4)
        return ScanPlace(.constants, read.operand.dtype, offset: offset * 4 / size - reach.lowerBound)
    }

    /// The place of a product's right operand in panels; nil where it does not stay as it is.
    mutating func place(of panels: ScanPanels, from operand: Operand, _ scan: RasterScanStep) -> ScanPlace? {
        guard slots.contains(operand.slot) else { return nil }
        var panels = panels
        panels.offset = scan.slots[operand.slot].operand.offset + operand.offset
        let entry = Entry(slot: scan.slots[operand.slot].operand.slot, content: .panels(panels))
        return ScanPlace(.constants, .float32, offset: add(entry, floats: panels.count))
    }

    private mutating func add(_ entry: Entry, floats: Int) -> Int {
        if let offset = known[entry] { return offset }
        let offset = count
        known[entry] = offset
        entries.append((entry, offset))
        count = ceilingDivide(offset + floats, ScanConstants.alignment) * ScanConstants.alignment
        return offset
    }

    /// The entries in parts, none of which takes more than so many buffers.
    func parts(buffers: Int) -> [[(entry: Entry, offset: Int)]] {
        var parts: [[(entry: Entry, offset: Int)]] = []
        var slots: Set<Int> = []
        for entry in entries {
            if parts.isEmpty || (slots.count >= buffers && !slots.contains(entry.entry.slot)) {
                parts.append([])
                slots = []
            }
            slots.insert(entry.entry.slot)
            parts[parts.count - 1].append(entry)
        }
        return parts
    }

    /// Where each entry begins in its buffer, for few of them: parameters of the kernel, as `RasterScanText.offsets`.
    static func offsets(of part: [(entry: Entry, offset: Int)]) -> [Int] {
        if part.count > RasterScanText.mostOffsets { return [] }
        return part.map { entry, _ in
            switch entry.content {
            case .elements(let start, _, _): start
            case .panels(let panels): panels.offset
            }
        }
    }

    /// A kernel that copies some entries: each is a row of the grid, whose items share its elements or panels. Its
    /// parameters are the buffers of `slots`, in order, the copy, and the offsets.
    /// - Parameter isForGroups: whether work-groups have many items.
    static func kernel(
        _ name: String, _ part: [(entry: Entry, offset: Int)], slots: [Int], isForGroups: Bool
    ) -> String {
        let offsets = offsets(of: part)
        let parameters = slots.indices.map { "__global const uchar *buffer\($0), " }.joined()
        let numbers = offsets.indices.map { ", const long offset\($0)" }.joined()
        func begin(_ number: Int, _ offset: Int) -> String { offsets.isEmpty ? "\(offset)L" : "offset\(number)" }
        var text = isForGroups ? "GROUP_MEMORY(LOCAL(\(name)), 0);\n" : ""
        text += "WORK_FUNCTION void LOCAL(\(name))(ITEM_PARAMETERS "
        text += "\(parameters)__global float *constants\(numbers)) {\n"
        text += "    const int first = ITEM_ID(0), step = ITEM_COUNT;\n"
        text += "    switch ((int)ITEM_ID(1)) {\n"
        for (number, (entry, offset)) in part.enumerated() {
            let buffer = "buffer\(slots.firstIndex(of: entry.slot) ?? 0)"
            let body: String
            let count: Int
            switch entry.content {
            case .elements(let start, let elements, let dtype):
                let type = dtype.memoryType
                count = elements
                body =
                    "((__global \(type) *)(constants + \(offset)))[i] = "
                    + "((__global const \(type) *)\(buffer) + \(begin(number, start)))[i];"
            case .panels(let panels):
                count = panels.panels
                body =
                    "LOCAL(pack)((__global const float *)\(buffer) + \(begin(number, panels.offset)), "
                    + "constants + \(offset), \(panels.arguments), i);"
            }
            text += "    case \(number):\n        for (int i = first; i < \(count); i += step) \(body)\n"
            text += "        break;\n"
        }
        return text + "    }\n}\n"
    }
}

/// A product's right operand in panels of `width` columns.
struct ScanPanels: Hashable {
    /// The first element in its memory.
    var offset = 0
    var batch: Int
    var depth: Int
    var columns: Int
    var rowStride: Int
    var columnStride: Int
    var batchStride: Int
    var width: Int

    init(_ step: ContractionStep, width: Int) {
        batch = step.b.batchStride == 0 ? 1 : step.batch
        (depth, columns) = (step.depth, step.columns)
        (rowStride, columnStride, batchStride) = (step.b.rowStride, step.b.columnStride, step.b.batchStride)
        self.width = width
    }

    var panels: Int { batch * ceilingDivide(columns, width) }
    var count: Int { panels * depth * width }
    /// What the pack function is told of them.
    var arguments: String { "\(rowStride)L, \(columnStride)L, \(batchStride)L, \(depth), \(columns), \(width)" }
}
