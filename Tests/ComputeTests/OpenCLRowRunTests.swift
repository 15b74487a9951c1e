import Compute
import ComputeOpenCL
import Testing

/// Steps over the same rows are one launch where each needs of the others the same row only, and else are not.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLRowRunTests {
    typealias Slot = OpenCLFixture.Slot
    typealias Shape = OpenCLFixture.Shape
    private static let (rows, columns) = (60, 37)
    private static var matrix: View { View(contiguous: [rows, columns]) }
    private static var perRow: View { View(shape: [rows, columns], strides: [1, 0]) }

    private static func operand(_ slot: Int) -> Operand { Operand(slot: slot, dtype: .float32) }

    /// A row's sum or maximum of slot 0 less what `view` finds in slot 1, into slot `result`.
    private static func reduction(_ operation: Reduction.Operation, _ view: View, into result: Int) -> Step {
        var body = Expression()
        let x = body.append(.load(operand: 0, view: matrix), type: .float32)
        let y = body.append(.load(operand: 1, view: view), type: .float32)
        let value = body.append(.binary(.subtract, x, y), type: .float32)
        var epilogue = Expression()
        let total = epilogue.append(.accumulator, type: .float32)
        return .pointwise(
            PointwiseStep(
                shape: [rows, columns], body: body,
                reduction: Reduction(operation: operation, axes: [1], value: value, epilogue: epilogue),
                operands: [operand(0), operand(1)],
                stores: [Store(value: total, destination: operand(result), view: View(contiguous: [rows]))]))
    }

    /// Slot 0 less what `view` finds in slot 1, in place of slot 0.
    private static func difference(_ view: View) -> Step {
        var body = Expression()
        let x = body.append(.load(operand: 0, view: matrix), type: .float32)
        let y = body.append(.load(operand: 1, view: view), type: .float32)
        let value = body.append(.binary(.subtract, x, y), type: .float32)
        return .pointwise(
            PointwiseStep(
                shape: [rows, columns], body: body, operands: [operand(0), operand(1)],
                stores: [Store(value: value, destination: operand(0), view: matrix)]))
    }

    /// Slot 2 times two, a number for each row, in slot 1.
    private static var doubled: Step {
        var body = Expression()
        let x = body.append(.load(operand: 0, view: View(contiguous: [rows])), type: .float32)
        let twice = body.append(.binary(.add, x, x), type: .float32)
        return .pointwise(
            PointwiseStep(
                shape: [rows], body: body, operands: [operand(2)],
                stores: [Store(value: twice, destination: operand(1), view: View(contiguous: [rows]))]))
    }

    private static func check(_ steps: [Step], _ shape: Shape, launches: Int) throws {
        let device = try OpenCLFixture.device(shape)
        #expect(try device.prepare(steps).launches == launches)
        let slots: [Slot] = [
            .noise(count: rows * columns), .noise(count: rows * columns, seed: 2), .zeros(count: rows),
        ]
        try OpenCLFixture.compare(steps, slots, shape)
    }

    @Test(arguments: Shape.allCases) func oneLaunch(_ shape: Shape) throws {
        // Each needs what the one before has computed for the row; the last overwrites what the first has read.
        try Self.check(
            [
                Self.reduction(.maximum, Self.perRow, into: 1), Self.reduction(.sum, Self.perRow, into: 2),
                Self.doubled,
                Self.difference(Self.perRow),
            ], shape, launches: 1)
    }

    @Test(arguments: Shape.allCases) func noRows(_ shape: Shape) throws {
        var steps: [Step] = []
        for case .pointwise(var step) in [Self.reduction(.sum, Self.perRow, into: 1), Self.difference(Self.perRow)] {
            step.shape[0] = 0
            step.body = step.body.emptied
            for index in step.stores.indices { step.stores[index].view.shape[0] = 0 }
            steps.append(.pointwise(step))
        }
        #expect(try OpenCLFixture.device(shape).prepare(steps).launches == 0)
    }

    @Test(arguments: Shape.allCases) func otherRows(_ shape: Shape) throws {
        // The row before it: which another item may be at.
        var before = Self.perRow
        before.valid = [1..<Self.rows, 0..<Self.columns]
        before.offset = -1
        try Self.check([Self.reduction(.maximum, Self.perRow, into: 1), Self.difference(before)], shape, launches: 2)
        // Rows backwards.
        let backwards = View(shape: [Self.rows, Self.columns], strides: [-1, 0], offset: Self.rows - 1)
        try Self.check(
            [Self.reduction(.maximum, Self.perRow, into: 1), Self.difference(backwards)], shape, launches: 2)
        // A column of what the rows before have overwritten.
        let across = View(shape: [Self.rows, Self.columns], strides: [0, 1])
        try Self.check([Self.reduction(.sum, Self.perRow, into: 1), Self.difference(across)], shape, launches: 2)
    }
}

extension Expression {
    /// The same over no rows.
    fileprivate var emptied: Expression {
        var copy = Expression()
        for (instruction, type) in zip(instructions, types) {
            guard case .load(let operand, var view) = instruction else {
                _ = copy.append(instruction, type: type)
                continue
            }
            view.shape[0] = 0
            _ = copy.append(.load(operand: operand, view: view), type: type)
        }
        return copy
    }
}
