/// A line of a plot.
public struct PlotSeries: Sendable {
    /// What the legend calls it.
    public let name: String
    /// The points in the order in which the line joins them; a value that is not finite, or is beyond 1e300,
    /// interrupts the line.
    public let points: [(x: Double, y: Double)]

    public init(name: String, points: [(x: Double, y: Double)]) {
        self.name = name
        self.points = points
    }

    /// Values over 1, 2, 3, ...
    public init(name: String, values: [Double]) {
        self.init(name: name, points: values.enumerated().map { (Double($0.offset + 1), $0.element) })
    }
}

/// A picture of one or more lines over a common axis, such as losses over steps.
public struct LinePlot: Sendable {
    public let title: String
    public let xLabel: String
    public let yLabel: String
    public let series: [PlotSeries]
    /// Whether x is logarithmic; points with x of 0 or less are then left out.
    public let hasLogarithmicX: Bool
    /// The values that the upright axis shows; nil shows all.
    public let yRange: ClosedRange<Double>?
    /// Pixels.
    public let width: Int
    public let height: Int

    private static let colors: [Color] = [
        // The palette of Okabe and Ito 2008, which also colour-blind readers can tell apart.
        0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000,
    ].map { Color($0) }
    private static let axisLine = Color(0x8A939C)
    private static let paper = Color(0xFFFFFF)

    /// - Parameters:
    ///   - width, height: of the picture in pixels, at least 300 and 200.
    /// - Throws: `DatasetError.invalidArgument` where the size is out of its range.
    public init(
        title: String, xLabel: String, yLabel: String, series: [PlotSeries], hasLogarithmicX: Bool = false,
        yRange: ClosedRange<Double>? = nil, width: Int = 900, height: Int = 540
    ) throws {
        try PlotStyle.require("width", width, atLeast: 300)
        try PlotStyle.require("height", height, atLeast: 200)
        if let yRange, max(abs(yRange.lowerBound), abs(yRange.upperBound)) > PlotStyle.largestValue {
            throw DatasetError.invalidArgument(
                name: "yRange of a plot", expected: "values up to \(PlotStyle.largestValue)", found: "\(yRange)")
        }
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
        self.hasLogarithmicX = hasLogarithmicX
        self.yRange = yRange
        self.width = width
        self.height = height
    }

    /// Writes the picture as the PNG file `path`, whole or not at all.
    ///
    /// - Throws: `DatasetError.cannotWrite`.
    public func write(to path: String) throws {
        try render().write(to: path)
    }

    /// The picture.
    public func render() throws -> PNGImage {
        let shown = series.flatMap(\.points).filter(isDrawable)
        let xAxis = PlotAxis(
            covering: Self.extent(shown.map(\.x), otherwise: hasLogarithmicX ? 1...10 : 0...1),
            isLogarithmic: hasLogarithmicX, count: max(2, width / 130), widens: false)
        let yAxis = PlotAxis(
            covering: yRange ?? Self.extent(shown.map(\.y), otherwise: 0...1), isLogarithmic: false,
            count: max(2, height / 80), widens: yRange == nil)

        let widestLabel = yAxis.ticks.map { Canvas.width(of: $0.label, size: PlotStyle.textSize) }.max() ?? 0
        let frame = Frame(
            left: 54 + Int(widestLabel), top: title.isEmpty ? 24 : 58, right: width - 30, bottom: height - 66)
        var canvas = Canvas(width: width, height: height)
        drawAxes(on: &canvas, frame: frame, xAxis: xAxis, yAxis: yAxis)
        let lines = series.map { strokes($0, frame: frame, xAxis: xAxis, yAxis: yAxis) }
        for (number, strokes) in lines.enumerated() {
            let color = Self.color(number)
            canvas.draw(strokes, thickness: 2, color: color, within: frame)
            // Points with a gap on both sides would hardly show as lines.
            let followers = strokes.dropFirst().map(\.isDot) + [true]
            let lone = zip(strokes, followers).filter { $0.isDot && $1 }.map(\.0)
            canvas.draw(lone, thickness: 6, color: color, within: frame)
        }
        drawLegend(on: &canvas, frame: frame, avoiding: lines.flatMap { $0 })
        return try canvas.image()
    }

    private static func color(_ number: Int) -> Color { colors[number % colors.count] }

    private func isDrawable(_ point: (x: Double, y: Double)) -> Bool {
        let largest = PlotStyle.largestValue
        return abs(point.x) <= largest && abs(point.y) <= largest && (!hasLogarithmicX || point.x > 0)
    }

    private static func extent(_ values: [Double], otherwise: ClosedRange<Double>) -> ClosedRange<Double> {
        guard let low = values.min(), let high = values.max() else { return otherwise }
        return low...high
    }

    /// The line as strokes in pixels: a dot where it starts or starts again, then a stroke to each further point.
    private func strokes(_ line: PlotSeries, frame: Frame, xAxis: PlotAxis, yAxis: PlotAxis) -> [Stroke] {
        var strokes: [Stroke] = []
        var previous: Point?
        for value in line.points {
            guard isDrawable(value) else {
                previous = nil
                continue
            }
            let point = Point(
                x: Double(frame.left) + xAxis.position(value.x) * Double(frame.width),
                y: Double(frame.bottom) - yAxis.position(value.y) * Double(frame.height))
            strokes.append(Stroke(previous ?? point, point))
            previous = point
        }
        return strokes
    }

    private func drawAxes(on canvas: inout Canvas, frame: Frame, xAxis: PlotAxis, yAxis: PlotAxis) {
        let middle = Point(
            x: Double(frame.left + frame.right) / 2, y: Double(frame.top + frame.bottom) / 2)
        canvas.drawGrid(frame, x: xAxis, y: yAxis, gap: 22)
        for tick in xAxis.ticks {
            let x = frame.left + Int((xAxis.position(tick.value) * Double(frame.width)).rounded())
            canvas.fill(Frame(left: x, top: frame.bottom, right: x + 1, bottom: frame.bottom + 5), color: Self.axisLine)
        }
        canvas.fill(
            Frame(left: frame.left, top: frame.bottom, right: frame.right, bottom: frame.bottom + 1),
            color: Self.axisLine)
        canvas.fill(
            Frame(left: frame.left, top: frame.top, right: frame.left + 1, bottom: frame.bottom + 1),
            color: Self.axisLine)
        canvas.drawTitle(title, frame)
        canvas.write(
            xLabel, at: Point(x: middle.x, y: Double(height) - 18), size: PlotStyle.textSize, color: PlotStyle.ink,
            anchor: .middle)
        canvas.write(
            yLabel, at: Point(x: 26, y: middle.y), size: PlotStyle.textSize, color: PlotStyle.ink, anchor: .middle,
            isUpward: true)
    }

    /// The names of the lines, in the corner where they hide least.
    private func drawLegend(on canvas: inout Canvas, frame: Frame, avoiding strokes: [Stroke]) {
        let named = series.enumerated().filter { !$0.element.name.isEmpty }
        guard !named.isEmpty else { return }
        let rowHeight = 22
        let margin = 8
        let textWidth = named.map { Canvas.width(of: $0.element.name, size: PlotStyle.textSize) }.max() ?? 0
        let boxWidth = Int(textWidth) + 56
        let boxHeight = named.count * rowHeight + 8
        let right = frame.right - margin - boxWidth
        let bottom = frame.bottom - margin - boxHeight
        let corners = [
            (right, frame.top + margin), (frame.left + margin, frame.top + margin), (right, bottom),
            (frame.left + margin, bottom),
        ]
        let boxes = corners.map { Frame(left: $0.0, top: $0.1, right: $0.0 + boxWidth, bottom: $0.1 + boxHeight) }
        let hidden = boxes.map { box in strokes.count { $0.touches(box) } }
        let box = zip(boxes, hidden).min { $0.1 < $1.1 }?.0 ?? boxes[0]

        canvas.fill(box, color: Self.paper, opacity: 0.85)
        for (row, line) in named.enumerated() {
            let y = Double(box.top + 4 + row * rowHeight) + Double(rowHeight) / 2
            let left = Double(box.left) + 10
            canvas.draw(
                [Stroke(Point(x: left, y: y), Point(x: left + 22, y: y))], thickness: 3,
                color: Self.color(line.offset))
            canvas.write(
                line.element.name, at: Point(x: left + 34, y: y + PlotStyle.textSize / 2), size: PlotStyle.textSize,
                color: PlotStyle.ink)
        }
    }
}
