import Compute
import ComputeOpenCL
import TestSupport
import Testing

/// Small launches that have nothing to do with one another become one; all others stay in their order.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct OpenCLSideBySideTests {
    typealias Slot = OpenCLFixture.Slot

    /// Memory in blocks of 32 numbers: what steps read, and where they write, is a block of slot 0 or half of one.
    private static let (block, blocks) = (32, 10)

    private static func operand(_ place: Int, slot: Int = 0) -> Operand {
        Operand(slot: slot, offset: place, dtype: .float32)
    }

    /// `to` = half of `from` and of `other`, `count` elements of each.
    private static func average(_ from: Int, _ other: Int, to: Int, count: Int = block) -> Step {
        var body = Expression()
        let view = View(contiguous: [count])
        let x = body.append(.load(operand: 0, view: view), type: .float32)
        let y = body.append(.load(operand: 1, view: view), type: .float32)
        let half = body.append(.constant(.float(0.5)), type: .float32)
        let sum = body.append(.binary(.add, x, y), type: .float32)
        let value = body.append(.binary(.multiply, sum, half), type: .float32)
        return .pointwise(
            PointwiseStep(
                shape: [count], body: body, operands: [operand(from), operand(other)],
                stores: [Store(value: value, destination: operand(to), view: view)]))
    }

    /// The largest of each row of four, eight numbers.
    private static func rowMaximum(_ from: Int, to: Int) -> Step {
        var body = Expression()
        let value = body.append(.load(operand: 0, view: View(contiguous: [8, 4])), type: .float32)
        var epilogue = Expression()
        let result = epilogue.append(.accumulator, type: .float32)
        return .pointwise(
            PointwiseStep(
                shape: [8, 4], body: body,
                reduction: Reduction(operation: .maximum, axes: [1], value: value, epilogue: epilogue),
                operands: [operand(from)],
                stores: [Store(value: result, destination: operand(to), view: View(contiguous: [8]))]))
    }

    /// Products of [rows, depth] and [depth, columns] matrices.
    private static func product(
        _ a: Operand, _ b: Operand, to: Operand, batch: Int = 1, rows: Int = 4, columns: Int = 4, depth: Int = 8
    ) -> Step {
        .contraction(
            ContractionStep(
                batch: batch, rows: rows, columns: columns, depth: depth,
                a: Matrix(operand: a, batchStride: rows * depth, rowStride: depth, columnStride: 1),
                b: Matrix(operand: b, batchStride: depth * columns, rowStride: columns, columnStride: 1),
                destination: to))
    }

    /// Steps on blocks chosen at random, so that many need what others write, overwrite what others read, or both write to
    /// the same place.
    private static func steps(_ count: Int, _ random: inout TestRandom) -> [Step] {
        (0..<count).map { _ in
            let places = Array((0..<blocks).shuffled(using: &random).prefix(3)).map { $0 * block }
            let (a, b, result) = (places[0], places[1], places[2])
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return average(a, b, to: result)
            case 1: return average(a + 8, b, to: result + 16, count: 16)
            case 2: return rowMaximum(a, to: result + Int.random(in: 0...24, using: &random))
            default: return product(operand(a), operand(b), to: operand(result))
            }
        }
    }

    @Test func orderIsKept() throws {
        var random = TestRandom(5)
        let programs = (0..<24).map { _ in Self.steps(16, &random) }
        let device = try OpenCLFixture.device(.gpu)
        try device.compile(ahead: programs)
        var launches = 0
        for (number, steps) in programs.enumerated() {
            launches += try device.prepare(steps).launches
            let slots = [Slot.noise(count: Self.block * Self.blocks, seed: number)]
            try OpenCLFixture.compare(steps, slots, .gpu)
        }
        // As it was when each had been looked at.
        #expect(launches == 212, "of \(24 * 16) steps")
    }

    @Test func smallLaunchesAreOne() throws {
        let place = { (number: Int) in number * Self.block }
        let steps = [
            Self.average(place(0), place(1), to: place(2)),
            // Waits for the first, and a third step for neither.
            Self.average(place(2), place(1), to: place(3)),
            Self.rowMaximum(place(0), to: place(4)),
            // Would overwrite what the second reads.
            Self.rowMaximum(place(4), to: place(1)),
        ]
        let device = try OpenCLFixture.device(.gpu)
        #expect(try device.prepare(steps).launches == 3)
        #expect(device.usedVariants.contains("launches side by side"))
        let slots = [Slot.noise(count: Self.block * Self.blocks)]
        try OpenCLFixture.compare(steps, slots, .gpu)

        let apart = try device.opened(avoiding: ["launches side by side"])
        #expect(try apart.prepare(steps).launches == 4)
        #expect(try OpenCLFixture.run(steps, slots, on: apart) == OpenCLFixture.run(steps, slots, on: device))
        #expect(try OpenCLFixture.device(.cpu).prepare(steps).launches == 4)
    }

    /// Each has a grid of its own: one of [2, 2, 1] groups, one of [1, 2, 2].
    @Test func gridsAreTheirOwn() throws {
        let steps = [
            Self.product(Self.operand(0), Self.operand(9), to: Self.operand(0, slot: 1), rows: 120, columns: 120),
            Self.product(
                Self.operand(300), Self.operand(20), to: Self.operand(120 * 120, slot: 1), batch: 2, rows: 70,
                columns: 40),
        ]
        #expect(try OpenCLFixture.device(.gpu).prepare(steps).launches == 1)
        let slots = [Slot.noise(count: 1500), .zeros(count: 120 * 120 + 2 * 70 * 40)]
        try OpenCLFixture.compare(steps, slots, .gpu)
    }

    /// What has an item for each element takes groups of the size that others need: here of a product's 64 items.
    @Test func groupsOfAnySize() throws {
        let depth = 3000
        let place = 8 * depth
        let steps = [
            // In two launches, the second with 256 items.
            Self.product(
                Self.operand(0), Self.operand(0, slot: 1), to: Self.operand(0, slot: 2), rows: 8, columns: 32,
                depth: depth),
            // Beside the first of them; what waits for it, beside the second.
            Self.average(0, 32, to: place),
            Self.product(Self.operand(place), Self.operand(0), to: Self.operand(256, slot: 2)),
        ]
        let device = try OpenCLFixture.device(.gpu)
        let apart = try device.opened(avoiding: ["launches side by side"])
        #expect(try apart.prepare(steps).launches == 4 && device.prepare(steps).launches == 2)
        let slots = [
            Slot.noise(count: place + 32), Slot.noise(count: 32 * depth, seed: 2), .zeros(count: 272),
        ]
        try OpenCLFixture.compare(steps, slots, .gpu, relative: 1e-4, absolute: 1e-3)
    }

    /// Products whose depth is divided keep their partial results apart while they run together; later ones use the memory
    /// again.
    @Test func partialResultsStayApart() throws {
        let depth = 3000
        let places = (0..<4).map { Self.operand($0 * 64, slot: 2) }
        var steps = places.prefix(2).enumerated().map { number, place in
            Self.product(
                Self.operand(number * 8 * depth), Self.operand(0, slot: 1), to: place, rows: 8, columns: 8,
                depth: depth)
        }
        // One that waits for both.
        steps.append(Self.product(places[0], places[1], to: places[2], rows: 8, columns: 8, depth: 8))
        steps.append(
            Self.product(
                Self.operand(4 * depth), Self.operand(8 * depth, slot: 1), to: places[3], rows: 8, columns: 8,
                depth: depth))
        let slots = [
            Slot.noise(count: 16 * depth), Slot.noise(count: 16 * depth, seed: 2), .zeros(count: 4 * 64),
        ]
        let device = try OpenCLFixture.device(.gpu)
        let apart = try device.opened(avoiding: ["launches side by side"])
        #expect(try apart.prepare(steps).launches == 7 && device.prepare(steps).launches == 3)
        #expect(try OpenCLFixture.run(steps, slots, on: device) == OpenCLFixture.run(steps, slots, on: apart))
        try OpenCLFixture.compare(steps, slots, .gpu, relative: 1e-4, absolute: 1e-3)
    }
}
