import Compute
import ComputeOpenCL
import TestSupport
import Testing

/// What is particular to a raster scan in one launch: its own products, operands that it reads where they come from, what
/// it copies beforehand, and how it numbers what runs when.
@Suite(.enabled(if: OpenCLFixture.isAvailable))
struct RasterScanKernelTests {
    typealias Shape = OpenCLFixture.Shape
    typealias Slot = RasterScanStep.Slot

    static func scan(
        _ rows: Int, _ columns: Int, instances: Int = 1, _ slots: [Slot], _ programs: [[Step]], period: Int = 1,
        rowPrograms: [Int?] = [nil], pixelPrograms: [Int?] = [0]
    ) -> RasterScanStep {
        RasterScanStep(
            rows: rows, columns: columns, instances: instances, slots: slots, programs: programs, period: period,
            rowPrograms: rowPrograms, pixelPrograms: pixelPrograms, isReplayed: false)
    }

    func compare(
        _ cases: [(scan: RasterScanStep, memory: [OpenCLFixture.Slot], note: String)], _ shape: Shape,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let cases = cases.map { scan, memory, note in
            OpenCLFixture.Case(
                steps: [.rasterScan(scan)], slots: memory, relative: 1e-5, absolute: 1e-5, note: note)
        }
        try OpenCLFixture.compare(cases, shape, sourceLocation: sourceLocation)
    }

    func compare(
        _ scan: RasterScanStep, _ memory: [OpenCLFixture.Slot], _ shape: Shape,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try compare([(scan, memory, "")], shape, sourceLocation: sourceLocation)
    }

    // MARK: Products

    /// Sizes of every tile: few and odd numbers of rows, columns within and across vectors and panels.
    private static let sizes: [(rows: Int, columns: Int, depth: Int)] =
        [1, 3, 8, 13].enumerated().flatMap { turn, rows in
            [1, 5, 10, 24, 64, 100].enumerated().map { number, columns in
                (rows, columns, [1, 24, 320][(turn + number) % 3])
            }
        } + [(33, 40, 64), (5, 17, 0), (20, 112, 7)]

    /// Each with an epilogue in turn, and a result of each type; at two places, with the results of each kept.
    @Test(arguments: Shape.allCases)
    func products(_ shape: Shape) throws {
        let types: [DType?] = [nil, .float32, .bool, .int32]
        var steps: [Step] = []
        var slots = [
            Slot(floats(0, 3), instanceStride: 5, ring: 2, rowStride: 2, columnStride: 3), Slot(floats(1, 1)),
            Slot(floats(2)), Slot(floats(3), ring: 2, rowStride: 1),
        ]
        var memory: [OpenCLFixture.Slot] = [
            .noise(count: 33 * 320 + 64), .noise(count: 320 * 112 + 1, seed: 2), .noise(count: 1 + 112, seed: 3),
            .noise(count: 33 * 112 + 8, seed: 4),
        ]
        for (number, size) in Self.sizes.enumerated() {
            let count = size.rows * size.columns
            let type = types[number % types.count]
            slots.append(
                Slot(
                    Operand(slot: slots.count, offset: 1, dtype: type ?? .float32), instanceStride: 4 * count, ring: 2,
                    rowStride: 2 * count, columnStride: count))
            memory.append(.zeros(type ?? .float32, count: 1 + 8 * count))
            let turnsB = number % 5 == 4
            steps.append(
                .contraction(
                    ContractionStep(
                        batch: 1, rows: size.rows, columns: size.columns, depth: size.depth,
                        a: Matrix(operand: floats(0), batchStride: 0, rowStride: size.depth, columnStride: 1),
                        b: Matrix(
                            operand: floats(1), batchStride: 0, rowStride: turnsB ? 1 : size.columns,
                            columnStride: turnsB ? size.depth : 1),
                        epilogue: type.map {
                            OpenCLProductTests.epilogue([1, size.rows, size.columns], storing: $0, slots: (2, 3))
                        },
                        destination: Operand(slot: slots.count - 1, dtype: type ?? .float32))))
        }
        try compare(Self.scan(2, 2, instances: 2, slots, [steps]), memory, shape)
    }

    /// The products of a whole network over many rows sum in the same order: a sampler's images are then the network's.
    @Test(arguments: Shape.allCases)
    func productsHaveTheBitsOfOrdinaryOnes(_ shape: Shape) throws {
        let rows = 1280
        func product(_ rows: Int, _ columns: Int, _ depth: Int) -> Step {
            let bias = OpenCLProductTests.epilogue([1, rows, columns], storing: .float32, slots: (2, 3))
            return .contraction(
                ContractionStep(
                    batch: 1, rows: rows, columns: columns, depth: depth,
                    a: Matrix(operand: floats(0), batchStride: 0, rowStride: depth, columnStride: 1),
                    b: Matrix(operand: floats(1), batchStride: 0, rowStride: columns, columnStride: 1),
                    epilogue: bias, destination: floats(4)))
        }
        func scan(_ images: Int, _ columns: Int, _ depth: Int) -> Step {
            let slots = (0..<5).map { Slot(floats($0)) }
            return .rasterScan(Self.scan(1, 1, slots, [[product(images, columns, depth)]]))
        }
        let sizes = [(8, 128, 24), (8, 64, 320), (13, 128, 64), (3, 100, 128), (32, 256, 128)]
        let device = try OpenCLFixture.device(shape)
        try device.compile(ahead: sizes.map { [scan($0, $1, $2), product(rows, $1, $2)] })
        for (images, columns, depth) in sizes {
            let memory: [OpenCLFixture.Slot] = [
                .noise(count: rows * depth), .noise(count: depth * columns, seed: 2),
                .noise(count: 1 + columns, seed: 3), .noise(count: 2 + rows * columns, seed: 4),
                .zeros(count: rows * columns),
            ]
            let found = try OpenCLFixture.run([scan(images, columns, depth)], memory, on: device)[4]
                .prefix(images * columns)
            let whole = try OpenCLFixture.run([product(rows, columns, depth)], memory, on: device)[4]
                .prefix(images * columns)
            #expect(found == whole, "\(images) x \(columns) x \(depth)")
            #expect(found.contains { $0 != 0 })
        }
    }

    /// A right operand that the scan itself writes is not one of the constants; nor is one that moves.
    @Test(arguments: Shape.allCases)
    func weightsMayChange(_ shape: Shape) throws {
        let (rows, columns, depth) = (3, 20, 6)
        let slots = [
            Slot(floats(0), instanceStride: rows * depth), Slot(floats(1)),
            Slot(floats(1, 2), ring: 2, rowStride: 4), Slot(floats(2)),
            Slot(
                floats(3), instanceStride: 4 * rows * columns, ring: 2, rowStride: 2 * rows * columns,
                columnStride: rows * columns),
            Slot(floats(4), instanceStride: depth * columns),
        ]
        func product(_ b: Int, batch: Int = 1) -> Step {
            .contraction(
                ContractionStep(
                    batch: 1, rows: rows, columns: columns, depth: depth,
                    a: Matrix(operand: floats(0), batchStride: 0, rowStride: depth, columnStride: 1),
                    b: Matrix(operand: floats(b), batchStride: 0, rowStride: columns, columnStride: 1),
                    destination: floats(4)))
        }
        var add = StepBuilder([rows * depth])
        add.store(add.add(add.load(floats(0)), 0.3, add.load(floats(4))), floats(0))
        var grow = StepBuilder([depth * columns])
        grow.store(grow.add(grow.load(floats(5)), 0.5, grow.load(floats(3))), floats(5))
        let steps = [product(1), add.step, product(2), add.step, grow.step, product(5)]
        try compare(
            Self.scan(2, 2, instances: 2, slots, [steps]),
            [
                .noise(count: 2 * rows * depth), .noise(count: depth * columns + 8, seed: 2),
                .noise(count: depth * columns, seed: 3), .zeros(count: 8 * rows * columns),
                .noise(count: 2 * depth * columns, seed: 4),
            ], shape)
    }

    /// Batches of matrices, on the left alone and on both sides, with the right ones constant.
    @Test(arguments: Shape.allCases)
    func batchedProducts(_ shape: Shape) throws {
        let (batch, rows, columns, depth) = (3, 5, 18, 7)
        func product(sharesB: Bool, _ result: Int) -> Step {
            .contraction(
                ContractionStep(
                    batch: batch, rows: rows, columns: columns, depth: depth,
                    a: Matrix(operand: floats(0), batchStride: rows * depth, rowStride: 1, columnStride: rows),
                    b: Matrix(
                        operand: floats(1), batchStride: sharesB ? 0 : depth * columns, rowStride: 1,
                        columnStride: depth),
                    destination: floats(result)))
        }
        let count = batch * rows * columns
        try compare(
            Self.scan(
                1, 2, (0..<4).map { Slot(floats($0), columnStride: $0 == 0 ? 4 : 0) },
                [[product(sharesB: false, 2), product(sharesB: true, 3)]]),
            [
                .noise(count: 4 + batch * rows * depth), .noise(count: batch * depth * columns, seed: 2),
                .zeros(count: count), .zeros(count: count),
            ], shape)
    }

    // MARK: Constants

    /// More buffers than a kernel may have parameters, of several types, each read at an offset.
    @Test(arguments: Shape.allCases)
    func manyConstants(_ shape: Shape) throws {
        let limit = try OpenCLFixture.device(shape).traits.mostArguments
        let count = min(limit, 600) + 20
        var memory: [OpenCLFixture.Slot] = [.zeros(count: 4 * 9)]
        var slots = [Slot(floats(0), ring: 2, rowStride: 18, columnStride: 9)]
        var steps: [Step] = []
        for number in 1...count {
            let type = [DType.float32, .uint8, .int32][number % 3]
            memory.append(.init(type, (0..<16).map { Double($0 * number % 7) }))
            slots.append(Slot(Operand(slot: number, offset: 1, dtype: type)))
            var step = StepBuilder([9])
            let loaded = step.load(Operand(slot: number, offset: number % 6, dtype: type))
            let value = step.cast(loaded, to: .float32)
            step.store(step.add(step.load(floats(0)), 0.5, value), floats(0))
            steps.append(step.step)
        }
        try compare(Self.scan(2, 2, slots, [steps]), memory, shape)
    }

    /// More buffers than parameters, all of them written: launch after launch.
    @Test(arguments: Shape.allCases)
    func tooManyBuffersAreReplayed(_ shape: Shape) throws {
        let device = try OpenCLFixture.device(shape)
        let count = device.traits.mostArguments + 1
        guard count < 2000 else { return }
        let steps = (0..<count).map { number in
            var step = StepBuilder([1])
            step.store(step.constant(1), floats(number))
            return step.step
        }
        let scan = Self.scan(1, 1, (0..<count).map { Slot(floats($0)) }, [steps])
        #expect(try device.prepare([.rasterScan(scan)]).launches == count)
        try compare(scan, (0..<count).map { _ in .zeros(count: 1) }, shape)
    }

    /// More places than a GPU's group keeps, and more calls than it has memory for: launch after launch there.
    @Test(arguments: Shape.allCases, [(60, 2400), (600, 50)])
    func tooManyPlacesOrCallsAreReplayed(_ shape: Shape, _ size: (steps: Int, places: Int)) throws {
        let steps = (0..<size.steps).map { number in
            var step = StepBuilder([1])
            var sum = step.constant(1)
            for read in 0..<40 { sum = step.add(sum, 0.01, step.load(floats(0, (40 * number + read) % size.places))) }
            step.store(sum, floats(0, number % size.places))
            return step.step
        }
        let scan = Self.scan(1, 1, [Slot(floats(0))], [steps])
        let launches = try OpenCLFixture.device(shape).prepare([.rasterScan(scan)]).launches
        #expect(shape == .cpu ? launches <= 2 : launches == size.steps)
        try compare(scan, [.zeros(count: size.places)], shape)
    }

    /// What the launch before a scan has written is seen by the scan's copies, each time it runs.
    @Test(arguments: Shape.allCases)
    func constantsMayChangeBetweenRuns(_ shape: Shape) throws {
        var double = StepBuilder([4])
        double.store(double.add(double.load(floats(0)), 1, double.load(floats(0))), floats(0))
        var add = StepBuilder([4])
        add.store(add.add(add.load(floats(1)), 1, add.load(floats(0))), floats(1))
        let scan = Step.rasterScan(Self.scan(1, 3, [Slot(floats(0)), Slot(floats(1))], [[add.step]]))
        let found = try OpenCLFixture.run(
            [scan, double.step, scan], [.init(.float32, [1, 2, 3, 4]), .zeros(count: 4)],
            on: OpenCLFixture.device(shape))
        #expect(found == [[2, 4, 6, 8], [9, 18, 27, 36]])
    }
}

/// An operand of floats.
func floats(_ slot: Int, _ offset: Int = 0) -> Operand { Operand(slot: slot, offset: offset, dtype: .float32) }
