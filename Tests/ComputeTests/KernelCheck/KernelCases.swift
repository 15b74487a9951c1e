import Compute

/// Steps that make up every variant of every kernel on a device of two compute units, in sizes small enough for a
/// simulator. `KernelCheckTests` says which variants there are.
enum KernelCases {
    typealias Case = OpenCLFixture.Case
    typealias Slot = OpenCLFixture.Slot

    /// Of the device that the sizes are chosen for.
    static let computeUnits = 2
    /// The lanes of its registers.
    static let lanes = 1

    static func all(_ shape: OpenCLFixture.Shape) -> [Case] {
        products(shape) + convolutions(shape) + reductions(shape) + indexed + scans(shape)
    }

    // MARK: Products

    private static func products(_ shape: OpenCLFixture.Shape) -> [Case] {
        // As they come, with either and both operands transposed, and each type of result.
        let plain = [
            product([7, 18, 5]), product([5, 33, 9], transposed: (true, false), storing: .float32),
            product([6, 20, 9], transposed: (false, true), storing: .int32), product([1, 1, 1]),
        ]
        switch shape {
        case .cpu:
            return plain + [
                // Few columns; batches; rows for items that go through all columns; more panels than are packed together.
                product([7, 5, 9], batch: 2, storing: .bool), product([4, 17, 16], batch: 3, transposed: (true, true)),
                product([100, 98, 5]), product([1030, 98, 3]),
                // Wide strides, whose panels are copied; both operands' panels.
                product([3, 256, 512], stride: 1000), product([3, 256, 512], transposed: (true, true), stride: 1000),
                // Split over the depth, with the right operand copied and not, each with sums of its columns.
                product([5, 18, 2100], transposed: (true, false), storing: .float32), product([4, 3, 2050]),
                product([4, 20, 2050], transposed: (true, true)), product([4, 3, 2050], sums: true),
                product([5, 18, 2100], transposed: (true, false), sums: true),
                // Dot products.
                product([5, 1, 33]), product([7, 9, 200], transposed: (false, true), storing: .bool),
            ]
        case .gpu:
            return plain + [
                // Split over the depth: few groups. Then the medium tile, and the large one.
                product([9, 10, 130], storing: .float32), product([9, 10, 130], transposed: (true, true)),
                product([33, 34, 18], batch: 2),
                product([33, 34, 18], batch: 2, transposed: (true, true), storing: .bool),
                product([65, 66, 9], batch: 2, storing: .float32),
                product([65, 66, 9], batch: 2, transposed: (true, true)),
                // With sums of columns: split, then each tile.
                product([9, 20, 130], transposed: (true, false), sums: true), product([33, 34, 18], sums: true),
                product([65, 130, 19], transposed: (true, false), sums: true),
                product([130, 250, 21], transposed: (true, false), sums: true),
            ]
        }
    }

    /// A product of sizes rows, columns, depth; of shared right matrices. `stride` is that of the left operand's columns,
    /// which is then transposed.
    private static func product(
        _ size: [Int], batch: Int = 1, transposed: (a: Bool, b: Bool) = (false, false), storing dtype: DType? = nil,
        stride: Int? = nil, sums: Bool = false
    ) -> Case {
        let (rows, columns, depth) = (size[0], size[1], size[2])
        let columnStride = stride ?? (transposed.a ? rows : 1)
        let rowStride = columnStride == 1 && !transposed.a ? depth : 1
        let count = batch * rows * columns
        let step = ContractionStep(
            batch: batch, rows: rows, columns: columns, depth: depth,
            a: Matrix(
                operand: floats(0, 1), batchStride: batch > 1 ? rows * depth : 0, rowStride: rowStride,
                columnStride: columnStride),
            b: Matrix(
                operand: floats(1, 3), batchStride: 0, rowStride: transposed.b ? 1 : columns,
                columnStride: transposed.b ? depth : 1),
            epilogue: dtype.map {
                OpenCLProductTests.epilogue([batch, rows, columns], storing: $0, slots: (2, 3), sumIn: 5)
            }, destination: Operand(slot: 4, offset: 5, dtype: dtype ?? .float32))
        let left = (batch - 1) * rows * depth + (rows - 1) * rowStride + (depth - 1) * columnStride + 1
        var slots = [
            Slot.noise(count: left + 1), .noise(count: depth * columns + 3, seed: 2),
            .noise(count: columns + 1, seed: 3), .noise(count: count + 2, seed: 4),
            .zeros(dtype ?? .float32, count: count + 5), .zeros(count: count + 6),
        ]
        var steps = [Step.contraction(step)]
        if sums {
            steps.append(OpenCLWeightGradientTests.sums(rows: depth, columns: columns, offset: 3))
            slots[3] = .zeros(count: columns + 2)
        }
        return Case(steps: steps, slots: slots, absolute: 1e-6 + 1e-7 * Double(depth), note: "product \(batch)x\(size)")
    }

    // MARK: Reductions, rows by index

    /// In one launch and in two, over rows, columns and several axes.
    private static func reductions(_ shape: OpenCLFixture.Shape) -> [Case] {
        let layouts: [([Int], [Int])] = [
            ([1], [0]), ([40_000], [0]), ([600, 64], [0]), ([17, 10], [1]), ([5, 300], [1]), ([33, 100], [0]),
            ([7, 5, 11], [0, 2]), ([4, 9, 13], [0, 1]), ([2, 3, 4, 5], [1, 3]), ([5, 100, 3], [1]),
        ]
        let kinds: [(Reduction.Operation, DType)] = [
            (.sum, .float32), (.maximum, .float32), (.sum, .int32), (.maximum, .int32),
        ]
        return layouts.enumerated().flatMap { number, layout in
            // Sums of numbers are added in two parts; the others take turns.
            [kinds[0], kinds[1 + number % 3]].map { operation, dtype in
                let (step, slots) = OpenCLReductionTests.step(operation, layout.0, layout.1, dtype)
                return Case(steps: [step], slots: slots, absolute: 2e-5, note: "\(operation) of \(dtype) \(layout)")
            }
        }
    }

    private static var indexed: [Case] {
        [[5, 3], [1, 1], [40, 64], [0, 7], [70, 1]].flatMap(OpenCLProductTests.indexedCases)
    }

    // MARK: Raster scans

    /// Each launch after launch, and in one launch where there is one. GPU kernels take work-groups for what CPU kernels do
    /// in a loop, which is slow to simulate.
    private static func scans(_ shape: OpenCLFixture.Shape) -> [Case] {
        RasterScanCase.cases(isSmall: shape == .gpu).flatMap { scan in
            (scan.suitsOneLaunch ? [true, false] : [true]).map { isReplayed in
                Case(
                    steps: [scan.step(isReplayed: isReplayed)], slots: scan.memory, relative: 1e-4, absolute: 2e-5,
                    note: "\(scan.note), \(isReplayed ? "replayed" : "in one launch")")
            }
        }
    }
}
