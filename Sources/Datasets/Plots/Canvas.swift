/// An RGB picture to draw on, with smooth edges.
struct Canvas {
    enum Anchor: Double {
        case start = 0
        case middle = 0.5
        case end = 1
    }

    let width: Int
    let height: Int
    private var pixels: [UInt8]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 255, count: width * height * 3)
    }

    func image() throws -> PNGImage {
        try PNGImage(shape: ImageShape(height: height, width: width, channels: 3), pixels: pixels)
    }

    /// Draws strokes as one shape: where they overlap or meet, the colour is laid on once.
    mutating func draw(_ strokes: [Stroke], thickness: Double, color: Color, within clip: Frame? = nil) {
        let clip = clip ?? Frame(left: 0, top: 0, right: width, bottom: height)
        let reach = thickness / 2 + 0.5
        var coverage = [Float](repeating: 0, count: clip.width * clip.height)
        for stroke in strokes {
            let columns = span(stroke.start.x, stroke.end.x, reach, clip.left, clip.right)
            for y in span(stroke.start.y, stroke.end.y, reach, clip.top, clip.bottom) {
                for x in columns {
                    let distance = stroke.distance(to: Point(x: Double(x) + 0.5, y: Double(y) + 0.5))
                    let place = (y - clip.top) * clip.width + x - clip.left
                    coverage[place] = max(coverage[place], Float(min(max(reach - distance, 0), 1)))
                }
            }
        }
        for y in 0..<clip.height {
            for x in 0..<clip.width {
                let share = coverage[y * clip.width + x]
                if share > 0 { blend(x + clip.left, y + clip.top, color, share) }
            }
        }
    }

    /// Fills a rectangle; `opacity` 1 covers what was there.
    mutating func fill(_ frame: Frame, color: Color, opacity: Float = 1) {
        let columns = max(0, frame.left)..<max(0, frame.left, min(width, frame.right))
        for y in max(0, frame.top)..<max(0, frame.top, min(height, frame.bottom)) {
            for x in columns { blend(x, y, color, opacity) }
        }
    }

    /// Writes a text with its anchor at `point`, on the line there; `isUpward` turns it a quarter to the left.
    ///
    /// - Parameter size: the height of a capital in pixels.
    mutating func write(
        _ text: String, at point: Point, size: Double, color: Color, anchor: Anchor = .start, isUpward: Bool = false,
        isBold: Bool = false
    ) {
        let scale = size / DotFont.capHeight
        let (strokes, dots) = DotFont.strokes(text)
        let shift = anchor.rawValue * dots
        let placed = strokes.map { stroke in
            stroke.map { dot in
                let along = (dot.x - shift) * scale
                let across = dot.y * scale
                return isUpward
                    ? Point(x: point.x + across, y: point.y - along) : Point(x: point.x + along, y: point.y + across)
            }
        }
        draw(placed, thickness: scale * (isBold ? 1.15 : 0.8), color: color)
    }

    /// The width of a text in pixels.
    static func width(of text: String, size: Double) -> Double {
        DotFont.strokes(text).width * size / DotFont.capHeight
    }

    /// The pixels between two coordinates and `reach` beyond them, within limits.
    private func span(_ first: Double, _ second: Double, _ reach: Double, _ low: Int, _ high: Int) -> Range<Int> {
        let start = max(Double(low), (min(first, second) - reach).rounded(.down))
        let end = min(Double(high), (max(first, second) + reach).rounded(.up))
        return start < end ? Int(start)..<Int(end) : low..<low
    }

    private mutating func blend(_ x: Int, _ y: Int, _ color: Color, _ share: Float) {
        let place = (y * width + x) * 3
        for (offset, part) in [color.red, color.green, color.blue].enumerated() {
            let below = Float(pixels[place + offset])
            pixels[place + offset] = UInt8((below + (Float(part) - below) * share).rounded())
        }
    }
}
