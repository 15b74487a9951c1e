import Foundation
import Layers
import Tensors
import TestSupport

/// The recurrences of images by their equations, position by position in double precision.
struct PlainRecurrence {
    let rows: Int
    let width: Int
    let hidden: Int
    /// What comes from the inputs, [rows, width, 4 hidden] in the order i, f, g, o.
    let gates: [Double]

    private func index(_ row: Int, _ column: Int) -> Int { (row * width + column) * hidden }

    /// One cell, with what its state-to-state product adds to the gates.
    private func step(_ row: Int, _ column: Int, adding product: [Double], cell: ArraySlice<Double>)
        -> (hidden: [Double], cell: [Double])
    {
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        let own = (0..<4 * hidden).map { gates[4 * index(row, column) + $0] + product[$0] }
        var (h, c) = ([Double](), [Double]())
        for (unit, before) in cell.enumerated() {
            let next = sigmoid(own[hidden + unit]) * before + sigmoid(own[unit]) * tanh(own[2 * hidden + unit])
            c.append(next)
            h.append(sigmoid(own[3 * hidden + unit]) * tanh(next))
        }
        return (h, c)
    }

    /// Cells in raster order.
    /// - Parameters:
    ///   - weight: [neighbours, hidden, 4 hidden].
    ///   - neighbours: where the state-to-state product looks, by rows and columns from the cell.
    ///   - past: where the cell comes from.
    /// - Returns: outputs and cells, [rows, width, hidden].
    func run(
        _ weight: [Double], neighbours: [(row: Int, column: Int)], past: (row: Int, column: Int)
    ) -> (outputs: [Double], cells: [Double]) {
        var outputs = [Double](repeating: 0, count: rows * width * hidden)
        var cells = outputs
        func value(_ of: [Double], _ row: Int, _ column: Int) -> ArraySlice<Double> {
            guard (0..<rows) ~= row, (0..<width) ~= column else { return [Double](repeating: 0, count: hidden)[...] }
            return of[index(row, column)..<index(row, column) + hidden]
        }
        for row in 0..<rows {
            for column in 0..<width {
                var product = [Double](repeating: 0, count: 4 * hidden)
                for (tap, place) in neighbours.enumerated() {
                    for (unit, state) in value(outputs, row + place.row, column + place.column).enumerated() {
                        for gate in product.indices {
                            product[gate] += state * weight[(tap * hidden + unit) * 4 * hidden + gate]
                        }
                    }
                }
                let next = step(
                    row, column, adding: product, cell: value(cells, row + past.row, column + past.column))
                outputs.replaceSubrange(index(row, column)..<index(row, column) + hidden, with: next.hidden)
                cells.replaceSubrange(index(row, column)..<index(row, column) + hidden, with: next.cell)
            }
        }
        return (outputs, cells)
    }
}
