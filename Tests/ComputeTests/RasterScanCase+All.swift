import Compute

extension RasterScanCase {
    typealias Slot = RasterScanStep.Slot

    static let all = cases(isSmall: false)

    /// - Parameter isSmall: whether sums are shorter, for a simulator.
    static func cases(isSmall: Bool) -> [RasterScanCase] {
        (1...4).map(ring) + [
            pyramid, instances, alignment(4, 32), alignment(3, 32), alignment(4, 33), corner,
            counter(rows: 3, columns: 5), reductions(long: isSmall ? 1025 : 1 << 16 | 1), products(isSmall: isSmall),
            convolutions, indexed, random,
        ]
    }

    static func floats(_ slot: Int, _ offset: Int = 0) -> Operand {
        Operand(slot: slot, offset: offset, dtype: .float32)
    }

    static func ints(_ slot: Int, _ offset: Int = 0) -> Operand {
        Operand(slot: slot, offset: offset, dtype: .int32)
    }

    static func scan(
        _ rows: Int, _ columns: Int, instances: Int = 1, _ slots: [Slot], _ programs: [[Step]], period: Int = 1,
        rowPrograms: [Int?] = [nil], pixelPrograms: [Int?] = [0]
    ) -> RasterScanStep {
        RasterScanStep(
            rows: rows, columns: columns, instances: instances, slots: slots, programs: programs, period: period,
            rowPrograms: rowPrograms, pixelPrograms: pixelPrograms, isReplayed: true)
    }
}
