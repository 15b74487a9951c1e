import Compute

/// Memory that calls of a raster scan take: where it begins moves with the scan.
struct ScanPlace: Hashable {
    enum Memory: Hashable {
        /// A buffer of the plan.
        case slot(Int)
        /// What the scan has to itself.
        case scratch(RasterScanText.Scratch)
    }

    var memory: Memory
    var dtype: DType
    /// The slot's movement, with the whole offset in its operand; the operand's slot is not used.
    var slot: RasterScanStep.Slot

    init(_ slot: RasterScanStep.Slot, offset: Int) {
        memory = .slot(slot.operand.slot)
        dtype = slot.operand.dtype
        self.slot = slot
        self.slot.operand = Operand(slot: 0, offset: slot.operand.offset + offset, dtype: dtype)
        // One form for equal movements.
        if slot.rowStride == 0 { (self.slot.ring, self.slot.rowShift) = (1, 0) }
        if slot.ring == 1 { (self.slot.rowShift, self.slot.rowStride) = (0, 0) }
        if self.slot.rowStride == 0 && slot.columnStride == 0 { self.slot.divisor = 1 }
    }

    init(_ scratch: RasterScanText.Scratch, _ dtype: DType, offset: Int) {
        memory = .scratch(scratch)
        self.dtype = dtype
        slot = .init(Operand(slot: 0, offset: offset, dtype: dtype))
    }

    var movesByRow: Bool { slot.rowStride != 0 }
    var movesByColumn: Bool { slot.columnStride != 0 }

    /// Where the memory begins in its buffer, in bytes.
    var offset: Int { slot.operand.offset * dtype.size }

    /// The address at the beginning of a row, in C.
    func rowAddress(_ buffer: String, offset: String) -> String {
        let size = dtype.size
        var text = "\(buffer) + \(offset)"
        if slot.instanceStride != 0 { text += " + instance * \(slot.instanceStride * size)L" }
        if movesByRow {
            let row = slot.divisor == 1 ? "row" : "row / \(slot.divisor)"
            text += " + (\(row) + \(slot.rowShift + slot.ring)) % \(slot.ring) * \(slot.rowStride * size)L"
        }
        return text
    }

    /// The address at a column, from that of the row's beginning.
    func columnAddress(_ rowAddress: String) -> String {
        let column = slot.divisor == 1 ? "column" : "column / \(slot.divisor)"
        return "\(rowAddress) + \(column) * \(slot.columnStride * dtype.size)L"
    }
}

extension RasterScanText {
    /// The functions that compute the places' addresses, and how many of them move from column to column.
    ///
    /// They are inlined: PoCL 3.1 takes local memory for undefined where a function that is not inlined reaches it.
    func placeFunctions() -> (text: String, moving: Int) {
        var (scan, row, column) = ("", "", "")
        var moving = 0
        for (number, place) in places.enumerated() {
            var target = "place[\(number)]"
            if place.movesByColumn {
                target = "row_place[\(moving)]"
                column += "    place[\(number)] = \(place.columnAddress(target));\n"
                moving += 1
            }
            let offset = offsets.contains(number) ? "offset\(number)" : "\(place.offset)L"
            let line = "    \(target) = \(place.rowAddress(buffer(place.memory), offset: offset));\n"
            if place.movesByRow { row += line } else { scan += line }
        }
        let pointers = "__global uchar *\(shared)*place, __global uchar *\(shared)*row_place"
        let text = """
            INLINE void LOCAL(enter_scan)(\(pointers), const int instance, \(bufferParameters)) {
            \(scan)}
            INLINE void LOCAL(enter_row)(\(pointers), const int row, const int instance, \(bufferParameters)) {
            \(row)}
            INLINE void LOCAL(enter_column)(\(pointers), const int column) {
            \(column)}

            """
        return (text, moving)
    }

    /// What fits into the least local memory that devices have, 32 KiB, with the rows' addresses.
    static let mostSharedPlaces = 2000

    /// Bytes of a table of calls that fit into the least constant memory that devices have, 64 KiB, beside other tables.
    static let mostCallBytes = 48 << 10

    /// Where addresses are kept: work-groups of many items share them.
    var shared: String { traits.shape == .gpu ? "__local " : "" }

    /// Places whose offsets are parameters of the kernel, so that scans that differ in where their memory is alone share
    /// one: equal layers of a network. Scans with more places have them as literals.
    var offsets: [Int] {
        if places.count > RasterScanText.mostOffsets { return [] }
        return places.indices.filter { if case .slot = places[$0].memory { true } else { false } }
    }

    static let mostOffsets = 48

    var bufferNames: String {
        (memories.indices.map { "buffer\($0)" } + offsets.map { "offset\($0)" }).joined(separator: ", ")
    }
    var bufferParameters: String {
        (memories.indices.map { "__global uchar *buffer\($0)" } + offsets.map { "const long offset\($0)" })
            .joined(separator: ", ")
    }

    func buffer(_ memory: ScanPlace.Memory) -> String {
        "buffer\(memories.firstIndex(of: memory) ?? 0)"
    }
}
