/// The look that all plots have in common.
enum PlotStyle {
    static let ink = Color(0x303840)
    static let grid = Color(0xE6E9ED)
    static let textSize = 10.0
    static let titleSize = 13.0
    /// Beyond this, differences could overflow.
    static let largestValue = 1e300

    /// - Throws: `DatasetError.invalidArgument` where an extent of a picture is too small or too large.
    static func require(_ name: String, _ pixels: Int, atLeast least: Int) throws {
        guard (least...8_192).contains(pixels) else {
            throw DatasetError.invalidArgument(
                name: "\(name) of a plot", expected: "\(least) to 8192 pixels", found: "\(pixels)")
        }
    }
}

extension Canvas {
    /// A line and a number at every tick of both axes. The numbers of the lower axis are `gap` pixels below the frame.
    mutating func drawGrid(_ frame: Frame, x xAxis: PlotAxis, y yAxis: PlotAxis, gap: Double) {
        for tick in yAxis.ticks {
            let y = frame.bottom - Int((yAxis.position(tick.value) * Double(frame.height)).rounded())
            fill(Frame(left: frame.left, top: y, right: frame.right, bottom: y + 1), color: PlotStyle.grid)
            write(
                tick.label, at: Point(x: Double(frame.left) - 10, y: Double(y) + PlotStyle.textSize / 2),
                size: PlotStyle.textSize, color: PlotStyle.ink, anchor: .end)
        }
        for tick in xAxis.ticks {
            let x = frame.left + Int((xAxis.position(tick.value) * Double(frame.width)).rounded())
            fill(Frame(left: x, top: frame.top, right: x + 1, bottom: frame.bottom), color: PlotStyle.grid)
            write(
                tick.label, at: Point(x: Double(x), y: Double(frame.bottom) + gap), size: PlotStyle.textSize,
                color: PlotStyle.ink, anchor: .middle)
        }
    }

    /// The title above the left end of a frame.
    mutating func drawTitle(_ title: String, _ frame: Frame) {
        write(
            title, at: Point(x: Double(frame.left), y: 36), size: PlotStyle.titleSize, color: PlotStyle.ink,
            isBold: true)
    }
}
