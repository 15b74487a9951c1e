extension RasterScanStep {
    /// What is wrong with the scan itself, in words; nil where it can be run.
    package var problem: String? {
        if rows < 0 || columns < 0 || instances < 0 {
            return "a raster scan of \(rows) x \(columns) positions and \(instances) instances"
        }
        if period < 1 || rowPrograms.count != period || pixelPrograms.count != period * period {
            return "a raster scan of period \(period) with \(rowPrograms.count) row programs and "
                + "\(pixelPrograms.count) pixel programs"
        }
        let numbers = (rowPrograms + pixelPrograms).compactMap { $0 }
        if let number = numbers.first(where: { !programs.indices.contains($0) }) {
            return "a raster scan that names program \(number) of \(programs.count)"
        }
        for (number, slot) in slots.enumerated() {
            if slot.divisor < 1 || slot.ring < 1 || !(-slot.ring...0).contains(slot.rowShift) || slot.operand.slot < 0 {
                return "a raster scan whose slot \(number) has divisor \(slot.divisor), ring \(slot.ring), "
                    + "row shift \(slot.rowShift) and buffer \(slot.operand.slot)"
            }
        }
        for case .rasterScan in programs.joined() { return "a raster scan inside a raster scan" }
        return nil
    }

    /// For each program, the least and the greatest first element of every slot over the places where it runs; nil for
    /// a program that never does.
    package var bases: [[ClosedRange<Int>]?] {
        var bases = [[ClosedRange<Int>]?](repeating: nil, count: programs.count)
        if instances == 0 { return bases }
        forEachProgram { program, row, column in
            let places = slots.map { slot in
                let first = slot.offset(instance: 0, row: row, column: column)
                let last = slot.offset(instance: instances - 1, row: row, column: column)
                return min(first, last)...max(first, last)
            }
            bases[program] =
                bases[program].map { known in
                    zip(known, places).map { min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound) }
                } ?? places
        }
        return bases
    }
}
