import Compute
import ComputeCPU
import Testing

/// Matrix products of the CPU device against sums in Float64.
@Suite struct CPUProductTests {
    /// How the two operands lie in memory.
    struct Case: Sendable, CustomTestStringConvertible {
        var batch = 1
        var rows: Int
        var columns: Int
        var depth: Int
        var transposeA = false
        var transposeB = false
        /// Whether all of the batch share one b.
        var sharesB = false
        /// Elements between stored rows beyond the row itself.
        var gap = 0
        var testDescription: String {
            "\(batch)x \(rows)x\(columns)x\(depth) \(transposeA ? "T" : "N")\(transposeB ? "T" : "N")"
        }
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        for transposes in 0..<4 {
            for (rows, columns, depth) in [(1, 1, 1), (1, 7, 5), (6, 1, 9), (5, 4, 1), (37, 29, 53), (300, 260, 70)] {
                var sizes = Case(rows: rows, columns: columns, depth: depth)
                sizes.transposeA = transposes & 1 != 0
                sizes.transposeB = transposes & 2 != 0
                cases.append(sizes)
                sizes.batch = 5
                sizes.gap = 3
                sizes.sharesB = transposes == 1
                cases.append(sizes)
            }
            // Few tiles and a great depth: cut along the depth.
            cases.append(
                Case(rows: 33, columns: 20, depth: 5003, transposeA: transposes & 1 != 0, transposeB: transposes > 1))
        }
        cases.append(Case(batch: 2, rows: 4, columns: 5, depth: 0))
        cases.append(Case(batch: 0, rows: 4, columns: 5, depth: 3))
        return cases
    }()

    static func matrix(slot: Int, rows: Int, columns: Int, transposed: Bool, gap: Int, shared: Bool) -> Matrix {
        let stored = (transposed ? rows : columns) + gap
        return Matrix(
            operand: Operand(slot: slot, offset: 2, dtype: .float32),
            batchStride: shared ? 0 : stored * (transposed ? columns : rows), rowStride: transposed ? 1 : stored,
            columnStride: transposed ? stored : 1)
    }

    @Test("Products of all layouts", arguments: cases)
    func products(sizes: Case) throws {
        var random = TestRandom(11)
        let a = CPUProductTests.matrix(
            slot: 0, rows: sizes.rows, columns: sizes.depth, transposed: sizes.transposeA, gap: sizes.gap,
            shared: false)
        let b = CPUProductTests.matrix(
            slot: 1, rows: sizes.depth, columns: sizes.columns, transposed: sizes.transposeB, gap: sizes.gap,
            shared: sizes.sharesB)
        let step = ContractionStep(
            batch: sizes.batch, rows: sizes.rows, columns: sizes.columns, depth: sizes.depth, a: a, b: b,
            destination: Operand(slot: 2, offset: 1, dtype: .float32))
        let count = sizes.batch * sizes.rows * sizes.columns
        func room(_ rows: Int, _ columns: Int, transposed: Bool) -> Int {
            2 + sizes.batch * (transposed ? columns * (rows + sizes.gap) : rows * (columns + sizes.gap))
        }
        let slots = [
            HostSlot(random.floats(room(sizes.rows, sizes.depth, transposed: sizes.transposeA))),
            HostSlot(random.floats(room(sizes.depth, sizes.columns, transposed: sizes.transposeB))),
            HostSlot(room: count + 2),
        ]
        let one = try CPUDevice(threads: 1).results(of: [.contraction(step)], slots: slots)
        let two = try CPUDevice(threads: 2).results(of: [.contraction(step)], slots: slots)
        #expect(one == two)
        let expected = CPUProductTests.reference(step, slots[0].floats, slots[1].floats)
        let found = two[2].floats
        expectClose(Array(found[1..<count + 1]), expected, tolerance: 2e-6 * Double(max(sizes.depth, 1)).squareRoot())
        #expect(found[0] == -987_654 && found[count + 1] == -987_654, "written outside the result")
    }

    static func reference(_ step: ContractionStep, _ a: [Float], _ b: [Float]) -> [Double] {
        var result: [Double] = []
        for batch in 0..<step.batch {
            for row in 0..<step.rows {
                for column in 0..<step.columns {
                    var sum = 0.0
                    for k in 0..<step.depth {
                        let x = a[2 + batch * step.a.batchStride + row * step.a.rowStride + k * step.a.columnStride]
                        let y = b[2 + batch * step.b.batchStride + k * step.b.rowStride + column * step.b.columnStride]
                        sum += Double(x) * Double(y)
                    }
                    result.append(sum)
                }
            }
        }
        return result
    }

    @Test("The product that needs no library agrees", arguments: [false, true])
    func plainProduct(accumulates: Bool) throws {
        var random = TestRandom(5)
        let (rows, columns, depth) = (37, 29, 531)
        let (a, b) = (random.floats(rows * depth), random.floats(depth * columns))
        let before = random.floats(rows * columns)
        for transposes in 0..<4 {
            let aStrides = transposes & 1 == 0 ? (depth, 1) : (1, rows)
            let bStrides = transposes & 2 == 0 ? (columns, 1) : (1, depth)
            let found = PlainProduct.product(
                rows: rows, columns: columns, depth: depth, a, aStrides, b, bStrides,
                accumulatingInto: accumulates ? before : nil)
            let expected = (0..<rows * columns).map { index in
                (0..<depth).reduce(accumulates ? Double(before[index]) : 0) { sum, k in
                    sum + Double(a[index / columns * aStrides.0 + k * aStrides.1])
                        * Double(b[k * bStrides.0 + index % columns * bStrides.1])
                }
            }
            expectClose(found, expected, tolerance: 2e-5, "transposes \(transposes)")
        }
    }

    @Test("Epilogues: bias and activation, another type, and the destination's old contents", arguments: 0..<3)
    func epilogues(kind: Int) throws {
        let (rows, columns, depth) = (70, 45, 31)
        var random = TestRandom(21)
        let shape = [1, rows, columns]
        var body = Expression()
        let product = body.append(.accumulator, type: .float32)
        let bias = body.append(
            .load(operand: 0, view: View(shape: shape, strides: [0, 0, 1])), type: .float32)
        let old = body.append(.load(operand: 1, view: View(contiguous: shape)), type: .float32)
        var value = body.append(.binary(.add, product, bias), type: .float32)
        var destination = Operand(slot: 3, dtype: .float32)
        if kind == 0 { value = body.append(.unary(.tanh, value), type: .float32) }
        if kind == 1 {
            value = body.append(.binary(.less, product, bias), type: .bool)
            destination = Operand(slot: 4, dtype: .bool)
        }
        if kind == 2 { value = body.append(.binary(.add, value, old), type: .float32) }
        let step = ContractionStep(
            batch: 1, rows: rows, columns: columns, depth: depth,
            a: Matrix(
                operand: Operand(slot: 0, offset: 2, dtype: .float32), batchStride: 0, rowStride: depth, columnStride: 1
            ),
            b: Matrix(
                operand: Operand(slot: 1, offset: 2, dtype: .float32), batchStride: 0, rowStride: columns,
                columnStride: 1),
            epilogue: Epilogue(
                body: body, operands: [Operand(slot: 2, dtype: .float32), Operand(slot: 3, dtype: .float32)],
                value: value),
            destination: destination)
        let slots = [
            HostSlot(random.floats(rows * depth + 2)), HostSlot(random.floats(depth * columns + 2)),
            HostSlot(random.floats(columns)), HostSlot(random.floats(rows * columns)),
            HostSlot(bytes: [UInt8](repeating: 9, count: rows * columns)),
        ]
        let found = try CPUDevice(threads: 2).results(of: [.contraction(step)], slots: slots)
        let products = CPUProductTests.reference(step, slots[0].floats, slots[1].floats)
        let expected = products.enumerated().map { index, product in
            let bias = Double(slots[2].floats[index % columns])
            return switch kind {
            case 0: CPUStepReference.unary(.tanh, product + bias)
            case 1: product < bias ? 1.0 : 0.0
            default: product + bias + Double(slots[3].floats[index])
            }
        }
        let result = kind == 1 ? found[4].bytes.map { Float($0) } : found[3].floats
        expectClose(result, expected)
    }
}
