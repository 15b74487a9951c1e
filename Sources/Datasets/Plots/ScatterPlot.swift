/// A picture of points in the plane, one colour a series, with both axes to one scale.
public struct ScatterPlot: Sendable {
    public let title: String
    /// The first lies at the bottom. Points that are not finite, or beyond the range, are left out.
    public let series: [PlotSeries]
    /// The values that both axes show.
    public let range: ClosedRange<Double>
    /// Pixels, in height and width.
    public let size: Int

    private static let colors: [Color] = [
        // Of the palette of Okabe and Ito 2008: orange, blue, green, vermilion.
        0xE69F00, 0x0072B2, 0x009E73, 0xD55E00,
    ].map { Color($0) }
    private static let dotSize = 2.5

    /// - Parameters:
    ///   - range: from a lower to a higher value, both at most 1e300 from zero.
    ///   - size: at least 300.
    /// - Throws: `DatasetError.invalidArgument` where one of them is out of its range.
    public init(title: String, series: [PlotSeries], range: ClosedRange<Double>, size: Int = 640) throws {
        try PlotStyle.require("size", size, atLeast: 300)
        guard range.lowerBound < range.upperBound, max(-range.lowerBound, range.upperBound) <= PlotStyle.largestValue
        else {
            throw DatasetError.invalidArgument(
                name: "range of a plot", expected: "a lower and a higher value up to \(PlotStyle.largestValue)",
                found: "\(range)")
        }
        self.title = title
        self.series = series
        self.range = range
        self.size = size
    }

    /// Writes the picture as the PNG file `path`, whole or not at all.
    ///
    /// - Throws: `DatasetError.cannotWrite`.
    public func write(to path: String) throws {
        try render().write(to: path)
    }

    /// The picture.
    public func render() throws -> PNGImage {
        let axis = PlotAxis(covering: range, isLogarithmic: false, count: 6, widens: false)
        let side = size - 88
        let frame = Frame(left: 58, top: 58, right: 58 + side, bottom: 58 + side)
        var canvas = Canvas(width: size, height: size)
        canvas.drawGrid(frame, x: axis, y: axis, gap: 20)
        for (number, series) in series.enumerated() {
            let dots = series.points.filter { range.contains($0.x) && range.contains($0.y) }.map { value in
                let point = Point(
                    x: Double(frame.left) + axis.position(value.x) * Double(side),
                    y: Double(frame.bottom) - axis.position(value.y) * Double(side))
                return Stroke(point, point)
            }
            canvas.draw(dots, thickness: Self.dotSize, color: Self.color(number), within: frame)
        }
        drawHeading(on: &canvas, frame: frame)
        return try canvas.image()
    }

    private static func color(_ number: Int) -> Color { colors[number % colors.count] }

    /// The title, and at its right the names of the series, each behind a dot of its colour.
    private func drawHeading(on canvas: inout Canvas, frame: Frame) {
        canvas.drawTitle(title, frame)
        var right = Double(frame.right)
        for (number, series) in series.enumerated().reversed() where !series.name.isEmpty {
            canvas.write(
                series.name, at: Point(x: right, y: 36), size: PlotStyle.textSize, color: PlotStyle.ink, anchor: .end)
            right -= Canvas.width(of: series.name, size: PlotStyle.textSize) + 12
            let dot = Point(x: right, y: 36 - PlotStyle.textSize / 2)
            canvas.draw([Stroke(dot, dot)], thickness: 8, color: Self.color(number))
            right -= 20
        }
    }
}
