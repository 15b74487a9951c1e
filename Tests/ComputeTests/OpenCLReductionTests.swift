import Compute
import ComputeOpenCL
import Testing

@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLReductionTests {
    typealias Shape = OpenCLFixture.Shape
    typealias Slot = OpenCLFixture.Slot

    /// Layouts: rows, columns, both, inner and outer axes, one long, many short, of odd sizes; some take two launches.
    static let layouts: [(extents: [Int], axes: [Int])] = [
        ([1], [0]), ([10], [0]), ([1000], [0]), ([300_007], [0]), ([17, 10], [1]), ([5, 300], [1]), ([3, 70_001], [1]),
        ([17, 10], [0]), ([9, 64], [0]), ([33, 100], [0]), ([2000, 64], [0]), ([1501, 67], [0]), ([4000, 3], [0]),
        ([7, 5, 11], [1]), ([7, 5, 11], [0, 2]), ([4, 30, 130], [0, 1]), ([3, 20, 40], [0, 1, 2]),
        ([2, 3, 4, 5], [1, 3]), ([2, 3, 4, 5], [0, 2]), ([60, 7, 200], [0, 2]), ([70, 300, 5], [1]),
        ([5, 100, 3], [1]),
        ([100, 2], [1]), ([4, 90, 3], [0]),
    ]

    /// sum or maximum of x * x - y with y broadcast along the last axis; then times two plus a number for each result.
    static func step(
        _ operation: Reduction.Operation, _ extents: [Int], _ axes: [Int], _ dtype: DType
    ) -> (step: Step, slots: [Slot]) {
        let count = extents.reduce(1, *)
        let kept = extents.indices.filter { !axes.contains($0) }.map { extents[$0] }
        let results = kept.reduce(1, *)
        var rows = View(contiguous: extents)
        rows.strides = View.rowMajorStrides(extents).map { $0 / (extents.last ?? 1) }
        rows.strides[extents.count - 1] = 0
        var body = Expression()
        let x = body.append(.load(operand: 0, view: View(contiguous: extents)), type: dtype)
        let y = body.append(.load(operand: 1, view: rows), type: dtype)
        let square = body.append(.binary(.multiply, x, x), type: dtype)
        let value = body.append(.binary(.subtract, square, y), type: dtype)
        var epilogue = Expression()
        let accumulator = epilogue.append(.accumulator, type: dtype)
        let twice = epilogue.append(.binary(.add, accumulator, accumulator), type: dtype)
        let extra = epilogue.append(.load(operand: 2, view: View(contiguous: kept)), type: dtype)
        let result = epilogue.append(.binary(.add, twice, extra), type: dtype)
        let step = PointwiseStep(
            shape: extents, body: body,
            reduction: Reduction(operation: operation, axes: axes, value: value, epilogue: epilogue),
            operands: (0..<3).map { Operand(slot: $0, offset: $0, dtype: dtype) },
            stores: [
                Store(
                    value: result, destination: Operand(slot: 3, offset: 3, dtype: dtype), view: View(contiguous: kept))
            ])
        func slot(_ count: Int, _ seed: Int) -> Slot {
            dtype == .float32
                ? .noise(count: count, seed: seed)
                : Slot(dtype, (0..<count).map { Double(($0 * 7919 + seed) % 2001 - 1000) })
        }
        let slots = [
            slot(count, 1), slot(count / (extents.last ?? 1) + 1, 2), slot(results + 2, 3),
            Slot.zeros(dtype, count: results + 3),
        ]
        return (.pointwise(step), slots)
    }

    @Test(arguments: Shape.allCases)
    func everyLayout(_ shape: Shape) throws {
        var cases: [OpenCLFixture.Case] = []
        let others: [(Reduction.Operation, DType)] = [(.maximum, .float32), (.sum, .int32), (.maximum, .int32)]
        for (number, (extents, axes)) in OpenCLReductionTests.layouts.enumerated() {
            for (operation, dtype) in [(.sum, .float32), others[number % 3]] {
                let (step, slots) = OpenCLReductionTests.step(operation, extents, axes, dtype)
                cases.append(
                    OpenCLFixture.Case(
                        steps: [step], slots: slots, absolute: 2e-5,
                        note: "\(operation) of \(dtype) \(extents) over \(axes)"))
            }
        }
        try OpenCLFixture.compare(cases, shape)
    }

    @Test(arguments: Shape.allCases)
    func emptyReductionsGiveTheIdentity(_ shape: Shape) throws {
        for (operation, expected) in [(Reduction.Operation.sum, 0.0), (.maximum, -Double.infinity)] {
            var body = Expression()
            let view = View(contiguous: [5, 0])
            let x = body.append(.load(operand: 0, view: view), type: .float32)
            var epilogue = Expression()
            let accumulator = epilogue.append(.accumulator, type: .float32)
            let step = PointwiseStep(
                shape: [5, 0], body: body,
                reduction: Reduction(operation: operation, axes: [1], value: x, epilogue: epilogue),
                operands: [Operand(slot: 0, dtype: .float32)],
                stores: [
                    Store(
                        value: accumulator, destination: Operand(slot: 1, dtype: .float32), view: View(contiguous: [5]))
                ])
            let results = try OpenCLFixture.run(
                [.pointwise(step)], [.zeros(count: 1), Slot(.float32, [1, 2, 3, 4, 5])],
                on: OpenCLFixture.device(shape))
            #expect(results[1] == Array(repeating: expected, count: 5))
        }
    }

    @Test(arguments: Shape.allCases)
    func notANumberAndInfinityComeThrough(_ shape: Shape) throws {
        for (special, operation, expected) in [
            (Double.nan, Reduction.Operation.sum, Double.nan), (.nan, .maximum, .nan), (.infinity, .sum, .infinity),
            (-.infinity, .sum, -.infinity), (.infinity, .maximum, .infinity),
        ] {
            for place in [0, 17, 999] {
                var values = (0..<1000).map { Double($0 % 7) }
                values[place] = special
                let result = try total(operation, values, shape)
                #expect(
                    result == expected || (result.isNaN && expected.isNaN), "\(operation) with \(special) at \(place)")
            }
        }
    }

    @Test(arguments: Shape.allCases)
    func longSumsStayAccurateAndRepeat(_ shape: Shape) throws {
        let values = (0..<10_000_000).map { Double(Float(0.1) + Float($0 % 13) / 128) }
        let exact = values.reduce(0, +)
        let first = try total(.sum, values, shape)
        #expect(abs(first - exact) / exact < 2e-7)
        #expect(try total(.sum, values, shape) == first)
    }

    /// The sum or maximum of all values.
    private func total(_ operation: Reduction.Operation, _ values: [Double], _ shape: Shape) throws -> Double {
        var body = Expression()
        let x = body.append(.load(operand: 0, view: View(contiguous: [values.count])), type: .float32)
        var epilogue = Expression()
        let accumulator = epilogue.append(.accumulator, type: .float32)
        let step = PointwiseStep(
            shape: [values.count], body: body,
            reduction: Reduction(operation: operation, axes: [0], value: x, epilogue: epilogue),
            operands: [Operand(slot: 0, dtype: .float32)],
            stores: [
                Store(value: accumulator, destination: Operand(slot: 1, dtype: .float32), view: View(contiguous: []))
            ])
        return try OpenCLFixture.run(
            [.pointwise(step)], [Slot(.float32, values), .zeros(count: 1)], on: OpenCLFixture.device(shape))[1][0]
    }
}
