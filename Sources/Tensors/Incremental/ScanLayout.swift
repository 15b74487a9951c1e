import Compute

/// Gives the programs of a network memory, and makes the scan of them.
struct ScanLayout {
    /// The buffers that a scan is run with: these, then the prepared values, then the sources.
    enum Slot: Int {
        case state, pixels, uniforms, isGiven, scratch
        static let count = 5
    }

    private let network: IncrementalNetwork
    private let specification: RasterSampler.Specification
    private let block: Int
    private let instances: Int
    /// Where each cache begins in an instance's state, and its rows' distance.
    private var caches: [(offset: Int, rowStride: Int)] = []
    /// Elements of one instance's kept values, and of its intermediates.
    private(set) var stateStride = 0
    private(set) var scratchStride = 0
    /// Leaves that are in memory already.
    private(set) var sources: [Source] = []
    private var slots: [RasterScanStep.Slot] = []
    private var slotNumbers: [RasterScanStep.Slot: Int] = [:]
    private var programs: [[Step]] = []

    init(_ network: IncrementalNetwork, _ specification: RasterSampler.Specification, block: Int, instances: Int) {
        self.network = network
        self.specification = specification
        self.block = block
        self.instances = instances
        for cache in network.memory.caches {
            let positions = cache.left + cache.layout.width + max(cache.right, 0)
            let rowStride = ScanLayout.aligned(positions * block * cache.cell.reduce(1, *))
            caches.append((stateStride, rowStride))
            stateStride += rowStride * (cache.rowsBack + 1)
        }
    }

    /// - Throws: `DeviceError` where an intermediate is too large for the device.
    mutating func step(isReplayed: Bool, device: any Device) throws -> RasterScanStep {
        let lowered = try (network.rowPrograms + network.pixelPrograms).map { updates in
            let (graph, sources) = Graph.canonical(results: [], assignments: updates.map { ($0.place, $0.value) })
            let plan = try Lowering.plan(graph, on: device.info, isBody: true)
            return (plan: plan, sources: sources)
        }
        // Programs run one after the other: they share the memory of their intermediates.
        var slabs: [Int] = []
        for (plan, _) in lowered {
            for (number, bytes) in plan.slabs.enumerated() {
                if number == slabs.count { slabs.append(0) }
                slabs[number] = max(slabs[number], ScanLayout.aligned(bytes / DType.float32.size + 1))
            }
        }
        scratchStride = slabs.reduce(0, +)
        let numbers = lowered.map { plan, sources in program(plan, sources, slabs) }
        let period = network.period
        return RasterScanStep(
            rows: specification.height, columns: specification.width, instances: instances, slots: slots,
            programs: programs, period: period, rowPrograms: Array(numbers[..<period]),
            pixelPrograms: Array(numbers[period...]), isReplayed: isReplayed)
    }

    /// The number of a program; nil for one without steps.
    private mutating func program(_ plan: Plan, _ sources: [Source], _ slabs: [Int]) -> Int? {
        if plan.steps.isEmpty { return nil }
        // An operand's type belongs to its slot: one buffer may hold several types.
        var known: [Operand: Int] = [:]
        func scanSlot(_ operand: Operand) -> Int {
            var key = operand
            key.offset = 0
            if let number = known[key] { return number }
            let slot =
                operand.slot < sources.count
                ? place(sources[operand.slot]) : slab(operand.slot - sources.count, slabs, operand.dtype)
            let number = slotNumbers[slot] ?? slots.count
            if number == slots.count {
                slots.append(slot)
                slotNumbers[slot] = number
            }
            known[key] = number
            return number
        }
        let steps = plan.steps.map { planned in
            planned.step.mappingOperands {
                Operand(slot: scanSlot($0), offset: $0.offset, dtype: $0.dtype)
            }
        }
        if let same = programs.firstIndex(of: steps) { return same }
        programs.append(steps)
        return programs.count - 1
    }

    /// Intermediates, which may be of any type.
    private func slab(_ number: Int, _ slabs: [Int], _ dtype: DType) -> RasterScanStep.Slot {
        let scale = DType.float32.size / dtype.size
        let operand = Operand(
            slot: Slot.scratch.rawValue, offset: slabs[..<number].reduce(0, +) * scale, dtype: dtype)
        return RasterScanStep.Slot(operand, instanceStride: scratchStride * scale)
    }

    private mutating func place(_ source: Source) -> RasterScanStep.Slot {
        guard let place = source as? ScanPlace else { return RasterScanStep.Slot(outer(source)) }
        let (height, width) = (specification.height, specification.width)
        switch place.key.memory {
        case .cache(let number):
            let cache = network.memory.caches[number]
            let position = block * cache.cell.reduce(1, *)
            let offset = caches[number].offset + (cache.left + place.key.columnShift) * position
            return RasterScanStep.Slot(
                Operand(slot: Slot.state.rawValue, offset: offset, dtype: .float32), instanceStride: stateStride,
                divisor: cache.layout.scale, ring: cache.rowsBack + 1, rowShift: place.key.rowShift,
                rowStride: caches[number].rowStride, columnStride: position)
        case .pixels: return grid(.pixels, height, width, block * specification.channels)
        case .uniforms: return grid(.uniforms, height, width, block * specification.uniforms)
        case .isGiven:
            var slot = grid(.isGiven, height, width, 1)
            slot.instanceStride = 0
            return slot
        case .prepared(let number):
            let value = network.memory.prepared[number]
            let operand = Operand(slot: Slot.count + number, dtype: place.dtype)
            let shape = value.tensor.shape
            switch value.kind {
            case .shared: return RasterScanStep.Slot(operand)
            case .perImage: return RasterScanStep.Slot(operand, instanceStride: shape.reduce(1, *))
            case .map(let scale):
                let position = block * shape.dropFirst(3).reduce(1, *)
                return RasterScanStep.Slot(
                    operand, instanceStride: shape.reduce(1, *), divisor: scale, ring: shape[1],
                    rowStride: shape[2] * position, columnStride: position)
            }
        }
    }

    /// Memory with something for each pixel of each image of a block.
    private func grid(_ slot: Slot, _ height: Int, _ width: Int, _ position: Int) -> RasterScanStep.Slot {
        RasterScanStep.Slot(
            Operand(slot: slot.rawValue, dtype: .float32), instanceStride: height * width * position, ring: height,
            rowStride: width * position, columnStride: position)
    }

    private mutating func outer(_ source: Source) -> Operand {
        let number = sources.firstIndex(of: source) ?? sources.count
        if number == sources.count { sources.append(source) }
        return Operand(slot: Slot.count + network.memory.prepared.count + number, dtype: source.dtype)
    }

    /// Rounded up to whole vectors.
    private static func aligned(_ count: Int) -> Int { count.dividedUp(by: 16) * 16 }
}
