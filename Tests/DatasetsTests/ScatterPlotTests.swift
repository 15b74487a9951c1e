import Datasets
import Testing

struct ScatterPlotTests {
    private let blue: [UInt8] = [0x00, 0x72, 0xB2]

    /// The places of the second series' colour, one for each pixel.
    private func bluePixels(_ points: [(Double, Double)], range: ClosedRange<Double> = -1...1) throws -> [(
        row: Int, column: Int
    )] {
        let picture = try ScatterPlot(
            title: "",
            series: [PlotSeries(name: "", points: []), PlotSeries(name: "", points: points.map { ($0.0, $0.1) })],
            range: range, size: 300
        ).render()
        return (0..<300 * 300).filter { Array(picture.pixels[$0 * 3..<$0 * 3 + 3]) == blue }
            .map { (row: $0 / 300, column: $0 % 300) }
    }

    @Test func pointsLieWhereTheyBelong() throws {
        func place(_ x: Double, _ y: Double) throws -> (row: Int, column: Int) {
            try #require(try bluePixels([(x, y)]).first)
        }
        let middle = try place(0, 0)
        let (right, up, corner) = (try place(0.5, 0), try place(0, 0.5), try place(-0.5, -0.5))
        // To the right and up, by one scale.
        #expect(right.row == middle.row && up.column == middle.column)
        #expect(right.column - middle.column == middle.row - up.row)
        #expect(right.column > middle.column + 40)
        #expect(corner.column == middle.column - (right.column - middle.column))
        #expect(corner.row == middle.row + (middle.row - up.row))
    }

    @Test func pointsBeyondTheRangeAreLeftOut() throws {
        let strange: [(Double, Double)] = [
            (1.5, 0), (0, -1.01), (.nan, 0), (0, .infinity), (-.infinity, .nan), (1e300, 1e300),
        ]
        #expect(try bluePixels(strange).isEmpty)
        #expect(try !bluePixels(strange, range: -2...2).isEmpty)
    }

    @Test func theNamesOfSeriesShowTheirColours() throws {
        let plot = try ScatterPlot(
            title: "t", series: ["data", "generated"].map { PlotSeries(name: $0, points: []) }, range: 0...1)
        let pixels = try plot.render().pixels
        for color in [[0xE6, 0x9F, 0x00], blue] {
            #expect(stride(from: 0, to: pixels.count, by: 3).contains { Array(pixels[$0..<$0 + 3]) == color })
        }
    }

    @Test func argumentsOutOfRange() {
        for size in [299, 8_193] {
            #expect(throws: DatasetError.self) { try ScatterPlot(title: "", series: [], range: 0...1, size: size) }
        }
        for range in [1...1.0, 0...Double.infinity, -1e301...0] {
            #expect(throws: DatasetError.self) { try ScatterPlot(title: "", series: [], range: range) }
        }
    }
}
