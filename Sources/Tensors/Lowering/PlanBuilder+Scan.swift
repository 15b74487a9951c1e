import Compute

extension PlanBuilder {
    /// A scan as a raster scan of one column.
    /// - Parameter inputs: where the sequences and what is captured are; nil for the states' first values, which are in
    ///   the result already.
    func scanStep(
        _ operation: ScanOperation, _ plan: ScanPlan, inputs: [Operand?], shapes: [[Int]], result: Operand,
        scratch: Operand?
    ) -> RasterScanStep {
        var slots: [RasterScanStep.Slot] = []
        var numbers: [RasterScanStep.Slot: Int] = [:]
        let places = ScanPlaces(operation, plan, result: result)
        func slot(_ inner: Operand) -> RasterScanStep.Slot {
            let leaf = inner.slot
            if leaf < plan.steps.sources {
                guard let operand = inputs[leaf] else {
                    return places.state(leaf - operation.sequences, isAfter: false)
                }
                if leaf < operation.sequences {
                    return places.sequence(operand, count: shapes[leaf].dropFirst().reduce(1, *), leaf)
                }
                let stride = plan.isDivided[leaf] ? shapes[leaf].reduce(1, *) / plan.instances : 0
                return RasterScanStep.Slot(operand, instanceStride: stride)
            }
            let output = leaf - plan.steps.sources
            if output < plan.steps.results.count {
                return output < operation.states ? places.state(output, isAfter: true) : places.stacked(output)
            }
            // Intermediates, which may be of any type.
            let scale = DType.float32.size / inner.dtype.size
            let slab = plan.slabOffsets[output - plan.steps.results.count]
            let operand = Operand(
                slot: scratch?.slot ?? 0, offset: ((scratch?.offset ?? 0) + slab) * scale, dtype: inner.dtype)
            return RasterScanStep.Slot(operand, instanceStride: plan.scratchStride * scale)
        }
        func number(_ inner: Operand) -> Int {
            let slot = slot(inner)
            if let known = numbers[slot] { return known }
            numbers[slot] = slots.count
            slots.append(slot)
            return slots.count - 1
        }
        let steps = plan.steps.steps.map { planned in
            planned.step.mappingOperands { Operand(slot: number($0), offset: $0.offset, dtype: $0.dtype) }
        }
        return RasterScanStep(
            rows: operation.steps, columns: 0, instances: plan.instances, slots: slots, programs: [steps], period: 1,
            rowPrograms: [0], pixelPrograms: [nil], isReplayed: plan.isReplayed)
    }
}

/// Where the memory of a scan moves from step to step. Step `y` of the scan is row `y`; a scan through reversed time walks
/// backwards.
private struct ScanPlaces {
    let operation: ScanOperation
    let plan: ScanPlan
    let result: Operand
    private let segments: [ScanOperation.Segment]

    init(_ operation: ScanOperation, _ plan: ScanPlan, result: Operand) {
        self.operation = operation
        self.plan = plan
        self.result = result
        segments = operation.segments
    }

    /// `steps` entries of `count` elements, in the order of time.
    private func entries(_ operand: Operand, count: Int, isDivided: Bool) -> RasterScanStep.Slot {
        var operand = operand
        if operation.isReversed { operand.offset += (operation.steps - 1) * count }
        return RasterScanStep.Slot(
            operand, instanceStride: isDivided ? count / plan.instances : 0, ring: operation.steps,
            rowStride: operation.isReversed ? -count : count)
    }

    func sequence(_ operand: Operand, count: Int, _ leaf: Int) -> RasterScanStep.Slot {
        entries(operand, count: count, isDivided: plan.isDivided[leaf])
    }

    func stacked(_ output: Int) -> RasterScanStep.Slot {
        var operand = result
        operand.offset += segments[output].offset
        return entries(operand, count: segments[output].stride, isDivided: true)
    }

    func state(_ state: Int, isAfter: Bool) -> RasterScanStep.Slot {
        let segment = segments[state]
        var operand = result
        if operation.keepsHistory[state] {
            operand.offset += segment.range(isAfter ? operation.entriesAfter : operation.entriesBefore).lowerBound
            return entries(operand, count: segment.stride, isDivided: true)
        }
        // Two entries by turns, so that the last value comes to lie in the first of them.
        operand.offset += segment.offset
        let isOdd = (operation.steps + (isAfter ? 1 : 0)) % 2 == 1
        return RasterScanStep.Slot(
            operand, instanceStride: segment.stride / plan.instances, ring: 2, rowShift: isOdd ? -1 : 0,
            rowStride: segment.stride)
    }
}
