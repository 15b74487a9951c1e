import Compute
import ComputeCPU
import Testing

/// Fused elementwise steps and reductions of the CPU device, against index-by-index sums in Float64.
@Suite struct CPUPointwiseTests {
    let device = CPUDevice(threads: 2)

    /// A view of `shape` into a buffer, made of a transpose, a broadcast, a step, a reversal and padding by chance;
    /// with the elements it needs.
    static func randomView(_ shape: [Int], _ random: inout TestRandom) -> (view: View, elements: Int) {
        var strides = [Int](repeating: 0, count: shape.count)
        var distance = 1
        for axis in shape.indices.shuffled(using: &random) {
            if Int.random(in: 0..<4, using: &random) == 0 { continue }
            strides[axis] = distance * Int.random(in: 1...5, using: &random) / 4 + (distance == 1 ? 1 : 0)
            strides[axis] = max(1, strides[axis])
            distance = strides[axis] * shape[axis]
        }
        if Bool.random(using: &random) { strides = View.rowMajorStrides(shape) }
        var valid: [Range<Int>]?
        if Int.random(in: 0..<3, using: &random) == 0 {
            valid = shape.map { extent in
                let ends = [Int.random(in: 0...extent, using: &random), Int.random(in: 0...extent, using: &random)]
                return Bool.random(using: &random) ? 0..<extent : ends[0]..<max(ends[0], ends[1])
            }
        }
        for axis in shape.indices where Int.random(in: 0..<6, using: &random) == 0 { strides[axis] *= -1 }
        // The offset that makes every address from 0 on.
        var offset = 0
        var elements = 1
        for (extent, stride) in zip(shape, strides) {
            offset += max(0, -stride) * max(0, extent - 1)
            elements += abs(stride) * max(0, extent - 1)
        }
        return (View(shape: shape, strides: strides, offset: offset + 3, valid: valid), elements + 3)
    }

    static func randomShape(_ random: inout TestRandom) -> [Int] {
        let extents = [1, 2, 3, 5, 8, 17, 30]
        var shape = (0..<Int.random(in: 0...4, using: &random)).map { _ in extents.randomElement(using: &random) ?? 1 }
        if Bool.random(using: &random), !shape.isEmpty, shape.reduce(1, *) < 300 {
            shape[Int.random(in: 0..<shape.count, using: &random)] =
                [64, 255, 256, 257, 513, 1300].randomElement(
                    using: &random) ?? 1
        }
        return shape
    }

    /// A random step that stores one Float32 result, and the slots it runs with; the result goes to the last one.
    static func randomStep(seed: UInt64, reduce: Bool) -> (step: PointwiseStep, slots: [HostSlot]) {
        var random = TestRandom(seed)
        let shape = randomShape(&random)
        var body = Expression()
        var slots: [HostSlot] = []
        var operands: [Operand] = []
        var values: [Int] = []
        for slot in 0..<Int.random(in: 1...3, using: &random) {
            let (view, elements) = randomView(shape, &random)
            let type = [DType.float32, .float32, .int32, .uint8, .bool].randomElement(using: &random) ?? .float32
            operands.append(Operand(slot: slot, offset: 2, dtype: type))
            switch type {
            case .float32: slots.append(HostSlot(random.floats(elements + 2)))
            case .int32:
                slots.append(HostSlot((0..<elements + 2).map { _ in Int32.random(in: -9...9, using: &random) }))
            case .uint8, .bool:
                let most: UInt8 = type == .bool ? 1 : 255
                slots.append(
                    HostSlot(bytes: (0..<elements + 2).map { _ in UInt8.random(in: 0...most, using: &random) }))
            }
            let load = body.append(.load(operand: slot, view: view), type: type)
            values.append(type == .float32 ? load : body.append(.cast(.float32, load), type: .float32))
        }
        let (positions, _) = randomView(shape, &random)
        let position = body.append(.index(view: positions), type: .int32)
        values.append(body.append(.cast(.float32, position), type: .float32))
        values.append(body.append(.constant(.float(0.5)), type: .float32))
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let x = values.randomElement(using: &random) ?? 0
            let y = values.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<5, using: &random) {
            case 0: values.append(body.append(.unary(.sigmoid, x), type: .float32))
            case 1: values.append(body.append(.unary(.tanh, x), type: .float32))
            case 2: values.append(body.append(.binary(.subtract, x, y), type: .float32))
            case 3: values.append(body.append(.binary(.maximum, x, y), type: .float32))
            default:
                let less = body.append(.binary(.lessOrEqual, x, y), type: .bool)
                values.append(body.append(.select(less, y, x), type: .float32))
            }
        }
        let value = values.last ?? 0
        var kept = shape
        var reduction: Reduction?
        var stored = value
        if reduce {
            let axes = shape.indices.filter { _ in Bool.random(using: &random) }
            kept = shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
            var epilogue = Expression()
            let accumulator = epilogue.append(.accumulator, type: .float32)
            let half = epilogue.append(.constant(.float(0.5)), type: .float32)
            stored = epilogue.append(.binary(.multiply, accumulator, half), type: .float32)
            reduction = Reduction(
                operation: Bool.random(using: &random) ? .sum : .maximum, axes: axes, value: value, epilogue: epilogue)
        }
        let store = Store(
            value: stored, destination: Operand(slot: slots.count, offset: 1, dtype: .float32),
            view: View(contiguous: kept))
        slots.append(HostSlot(room: kept.reduce(1, *) + 2))
        return (
            PointwiseStep(shape: shape, body: body, reduction: reduction, operands: operands, stores: [store]), slots
        )
    }

    @Test("Random fused expressions over random views", arguments: 0..<200)
    func randomExpressions(seed: Int) throws {
        let (step, slots) = CPUPointwiseTests.randomStep(seed: UInt64(seed), reduce: false)
        let expected = CPUStepReference.firstStore(of: step, slots: slots)
        let found = try device.results(of: [.pointwise(step)], slots: slots)
        let output = found[found.count - 1].floats
        expectClose(Array(output[1..<output.count - 1]), expected, "step \(seed) of shape \(step.shape)")
        #expect(output[0] == -987_654 && output[output.count - 1] == -987_654, "written outside the result")
        #expect(found.dropLast() == slots.dropLast())
    }

    @Test("Random reductions over random axes and views", arguments: 0..<300)
    func randomReductions(seed: Int) throws {
        let (step, slots) = CPUPointwiseTests.randomStep(seed: UInt64(1000 + seed), reduce: true)
        let expected = CPUStepReference.firstStore(of: step, slots: slots)
        let found = try device.results(of: [.pointwise(step)], slots: slots)
        let output = found[found.count - 1].floats
        expectClose(
            Array(output[1..<output.count - 1]), expected, tolerance: 3e-5,
            "reduction \(seed) of shape \(step.shape) over \(step.reduction?.axes ?? [])")
        #expect(output[0] == -987_654 && output[output.count - 1] == -987_654, "written outside the result")
    }

    @Test("One thread gives the bits of three", arguments: [0, 1, 2, 3])
    func threadIndependence(seed: Int) throws {
        var random = TestRandom(UInt64(seed))
        let shape = [[70_000], [300, 784], [3, 9000, 4], [2000, 30]][seed]
        let count = shape.reduce(1, *)
        var body = Expression()
        let x = body.append(.load(operand: 0, view: View(contiguous: shape)), type: .float32)
        let y = body.append(.unary(.tanh, x), type: .float32)
        var epilogue = Expression()
        let sum = epilogue.append(.accumulator, type: .float32)
        let slots = [HostSlot(random.floats(count)), HostSlot(room: count), HostSlot(room: count)]
        var steps: [Step] = [
            .pointwise(
                PointwiseStep(
                    shape: shape, body: body, operands: [Operand(slot: 0, dtype: .float32)],
                    stores: [
                        Store(value: y, destination: Operand(slot: 1, dtype: .float32), view: .init(contiguous: shape))
                    ]
                ))
        ]
        for axis in shape.indices {
            let kept = shape.indices.filter { $0 != axis }.map { shape[$0] }
            steps.append(
                .pointwise(
                    PointwiseStep(
                        shape: shape, body: body,
                        reduction: Reduction(operation: .sum, axes: [axis], value: y, epilogue: epilogue),
                        operands: [Operand(slot: 0, dtype: .float32)],
                        stores: [
                            Store(
                                value: sum, destination: Operand(slot: 2, dtype: .float32),
                                view: View(contiguous: kept))
                        ])))
        }
        let one = try CPUDevice(threads: 1).results(of: steps, slots: slots)
        let three = try CPUDevice(threads: 3).results(of: steps, slots: slots)
        #expect(one == three)
        #expect(one[1] != slots[1] && one[2] != slots[2])
    }

    @Test("A long sum keeps its digits")
    func longSum() throws {
        let count = 1 << 21
        var body = Expression()
        let x = body.append(.load(operand: 0, view: View(contiguous: [count])), type: .float32)
        var epilogue = Expression()
        let sum = epilogue.append(.accumulator, type: .float32)
        let step = PointwiseStep(
            shape: [count], body: body, reduction: Reduction(operation: .sum, axes: [0], value: x, epilogue: epilogue),
            operands: [Operand(slot: 0, dtype: .float32)],
            stores: [Store(value: sum, destination: Operand(slot: 1, dtype: .float32), view: View(contiguous: []))])
        var random = TestRandom(7)
        let values = random.floats(count, in: 0.1...0.3)
        let found = try device.results(of: [.pointwise(step)], slots: [HostSlot(values), HostSlot(room: 1)])
        let expected = values.reduce(0.0) { $0 + Double($1) }
        #expect(abs(Double(found[1].floats[0]) / expected - 1) < 1e-7)
    }

    @Test("Reductions over nothing, and nothing reduced")
    func emptyReductions() throws {
        for (operation, expected) in [(Reduction.Operation.sum, Float(0)), (.maximum, -.infinity)] {
            var body = Expression()
            let x = body.append(.load(operand: 0, view: View(contiguous: [3, 0])), type: .float32)
            var epilogue = Expression()
            let result = epilogue.append(.accumulator, type: .float32)
            let step = PointwiseStep(
                shape: [3, 0], body: body,
                reduction: Reduction(operation: operation, axes: [1], value: x, epilogue: epilogue),
                operands: [Operand(slot: 0, dtype: .float32)],
                stores: [
                    Store(value: result, destination: Operand(slot: 1, dtype: .float32), view: View(contiguous: [3]))
                ])
            let found = try device.results(of: [.pointwise(step)], slots: [HostSlot(room: 0), HostSlot(room: 4)])
            #expect(found[1].floats == [expected, expected, expected, -987_654])
        }
        var body = Expression()
        let one = body.append(.constant(.float(1)), type: .float32)
        let step = PointwiseStep(
            shape: [0, 4], body: body, operands: [],
            stores: [Store(value: one, destination: Operand(slot: 0, dtype: .float32), view: View(contiguous: [0, 4]))])
        #expect(try device.results(of: [.pointwise(step)], slots: [HostSlot(room: 2)]) == [HostSlot(room: 2)])
    }

    @Test("A maximum with a NaN is NaN; integer sums wrap")
    func specialReductions() throws {
        for place in [0, 7, 500, 1023] {
            var values = [Float](repeating: 2, count: 1024)
            values[place] = .nan
            var body = Expression()
            let x = body.append(.load(operand: 0, view: View(contiguous: [1024])), type: .float32)
            let i = body.append(.load(operand: 1, view: View(contiguous: [1024])), type: .int32)
            func reduce(_ operation: Reduction.Operation, _ value: Int, _ type: DType, slot: Int) -> Step {
                var epilogue = Expression()
                let result = epilogue.append(.accumulator, type: type)
                return .pointwise(
                    PointwiseStep(
                        shape: [1024], body: body,
                        reduction: Reduction(operation: operation, axes: [0], value: value, epilogue: epilogue),
                        operands: [Operand(slot: 0, dtype: .float32), Operand(slot: 1, dtype: .int32)],
                        stores: [
                            Store(
                                value: result, destination: Operand(slot: slot, dtype: type),
                                view: View(contiguous: []))
                        ]))
            }
            let ints = (0..<1024).map { Int32($0) &* 5_000_000 }
            let found = try device.results(
                of: [
                    reduce(.maximum, x, .float32, slot: 2), reduce(.sum, i, .int32, slot: 3),
                    reduce(.maximum, i, .int32, slot: 4),
                ],
                slots: [HostSlot(values), HostSlot(ints), HostSlot(room: 1), HostSlot(room: 1), HostSlot(room: 1)])
            #expect(found[2].floats[0].isNaN)
            #expect(found[3].ints == [ints.reduce(0, &+)])
            #expect(found[4].ints == [ints.max() ?? 0])
        }
    }

    @Test("A step may overwrite what it reads, in several stores", arguments: [5, 1000, 50_000])
    func inPlace(count: Int) throws {
        // p, m = p - m, p + 1: each store overwrites an operand, and the third copies an old one.
        let view = View(contiguous: [count])
        var body = Expression()
        let p = body.append(.load(operand: 0, view: view), type: .float32)
        let m = body.append(.load(operand: 1, view: view), type: .float32)
        let one = body.append(.constant(.float(1)), type: .float32)
        let difference = body.append(.binary(.subtract, p, m), type: .float32)
        let next = body.append(.binary(.add, p, one), type: .float32)
        let (first, second) = (Operand(slot: 0, dtype: .float32), Operand(slot: 1, dtype: .float32))
        let step = PointwiseStep(
            shape: [count], body: body, operands: [first, second],
            stores: [
                Store(value: difference, destination: first, view: view),
                Store(value: next, destination: second, view: view),
                Store(value: m, destination: Operand(slot: 2, dtype: .float32), view: view),
            ])
        var random = TestRandom(3)
        let (ps, ms) = (random.floats(count), random.floats(count))
        let found = try device.results(
            of: [.pointwise(step)], slots: [HostSlot(ps), HostSlot(ms), HostSlot(room: count)])
        #expect(found[0].floats == zip(ps, ms).map { $0 - $1 })
        #expect(found[1].floats == ps.map { $0 + 1 })
        #expect(found[2].floats == ms)
    }

    @Test("Stores through transposed views, of every type")
    func transposedStores() throws {
        let shape = [37, 23]
        let transposed = View(shape: shape, strides: [1, 37])
        for type in DType.allCases {
            var body = Expression()
            let x = body.append(.load(operand: 0, view: View(contiguous: shape)), type: type)
            let step = PointwiseStep(
                shape: shape, body: body, operands: [Operand(slot: 0, dtype: type)],
                stores: [Store(value: x, destination: Operand(slot: 1, dtype: type), view: transposed)])
            let bytes = (0..<37 * 23 * type.size).map { UInt8(truncatingIfNeeded: type == .bool ? $0 % 2 : $0) }
            let found = try device.results(
                of: [.pointwise(step)],
                slots: [HostSlot(bytes: bytes), HostSlot(bytes: [UInt8](repeating: 9, count: bytes.count))])
            let expected = (0..<23).flatMap { column in
                (0..<37).flatMap { row in
                    (0..<type.size).map { bytes[(row * 23 + column) * type.size + $0] }
                }
            }
            #expect(found[1].bytes == expected, "\(type)")
        }
    }
}
