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
    private static let ink = Color(0x303840)
    private static let grid = Color(0xE6E9ED)
    private static let dotSize = 2.5
    private static let textSize = 10.0
    private static let titleSize = 13.0

    /// - Parameters:
    ///   - range: from a lower to a higher value, both at most 1e300 from zero.
    ///   - size: at least 300.
    /// - Throws: `DatasetError.invalidArgument` where one of them is out of its range.
    public init(title: String, series: [PlotSeries], range: ClosedRange<Double>, size: Int = 640) throws {
        guard (300...8_192).contains(size) else {
            throw DatasetError.invalidArgument(
                name: "size of a plot", expected: "300 to 8192 pixels", found: "\(size)")
        }
        guard range.lowerBound < range.upperBound, max(-range.lowerBound, range.upperBound) <= 1e300 else {
            throw DatasetError.invalidArgument(
                name: "range of a plot", expected: "a lower and a higher value up to 1e300", found: "\(range)")
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
        drawAxes(axis, on: &canvas, frame: frame)
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

    private func drawAxes(_ axis: PlotAxis, on canvas: inout Canvas, frame: Frame) {
        for tick in axis.ticks {
            let place = Int((axis.position(tick.value) * Double(frame.width)).rounded())
            let (x, y) = (frame.left + place, frame.bottom - place)
            canvas.fill(Frame(left: x, top: frame.top, right: x + 1, bottom: frame.bottom), color: Self.grid)
            canvas.fill(Frame(left: frame.left, top: y, right: frame.right, bottom: y + 1), color: Self.grid)
            canvas.write(
                tick.label, at: Point(x: Double(x), y: Double(frame.bottom) + 20), size: Self.textSize,
                color: Self.ink, anchor: .middle)
            canvas.write(
                tick.label, at: Point(x: Double(frame.left) - 10, y: Double(y) + Self.textSize / 2),
                size: Self.textSize, color: Self.ink, anchor: .end)
        }
    }

    /// The title, and at its right the names of the series, each behind a dot of its colour.
    private func drawHeading(on canvas: inout Canvas, frame: Frame) {
        canvas.write(
            title, at: Point(x: Double(frame.left), y: 36), size: Self.titleSize, color: Self.ink, isBold: true)
        var right = Double(frame.right)
        for (number, series) in series.enumerated().reversed() where !series.name.isEmpty {
            canvas.write(
                series.name, at: Point(x: right, y: 36), size: Self.textSize, color: Self.ink, anchor: .end)
            right -= Canvas.width(of: series.name, size: Self.textSize) + 12
            let dot = Point(x: right, y: 36 - Self.textSize / 2)
            canvas.draw([Stroke(dot, dot)], thickness: 8, color: Self.color(number))
            right -= 20
        }
    }
}
