import Compute
import ComputeCPU
import Testing

/// Gathers and scattered sums of the CPU device.
@Suite struct CPUIndexingTests {
    @Test("Rows of a table, of every type, zeros for an index outside", arguments: DType.allCases)
    func gather(type: DType) throws {
        let indices: [Int32] = [4, 0, -1, 5, 2, 2, .max, .min]
        let width = 3 * type.size
        let table = (0..<5 * width).map { UInt8($0 + 1) }
        let step = GatherStep(
            table: Operand(slot: 0, dtype: type), rows: 5, width: 3,
            indices: Operand(slot: 1, offset: 1, dtype: .int32),
            count: indices.count, destination: Operand(slot: 2, dtype: type))
        let found = try CPUDevice(threads: 2).results(
            of: [.gather(step)],
            slots: [
                HostSlot(bytes: table), HostSlot([7] + indices),
                HostSlot(bytes: [UInt8](repeating: 99, count: indices.count * width)),
            ])
        let expected = indices.flatMap { index in
            (0..<5).contains(index)
                ? Array(table[Int(index) * width..<(Int(index) + 1) * width]) : [UInt8](repeating: 0, count: width)
        }
        #expect(found[2].bytes == expected)
    }

    @Test("Scattered sums are added in ascending order, whatever the threads", arguments: [(6, 3), (700, 150)])
    func scatterAdd(rows: Int, width: Int) throws {
        var random = TestRandom(2)
        let count = rows * 3
        let indices = (0..<count).map { _ in Int32.random(in: -2...Int32(rows), using: &random) }
        let source = random.floats(count * width)
        let step = ScatterAddStep(
            source: Operand(slot: 0, dtype: .float32), indices: Operand(slot: 1, dtype: .int32), count: count,
            rows: rows, width: width, destination: Operand(slot: 2, dtype: .float32))
        var expected = [Float](repeating: 0, count: rows * width)
        for (i, index) in indices.enumerated() where (0..<rows).contains(Int(index)) {
            for column in 0..<width { expected[Int(index) * width + column] += source[i * width + column] }
        }
        for threads in [1, 2, 5] {
            let found = try CPUDevice(threads: threads).results(
                of: [.scatterAdd(step)], slots: [HostSlot(source), HostSlot(indices), HostSlot(room: rows * width)])
            #expect(found[2].floats == expected)
        }
    }
}
