/// A place in a picture, in pixels from the upper left corner.
struct Point {
    var x: Double
    var y: Double
}

/// A straight line with round ends, the width of which the canvas gives.
struct Stroke {
    var start: Point
    var end: Point

    init(_ start: Point, _ end: Point) {
        self.start = start
        self.end = end
    }

    /// Whether it has no length.
    var isDot: Bool { start.x == end.x && start.y == end.y }

    func moved(_ x: Double, _ y: Double) -> Stroke {
        Stroke(Point(x: start.x + x, y: start.y + y), Point(x: end.x + x, y: end.y + y))
    }

    func map(_ transform: (Point) -> Point) -> Stroke {
        Stroke(transform(start), transform(end))
    }

    /// The distance from the middle of a pixel to the line.
    func distance(to point: Point) -> Double {
        let across = end.x - start.x
        let down = end.y - start.y
        let lengthSquared = across * across + down * down
        let along = lengthSquared > 0 ? ((point.x - start.x) * across + (point.y - start.y) * down) / lengthSquared : 0
        let nearest = min(max(along, 0), 1)
        let x = point.x - start.x - nearest * across
        let y = point.y - start.y - nearest * down
        return (x * x + y * y).squareRoot()
    }

    /// Whether the line passes through a rectangle (Liang and Barsky 1984: the part of the line within the four sides).
    func touches(_ frame: Frame) -> Bool {
        var first = 0.0
        var last = 1.0
        let sides = [
            (start.x - end.x, start.x - Double(frame.left)), (end.x - start.x, Double(frame.right) - start.x),
            (start.y - end.y, start.y - Double(frame.top)), (end.y - start.y, Double(frame.bottom) - start.y),
        ]
        for (slope, room) in sides {
            if slope == 0 {
                if room < 0 { return false }
            } else if slope < 0 {
                first = max(first, room / slope)
            } else {
                last = min(last, room / slope)
            }
        }
        return first <= last
    }
}

/// A colour, each part 0 to 255.
struct Color {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    /// From 0xRRGGBB.
    init(_ code: UInt32) {
        red = UInt8(code >> 16 & 0xFF)
        green = UInt8(code >> 8 & 0xFF)
        blue = UInt8(code & 0xFF)
    }
}

/// A rectangle of pixels: x from `left` up to `right`, y from `top` down to `bottom`.
struct Frame {
    var left: Int
    var top: Int
    var right: Int
    var bottom: Int

    var width: Int { right - left }
    var height: Int { bottom - top }
}
