import Compute
import Testing

// Steps computed with the product before them.
extension RasterScanKernelTests {
    /// A product and what follows it, some of which sees no more than the element just computed.
    struct Followers {
        var note: String
        var steps: [Step]
        /// What the product's result is stored as.
        var type = DType.float32
        /// Whether each instance has a right operand of its own.
        var writesWeights = false
        /// Whether the product itself stores a second value, in slot 4.
        var storesTwo = false

        /// More than one tile each way; as many columns as the depth.
        static let (rows, columns) = (15, 40)
        static let count = rows * columns

        /// `unary(load(slot))` into another slot, at these element offsets.
        private static func step(
            _ operation: UnaryOperation, _ from: Int, _ to: Int, at offsets: (Int, Int) = (0, 0), strides: [Int]? = nil
        ) -> Step {
            var step = StepBuilder(strides == nil ? [count] : [rows, columns])
            let value = step.load(floats(from, offsets.0), strides: strides)
            step.store(step.add(step.unary(operation, value), 0.25, value), floats(to, offsets.1))
            return step.step
        }

        /// Adds one slot to another.
        private static func add(_ a: Int, _ b: Int, into result: Int, strides: [Int]? = nil) -> Step {
            var step = StepBuilder([rows, columns])
            step.store(step.add(step.load(floats(a)), 0.5, step.load(floats(b), strides: strides)), floats(result))
            return step.step
        }

        static var all: [Followers] {
            var bytes = StepBuilder([count])
            let byte = bytes.load(Operand(slot: 3, dtype: .uint8))
            bytes.store(bytes.cast(byte, to: .float32), floats(4))
            return [
                Followers(note: "one", steps: [step(.tanh, 2, 4)]),
                Followers(
                    note: "two, the second of the first", steps: [step(.tanh, 2, 4), step(.exp, 4, 5)]),
                Followers(note: "in place, and once more", steps: [step(.tanh, 2, 2), add(2, 2, into: 4)]),
                Followers(note: "into the left operand", steps: [step(.tanh, 2, 0)]),
                Followers(
                    note: "into the epilogue's operand", steps: [step(.tanh, 2, 5), add(5, 2, into: 4)]),
                Followers(
                    note: "into the right operand", steps: [step(.tanh, 2, 1, at: (0, 30))],
                    writesWeights: true),
                Followers(note: "of the next element", steps: [step(.tanh, 2, 4, at: (1, 0))]),
                Followers(note: "into the next element", steps: [step(.tanh, 5, 2, at: (0, 1))]),
                Followers(note: "transposed", steps: [step(.tanh, 2, 4, strides: [1, rows])]),
                Followers(note: "a row of another", steps: [add(2, 5, into: 4, strides: [0, 1])]),
                Followers(note: "one number of another", steps: [add(2, 5, into: 4, strides: [0, 0])]),
                Followers(note: "one number of the result", steps: [add(5, 2, into: 4, strides: [0, 0])]),
                Followers(note: "bytes", steps: [bytes.step], type: .uint8),
                Followers(note: "none, but two results", steps: [], storesTwo: true),
                Followers(note: "of two results", steps: [add(2, 4, into: 5)], storesTwo: true),
            ]
        }

        /// Slots: the left and the right operand, the result, the result as bytes, another result, and what the epilogue
        /// reads; the left operand moves.
        var step: RasterScanStep {
            let slots = [
                Slot(floats(0), instanceStride: Followers.count + 4, columnStride: 4),
                Slot(floats(1), instanceStride: writesWeights ? 1640 : 0),
                Slot(floats(2), instanceStride: 3 * Followers.count + 1),
                Slot(Operand(slot: 3, dtype: .uint8), instanceStride: Followers.count),
                Slot(floats(2, Followers.count + 1), instanceStride: 3 * Followers.count + 1),
                Slot(floats(2, 2 * Followers.count + 1), instanceStride: 3 * Followers.count + 1),
            ]
            var after = StepBuilder([1, Followers.rows, Followers.columns], accumulator: .float32)
            var value = after.add(after.load(floats(5)), 0.2, after.accumulator)
            if storesTwo { after.store(after.unary(.tanh, value), floats(4)) }
            if type == .uint8 {
                value = after.cast(after.binary(.multiply, after.constant(100), after.unary(.tanh, value)), to: .uint8)
            }
            let product = ContractionStep(
                batch: 1, rows: Followers.rows, columns: Followers.columns, depth: Followers.columns,
                a: Matrix(operand: floats(0), batchStride: 0, rowStride: Followers.columns, columnStride: 1),
                b: Matrix(operand: floats(1), batchStride: 0, rowStride: Followers.columns, columnStride: 1),
                epilogue: after.epilogue(value),
                destination: Operand(slot: type == .uint8 ? 3 : 2, dtype: type))
            return scan(1, 2, instances: 2, slots, [[.contraction(product)] + steps])
        }

        var memory: [OpenCLFixture.Slot] {
            [
                .noise(count: 2 * Followers.count + 8), .noise(count: 3280, seed: 2),
                .noise(count: 6 * Followers.count + 4, seed: 3), .zeros(.uint8, count: 2 * Followers.count),
            ]
        }
    }

    @Test(arguments: Shape.allCases)
    func stepsBehindProducts(_ shape: Shape) throws {
        try compare(Followers.all.map { ($0.step, $0.memory, $0.note) }, shape)
    }
}
