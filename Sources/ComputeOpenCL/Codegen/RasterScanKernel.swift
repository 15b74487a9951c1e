import Compute

extension LaunchPlan {
    /// A raster scan as one launch; before it, those that copy what stays as it is.
    /// - Returns: false where the device does not allow one launch so much.
    mutating func addRasterScan(_ given: RasterScanStep) throws(DeviceError) -> Bool {
        beginStep()
        let bases = given.bases
        let constants = ScanConstants(slots: try constantSlots(given, bases))
        var step = given
        step.programs = given.programs.map { $0.map(\.withOffsetsInOperands) }
        let memory = ScanMemory(step, bases: bases)
        var text = RasterScanText(step, traits: traits, constants: constants)
        for number in step.programs.indices { try text.addProgram(number, memory) }
        if text.functions.isEmpty { return true }
        if text.isTooLarge { return false }
        text.placeScratch()

        let copy = newScratch(count: text.constants.count, .float32)
        var scratch = [RasterScanText.Scratch.constants: KernelArgument(copy)]
        for kind in [RasterScanText.Scratch.packed, .partials] {
            guard let count = text.scratchCounts[kind] else { continue }
            scratch[kind] = KernelArgument(newScratch(count: count * step.instances, .float32))
        }
        let buffers = text.memories.compactMap { memory in
            switch memory {
            case .slot(let slot): KernelArgument.slot(slot)
            case .scratch(let kind): scratch[kind]
            }
        }
        let arguments = buffers + text.offsets.map { .long(Int64(text.places[$0].offset)) }
        let parts = text.constants.parts(buffers: traits.mostArguments - 1 - RasterScanText.mostOffsets)
        let source = KernelSource(text: try text.source(parts), widths: text.widths)
        for (number, part) in parts.enumerated() {
            launches.append(
                Launch(
                    source: source, entry: "_copy\(number)",
                    arguments: RasterScanText.slots(of: part).map { .slot($0) } + [KernelArgument(copy)]
                        + ScanConstants.offsets(of: part).map { .long(Int64($0)) },
                    groups: [traits.shape == .cpu ? 2 * traits.computeUnits : 8, part.count],
                    groupSize: traits.shape == .cpu ? 1 : traits.groupSize))
        }
        launches.append(
            Launch(
                source: source, arguments: arguments, groups: [step.instances],
                groupSize: traits.shape == .cpu ? 1 : traits.groupSize))
        return true
    }

    /// Records what the programs reach of the plan's buffers, wherever they run.
    /// - Returns: those slots that stay as they are.
    private mutating func constantSlots(
        _ scan: RasterScanStep, _ bases: [[ClosedRange<Int>]?]
    ) throws(DeviceError) -> Set<Int> {
        var all: [Int: ClosedRange<Int>] = [:]
        var written: [Int: [ClosedRange<Int>]] = [:]
        defer { reach = nil }
        for (program, bases) in zip(scan.programs, bases) {
            guard let bases else { continue }
            reach = ScanReach(scan.slots)
            for step in program {
                switch step {
                case .pointwise(let step): try requireReach(step)
                case .contraction(let step): try requireReach(step)
                default: break
                }
            }
            if let reach {
                try require(reach, bases)
                for (slot, range) in reach.reach {
                    let known = all[slot] ?? range
                    all[slot] =
                        min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
                }
            }
            for (slot, bytes) in scan.writtenBytes(program, bases) { written[slot, default: []].append(bytes) }
        }
        let constants = all.filter { number, range in
            let slot = scan.slots[number]
            let (size, first) = (slot.operand.dtype.size, slot.operand.offset)
            let bytes = (first + range.lowerBound) * size...(first + range.upperBound + 1) * size - 1
            return slot.instanceStride == 0 && slot.rowStride == 0 && slot.columnStride == 0
                && (written[slot.operand.slot] ?? []).allSatisfy { !$0.overlaps(bytes) }
        }
        return Set(constants.keys)
    }
}

extension RasterScanStep {
    /// The number of each program's last run, as `raster_scan.cl` counts them; -1 for none.
    fileprivate var lastRuns: [Int] {
        var last = [Int](repeating: -1, count: programs.count)
        for row in 0..<rows {
            if let program = rowPrograms[row % period] { last[program] = row * (columns + 1) }
            for column in 0..<columns {
                guard let program = pixelPrograms[row % period * period + column % period] else { continue }
                last[program] = row * (columns + 1) + column + 1
            }
        }
        return last
    }

    /// The bytes of the plan's buffers that a program writes, wherever it runs.
    fileprivate func writtenBytes(
        _ program: [Step], _ bases: [ClosedRange<Int>]
    ) -> [(slot: Int, bytes: ClosedRange<Int>)] {
        func bytes(_ operand: Operand, _ reach: ClosedRange<Int>) -> (slot: Int, bytes: ClosedRange<Int>) {
            let (base, size) = (bases[operand.slot], operand.dtype.size)
            let first = (base.lowerBound + operand.offset + reach.lowerBound) * size
            let last = (base.upperBound + operand.offset + reach.upperBound + 1) * size - 1
            return (slots[operand.slot].operand.slot, first...last)
        }
        return program.flatMap { step -> [(slot: Int, bytes: ClosedRange<Int>)] in
            switch step {
            case .pointwise(let step):
                return step.stores.compactMap { store in store.view.reach.map { bytes(store.destination, $0) } }
            case .contraction(let step):
                let result = bytes(step.destination, 0...max(0, step.batch * step.rows * step.columns - 1))
                let others = step.epilogue?.others ?? []
                return [result] + others.compactMap { store in store.view.reach.map { bytes(store.destination, $0) } }
            default: return []
            }
        }
    }
}

// MARK: - The kernel's text

extension RasterScanText {
    /// The kernels of the scan, for `raster_scan.cl`.
    /// - Parameter parts: the constants, a kernel each part.
    func source(_ parts: [[(entry: ScanConstants.Entry, offset: Int)]]) throws(DeviceError) -> String {
        var text = "#define INLINE static inline __attribute__((always_inline))\n"
        if traits.shape == .cpu { text += try ProgramText.file("raster_scan_pack") }
        for (number, function) in functions.enumerated() {
            text += "#define STEP LOCAL(f\(number))\n\(function.text)#undef STEP\n"
        }
        let places = placeFunctions()
        text += places.text + runFunction() + tables()
        for (number, part) in parts.enumerated() {
            text += ScanConstants.kernel(
                "copy\(number)", part, slots: RasterScanText.slots(of: part), isForGroups: traits.shape == .gpu)
        }
        return text
            + (try ProgramText.instance(
                of: "raster_scan",
                macros: [
                    "GROUP": traits.shape == .gpu ? "1" : "0", "ROWS": "\(scan.rows)", "COLUMNS": "\(scan.columns)",
                    "PERIOD": "\(scan.period)", "PROGRAMS": "\(programs.count)", "PLACES": "\(self.places.count)",
                    "MOVING_PLACES": "\(places.moving + 1)", "BUFFERS": bufferParameters, "BUFFER_NAMES": bufferNames,
                ]))
    }

    /// One function that calls any other: each is there once, however often it is called. It is inlined, since it reaches
    /// local memory, as those of `placeFunctions`.
    private func runFunction() -> String {
        var text = "INLINE void LOCAL(run)(__constant const \(numberType) *call, __global uchar *\(shared)*place) {\n"
        text += "    switch (call[0]) {\n"
        for (number, function) in functions.enumerated() {
            let pointers = function.parameters.enumerated().map { "(\($1))place[call[\($0 + 1)]]" }
            text += "    case \(number): LOCAL(f\(number))(\(pointers.joined(separator: ", "))); break;\n"
        }
        return text + "    }\n}\n"
    }

    /// The type of a function's or place's number in the table of calls.
    private var numberType: String { max(functions.count, places.count) <= 1 << 16 ? "ushort" : "int" }

    /// First what the programs do always; then, behind an empty program, what they do in their last runs.
    private var lists: [[Call]] {
        programs.map { $0.filter { $0.runs != .last } } + [[]]
            + programs.map { $0.filter { $0.runs != .allButLast } }
    }

    /// Whether the scan has more buffers, places or calls than one launch may have.
    var isTooLarge: Bool {
        if memories.count + offsets.count > traits.mostArguments { return true }
        if traits.shape == .cpu { return false }
        let calls = lists.joined().reduce(0) { $0 + 1 + $1.places.count }
        return places.count > RasterScanText.mostSharedPlaces || 2 * calls > RasterScanText.mostCallBytes
    }

    private func tables() -> String {
        func table(_ name: String, _ numbers: [Int], _ type: String = "int") -> String {
            "__constant \(type) LOCAL(\(name))[] = {\(numbers.map(String.init).joined(separator: ", "))};\n"
        }
        let calls = lists.map { $0.flatMap { [$0.function] + $0.places } }
        let ends = calls.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        return table("calls", Array(calls.joined()), numberType)
            + table("call_words", functions.map { 1 + $0.parameters.count })
            + table("first_call", ends.dropLast()) + table("end_call", Array(ends.dropFirst()))
            + table("last_run", scan.lastRuns + [-1])
            + table("row_programs", scan.rowPrograms.map { $0 ?? programs.count })
            + table("pixel_programs", scan.pixelPrograms.map { $0 ?? programs.count })
    }

    /// The buffers that some constants are copied from.
    static func slots(of part: [(entry: ScanConstants.Entry, offset: Int)]) -> [Int] {
        Set(part.map(\.entry.slot)).sorted()
    }
}
