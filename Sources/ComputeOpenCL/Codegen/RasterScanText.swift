import Compute

/// Collects the text of a raster scan's kernel: its steps as functions, and its programs as calls of them.
///
/// Steps that differ only in where their memory is share a function, so that a network of many equal blocks is no more
/// code than one of them.
struct RasterScanText {
    /// Memory that the scan has to itself.
    enum Scratch: Hashable {
        /// What stays as it is during the scan.
        case constants
        /// A product's right operand that changes from call to call, packed before each.
        case packed
        /// What the items of a work-group have reduced, each for itself.
        case partials
    }

    struct Function {
        var text: String
        /// The types of its pointers.
        var parameters: [String]
    }

    /// A function, and the places of its pointers.
    struct Call {
        var function: Int
        var places: [Int]
        /// In which runs of the program it is needed.
        var runs: Runs
    }

    enum Runs {
        case all, last, allButLast
    }

    let scan: RasterScanStep
    let traits: KernelTraits
    private(set) var memories: [ScanPlace.Memory] = []
    private(set) var places: [ScanPlace] = []
    private(set) var functions: [Function] = []
    private(set) var programs: [[Call]] = []
    /// What calls added now are for.
    private var runs = Runs.all
    private(set) var widths: Set<Int> = []
    private(set) var constants: ScanConstants
    /// The floats of each instance's scratch memory.
    private(set) var scratchCounts: [Scratch: Int] = [:]
    private var placeNumbers: [ScanPlace: Int] = [:]
    private var functionNumbers: [String: Int] = [:]

    init(_ scan: RasterScanStep, traits: KernelTraits, constants: ScanConstants) {
        self.scan = scan
        self.traits = traits
        self.constants = constants
    }

    /// Adds the next program; one that never runs needs no calls.
    mutating func addProgram(_ number: Int, _ memory: ScanMemory) throws(DeviceError) {
        programs.append([])
        if memory.bases[number] == nil { return }
        let copies = ScanCopies(program: number, memory)
        let fusion = ScanFusion(program: number, memory, copies: copies)
        for (index, step) in scan.programs[number].enumerated() where !fusion.fused.contains(index) {
            if case .pointwise(var rest) = step, let copied = copies.stores[index] {
                rest.stores = rest.stores.indices.filter { !copied.contains($0) }.map { rest.stores[$0] }
                runs = .allButLast
                addPointwise(rest)
                runs = .last
            }
            try add(step, copies.segments[index], fusion.epilogues[index])
            runs = .all
        }
    }

    private mutating func add(
        _ step: Step, _ segments: ScanSegments?, _ epilogue: ScanEpilogue?
    ) throws(DeviceError) {
        switch step {
        case .pointwise(let step): addPointwise(step)
        case .contraction(let step): try addProduct(step, segments, epilogue ?? ScanEpilogue(of: step))
        case .convolution, .gather, .scatterAdd, .rasterScan:
            throw .unsupported(
                device: "OpenCL", what: "a raster scan in one launch with steps other than pointwise ones and products")
        }
    }

    /// Adds a call of a function, which is shared with all calls of an equal one.
    /// - Parameters:
    ///   - text: names the function `STEP`.
    ///   - parameters: the types of its pointers, and what they point at.
    mutating func call(_ text: String, _ parameters: [(type: String, place: ScanPlace)], widths used: Set<Int> = [1]) {
        let known = functionNumbers[text]
        let function = known ?? functions.count
        if known == nil {
            functionNumbers[text] = function
            functions.append(Function(text: text, parameters: parameters.map(\.type)))
            widths.formUnion(used)
        }
        let numbers = parameters.map { number(of: $0.place) }
        programs[programs.count - 1].append(Call(function: function, places: numbers, runs: runs))
    }

    private mutating func number(of place: ScanPlace) -> Int {
        if let known = placeNumbers[place] { return known }
        if !memories.contains(place.memory) { memories.append(place.memory) }
        placeNumbers[place] = places.count
        places.append(place)
        return places.count - 1
    }

    /// The place of an operand that is read, or of its copy among what stays as it is.
    mutating func place(_ read: MemoryAccess) -> ScanPlace {
        constants.place(of: read, scan) ?? place(read.operand)
    }

    /// The place of an operand that is written.
    func place(_ operand: Operand) -> ScanPlace { ScanPlace(scan.slots[operand.slot], offset: operand.offset) }

    mutating func places(_ operands: OperandNumbers) -> [ScanPlace] {
        var places: [ScanPlace] = []
        for (operand, view) in zip(operands.operands, operands.reads) {
            places.append(view.map { place(MemoryAccess(operand: operand, view: $0)) } ?? place(operand))
        }
        return places
    }

    /// Where a product finds the panels of its right operand; nil where they are yet to be packed.
    mutating func place(_ panels: ScanPanels, from operand: Operand) -> ScanPlace? {
        constants.place(of: panels, from: operand, scan)
    }

    /// Scratch memory of each instance's own, used from one call to the next.
    mutating func scratch(_ kind: Scratch, count: Int) -> ScanPlace {
        scratchCounts[kind] = max(scratchCounts[kind] ?? 0, count)
        return ScanPlace(kind, .float32, offset: 0)
    }

    /// Gives each instance its share of scratch memory, whose size is known when all calls are.
    mutating func placeScratch() {
        for number in places.indices {
            guard case .scratch(let kind) = places[number].memory, let count = scratchCounts[kind] else { continue }
            places[number].slot.instanceStride = count
        }
    }
}
