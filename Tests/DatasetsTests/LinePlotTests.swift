import Datasets
import Testing

struct LinePlotTests {
    private let blue: [UInt8] = [0x00, 0x72, 0xB2]

    private func plot(
        _ points: [(Double, Double)], title: String = "", hasLogarithmicX: Bool = false,
        yRange: ClosedRange<Double>? = nil
    ) throws -> PNGImage {
        try LinePlot(
            title: title, xLabel: "", yLabel: "", series: [PlotSeries(name: "", points: points.map { ($0.0, $0.1) })],
            hasLogarithmicX: hasLogarithmicX, yRange: yRange, width: 300, height: 200
        ).render()
    }

    /// The pixels of the first line's colour: their rows and columns.
    private func bluePixels(_ picture: PNGImage) -> [(row: Int, column: Int)] {
        (0..<picture.shape.height * picture.shape.width)
            .filter { Array(picture.pixels[$0 * 3..<$0 * 3 + 3]) == blue }
            .map { $0.quotientAndRemainder(dividingBy: picture.shape.width) }.map {
                (row: $0.quotient, column: $0.remainder)
            }
    }

    @Test func roundNumbers() {
        let axis = PlotAxis(covering: 0.13...2.9, isLogarithmic: false, count: 6, widens: true)
        #expect(axis.ticks.map(\.label) == ["0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0"])
        #expect(axis.range == 0...3)
        let steps = PlotAxis(covering: 1...2_000, isLogarithmic: false, count: 4, widens: false)
        #expect(steps.ticks.map(\.label) == ["500", "1000", "1500", "2000"])
        #expect(steps.position(1) == 0)
        #expect(steps.position(2_000) == 1)
        let negative = PlotAxis(covering: -0.021 ... -0.0190, isLogarithmic: false, count: 2, widens: true)
        #expect(negative.ticks.map(\.label) == ["-0.021", "-0.020", "-0.019"])
        let tiny = PlotAxis(covering: 1e-7...3e-7, isLogarithmic: false, count: 2, widens: true)
        #expect(tiny.ticks.map(\.label) == ["1e-7", "2e-7", "3e-7"])
        let large = PlotAxis(covering: 0...2e7, isLogarithmic: false, count: 2, widens: true)
        #expect(large.ticks.map(\.label) == ["0", "1e7", "2e7"])
    }

    @Test func powers() {
        let axis = PlotAxis(covering: 1...10_000, isLogarithmic: true, count: 5, widens: false)
        #expect(axis.ticks.map(\.label) == ["1", "10", "100", "1000", "10000"])
        #expect(abs(axis.position(100) - 0.5) < 1e-12)
        let short = PlotAxis(covering: 0.1...1, isLogarithmic: true, count: 5, widens: false)
        #expect(short.ticks.map(\.label) == ["0.1", "0.2", "0.5", "1"])
    }

    @Test func aLevelLineIsLevelAndARisingOneRises() throws {
        let level = try bluePixels(plot([(0, 1), (1, 1)], yRange: 0...2))
        #expect(Set(level.map(\.row)).count <= 3)
        #expect(level.count > 180)
        let rising = try bluePixels(plot([(0, 0), (1, 2)], yRange: 0...2))
        let left = rising.filter { $0.column < 120 }.map(\.row).max() ?? 0
        let right = rising.filter { $0.column > 220 }.map(\.row).min() ?? .max
        #expect(left > right + 50)
    }

    @Test func valuesThatAreNoNumbersInterrupt() throws {
        let whole = try bluePixels(plot([(0, 1), (1, 1), (2, 1), (3, 1)], yRange: 0...2))
        for gap in [Double.nan, .infinity, -.infinity, 1.7e308] {
            let broken = try bluePixels(plot([(0, 1), (1, gap), (2, 1), (3, 1)], yRange: 0...2))
            #expect(broken.count < whole.count)
            #expect(broken.count > whole.count / 4)
        }
        // Alone between gaps, and still to be seen.
        #expect(try bluePixels(plot([(0, .nan), (1, 1), (2, .nan)], yRange: 0...2)).count > 5)
    }

    @Test func oddDataDrawSomething() throws {
        let lines: [[(Double, Double)]] = [
            [], [(0, 0)], [(.nan, .nan)], [(-5, 1), (0, 2)], [(1, 1e299), (2, -1e299)],
            [(1, .leastNonzeroMagnitude), (2, .leastNormalMagnitude)],
            [(1, 1e15), (2, 1e15 + 1)], [(1e-300, 1), (1e300, 2)],
        ]
        for points in lines {
            for logarithmic in [false, true] {
                let picture = try plot(points, title: "t", hasLogarithmicX: logarithmic)
                #expect(picture.pixels.contains { $0 < 128 })
            }
        }
    }

    @Test func everyCharacterLooksDifferent() throws {
        let pictures = try (32..<127).map { code in
            try plot([], title: "x" + String(UnicodeScalar(UInt8(code))) + "x").pixels
        }
        // All but zero and the capital O, which are one shape.
        #expect(Set(pictures).count == 94)
        #expect(pictures[Int(UInt8(ascii: "0")) - 32] == pictures[Int(UInt8(ascii: "O")) - 32])
        // What has no letter is a question mark.
        #expect(try plot([], title: "x\u{e9}x").pixels == pictures[Int(UInt8(ascii: "?")) - 32])
    }

    @Test func argumentsOutOfRange() {
        #expect(throws: DatasetError.self) {
            try LinePlot(title: "", xLabel: "", yLabel: "", series: [], width: 299)
        }
        #expect(throws: DatasetError.self) {
            try LinePlot(title: "", xLabel: "", yLabel: "", series: [], height: 1 << 40)
        }
        #expect(throws: DatasetError.self) {
            try LinePlot(title: "", xLabel: "", yLabel: "", series: [], yRange: 0...(.infinity))
        }
    }
}
