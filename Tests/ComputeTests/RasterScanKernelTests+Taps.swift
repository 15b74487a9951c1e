import Compute
import Testing

// Left operands put together by copies.
extension RasterScanKernelTests {
    /// The taps of a causal convolution, put side by side and multiplied. Something else may look at what the copies
    /// leave, or change what they have read; memory must always be as if they had been made.
    struct Taps {
        var note: String
        /// Steps behind the product, and between it and the copies.
        var after: [Step] = []
        var between: [Step] = []
        /// A program of its own at odd columns.
        var odd: [Step]?
        /// The slot of the product's result.
        var result = 6

        /// More images than one tile has rows.
        static let (rows, columns, images, channels) = (3, 4, 15, 16)
        static let (depth, entry) = (4 * channels, images * channels)

        /// A step that adds what the copies have left to the sum in slot 7.
        private static var watch: Step {
            var step = StepBuilder([images * depth])
            step.store(step.add(step.load(floats(7)), 0.5, step.load(floats(5))), floats(7))
            return step.step
        }

        /// A step that overwrites the copies.
        private static var overwrite: Step {
            var step = StepBuilder([images * depth])
            step.store(step.unary(.negate, step.load(floats(7))), floats(5))
            return step.step
        }

        /// A step that changes the tap above.
        private static var disturb: Step {
            var step = StepBuilder([entry])
            step.store(step.add(step.load(floats(1)), 0.5, step.load(floats(2))), floats(1))
            return step.step
        }

        static var all: [Taps] {
            [
                Taps(note: "unobserved"),
                Taps(note: "read afterwards", after: [watch]),
                Taps(note: "overwritten, then read", after: [overwrite, watch]),
                Taps(note: "read by another program", odd: [watch]),
                Taps(note: "overwritten by another program", odd: [overwrite, watch]),
                Taps(note: "read before the product", between: [watch]),
                Taps(note: "taps changed before the product", between: [disturb]),
                Taps(note: "copies changed before the product", between: [overwrite]),
                Taps(note: "result among the next taps", result: 0),
                Taps(note: "result over a tap", result: 1),
            ]
        }

        /// Slots 0 to 3: the taps at the left and above, and the place of the result; 4: weights; 5: the copies; 6: a
        /// result that stays; 7: a sum.
        var scan: RasterScanStep {
            let stored = (Taps.columns + 2) * Taps.entry
            func state(row: Int, column: Int) -> Slot {
                Slot(
                    floats(0, (1 + column) * Taps.entry), instanceStride: 2 * stored, ring: 2, rowShift: row,
                    rowStride: stored, columnStride: Taps.entry)
            }
            let slots = [
                state(row: 0, column: 0), state(row: -1, column: 0), state(row: 0, column: -1),
                state(row: -1, column: 1), Slot(floats(1)),
                Slot(floats(2), instanceStride: 2 * Taps.images * Taps.depth),
                Slot(floats(3), instanceStride: Taps.entry),
                Slot(floats(2, Taps.images * Taps.depth), instanceStride: 2 * Taps.images * Taps.depth),
            ]
            // In two steps: the taps at the left, one of them twice, and then the neighbours above together.
            var left = StepBuilder([Taps.images, Taps.channels])
            for (tap, place) in [(2, 3), (2, 0)] {
                left.store(left.load(floats(tap)), floats(5, place * Taps.channels), strides: [Taps.depth, 1])
            }
            var above = StepBuilder([Taps.images, 2, Taps.channels])
            above.store(
                above.load(floats(1), strides: [Taps.channels, Taps.entry, 1]), floats(5, Taps.channels),
                strides: [Taps.depth, Taps.channels, 1])
            let copies = [left.step, above.step]
            var epilogue = StepBuilder([1, Taps.images, Taps.channels], accumulator: .float32)
            let value = epilogue.unary(.tanh, epilogue.add(epilogue.load(floats(0)), 0.1, epilogue.accumulator))
            let product = ContractionStep(
                batch: 1, rows: Taps.images, columns: Taps.channels, depth: Taps.depth,
                a: Matrix(operand: floats(5), batchStride: 0, rowStride: Taps.depth, columnStride: 1),
                b: Matrix(operand: floats(4), batchStride: 0, rowStride: Taps.channels, columnStride: 1),
                epilogue: epilogue.epilogue(value), destination: floats(result))
            let steps = copies + between + [.contraction(product)] + after
            return RasterScanKernelTests.scan(
                Taps.rows, Taps.columns, instances: 2, slots, [steps] + (odd.map { [$0] } ?? []), period: 2,
                rowPrograms: [nil, nil], pixelPrograms: odd == nil ? [0, 0, 0, 0] : [0, 1, 0, 1])
        }

        var memory: [OpenCLFixture.Slot] {
            [
                .noise(count: 4 * (Taps.columns + 2) * Taps.entry), .noise(count: Taps.depth * Taps.channels, seed: 2),
                .noise(count: 4 * Taps.images * Taps.depth, seed: 3), .zeros(count: 2 * Taps.entry),
            ]
        }
    }

    @Test(arguments: Shape.allCases)
    func tapsAreReadWhereTheyAre(_ shape: Shape) throws {
        try compare(Taps.all.map { ($0.scan, $0.memory, $0.note) }, shape)
    }

    /// One step copies for two products, and computes something else too; the second product takes the first one's result.
    @Test(arguments: Shape.allCases)
    func copiesForTwoProducts(_ shape: Shape) throws {
        let (columns, images, channels) = (5, 4, 16)
        let (entry, depth) = (images * channels, 2 * channels)
        func state(row: Int, column: Int) -> Slot {
            Slot(
                floats(0, (1 + column) * entry), ring: 2, rowShift: row, rowStride: (columns + 1) * entry,
                columnStride: entry)
        }
        let slots = [
            state(row: 0, column: -1), state(row: -1, column: 0), state(row: 0, column: 0), Slot(floats(1)),
            Slot(floats(2)), Slot(floats(2, images * depth)), Slot(floats(3)), Slot(floats(3, entry)),
        ]
        var first = StepBuilder([images, channels])
        let (left, above) = (first.load(floats(0)), first.load(floats(1)))
        for (value, place) in [(left, floats(4)), (above, floats(4, channels)), (left, floats(5, channels))] {
            first.store(value, place, strides: [depth, 1])
        }
        first.store(first.unary(.tanh, above), floats(7))
        var second = StepBuilder([images, channels])
        second.store(second.load(floats(2)), floats(5), strides: [depth, 1])
        func product(_ region: Int, into result: Int) -> Step {
            var epilogue = StepBuilder([1, images, channels], accumulator: .float32)
            let value = epilogue.unary(.tanh, epilogue.add(epilogue.load(floats(7)), 0.1, epilogue.accumulator))
            return .contraction(
                ContractionStep(
                    batch: 1, rows: images, columns: channels, depth: depth,
                    a: Matrix(operand: floats(region), batchStride: 0, rowStride: depth, columnStride: 1),
                    b: Matrix(operand: floats(3), batchStride: 0, rowStride: channels, columnStride: 1),
                    epilogue: epilogue.epilogue(value), destination: floats(result)))
        }
        let steps = [first.step, product(4, into: 2), second.step, product(5, into: 6)]
        try compare(
            RasterScanKernelTests.scan(3, columns, slots, [steps]),
            [
                .noise(count: 2 * (columns + 1) * entry), .noise(count: depth * channels, seed: 2),
                .zeros(count: 2 * images * depth), .zeros(count: 2 * entry),
            ], shape)
    }

    /// It is the same whether an operand begins further on or its views do.
    @Test(arguments: Shape.allCases)
    func offsetsMayBeInViews(_ shape: Shape) throws {
        var cases =
            Taps.all.prefix(2).map { (scan: $0.scan, memory: $0.memory, note: $0.note) }
            + Followers.all.prefix(2).map { (scan: $0.step, memory: $0.memory, note: $0.note) }
        for index in cases.indices {
            cases[index].scan.programs = cases[index].scan.programs.map {
                $0.map(RasterScanKernelTests.withOffsetsInViews)
            }
        }
        try compare(cases, shape)
    }

    /// The same step, with the offsets of its pointwise operands in their views.
    private static func withOffsetsInViews(_ step: Step) -> Step {
        guard case .pointwise(var step) = step else { return step }
        var body = Expression()
        for (instruction, type) in zip(step.body.instructions, step.body.types) {
            guard case .load(let operand, var view) = instruction else {
                _ = body.append(instruction, type: type)
                continue
            }
            view.offset += step.operands[operand].offset
            _ = body.append(.load(operand: operand, view: view), type: type)
        }
        step.body = body
        for index in step.operands.indices { step.operands[index].offset = 0 }
        for index in step.stores.indices {
            step.stores[index].view.offset += step.stores[index].destination.offset
            step.stores[index].destination.offset = 0
        }
        return .pointwise(step)
    }

    /// A program of copies that is not the last to run at every kind of place, and one at the beginnings of rows.
    @Test(arguments: Shape.allCases)
    func copiesOfSeveralPrograms(_ shape: Shape) throws {
        let taps = Taps(note: "several programs")
        var scan = taps.scan
        scan.programs = [scan.programs[0], scan.programs[0], scan.programs[0]]
        let choices: [(rows: [Int?], pixels: [Int?])] = [
            ([nil, nil], [0, nil, nil, 1]), ([2, nil], [nil, 0, 1, nil]), ([nil, 2], [1, 0, nil, nil]),
            ([2, nil], [nil, nil, nil, nil]),
        ]
        let cases = choices.map { rowPrograms, pixelPrograms in
            (scan.rowPrograms, scan.pixelPrograms) = (rowPrograms, pixelPrograms)
            return (scan: scan, memory: taps.memory, note: "\(rowPrograms), \(pixelPrograms)")
        }
        try compare(cases, shape)
    }
}
