/// The letters of the plots: the printable ASCII characters on 5x9 dots, seven above the line and two below.
///
/// A letter is drawn by joining its neighbouring dots with round strokes, so that it looks smooth at every size.
enum DotFont {
    /// The dots between the top of a capital and the line.
    static let capHeight = 6.0
    private static let firstCharacter: UInt8 = 32
    private static let columns = 5
    private static let rows = 9
    private static let glyphsInBand = 16
    private static let spaceWidth = 2.0
    private static let gap = 2.0

    /// The strokes of a letter, in dots from its left edge and from the line (y downward), and its width.
    private struct Glyph {
        var strokes: [Stroke] = []
        var width = DotFont.spaceWidth
    }

    private static let glyphs: [Glyph] = makeGlyphs()

    /// The strokes of a text whose first letter starts at x = 0 on the line y = 0, in dots.
    static func strokes(_ text: String) -> (strokes: [Stroke], width: Double) {
        var strokes: [Stroke] = []
        var x = 0.0
        for glyph in glyphs(of: text) {
            strokes += glyph.strokes.map { $0.moved(x, 0) }
            x += glyph.width + gap
        }
        return (strokes, max(0, x - gap))
    }

    /// Characters without a letter here are drawn as question marks.
    private static func glyphs(of text: String) -> [Glyph] {
        text.map { character in
            let code = character.asciiValue ?? UInt8(ascii: "?")
            let place = Int(code) - Int(firstCharacter)
            return glyphs.indices.contains(place) ? glyphs[place] : glyphs[Int(UInt8(ascii: "?") - firstCharacter)]
        }
    }

    private static func makeGlyphs() -> [Glyph] {
        let lines = sheet.split(separator: "\n").map { Array($0.utf8) }
        return stride(from: 0, to: lines.count, by: rows).flatMap { band in
            (0..<glyphsInBand).compactMap { number in
                let left = number * (columns + 1)
                guard left < lines[band].count else { return nil }
                return glyph(
                    lines[band..<band + rows].map { $0[left..<left + columns].map { $0 == UInt8(ascii: "#") } })
            }
        }
    }

    /// Joins dots to their right, lower and diagonal neighbours; a diagonal only where no straight way leads there.
    private static func glyph(_ dots: [[Bool]]) -> Glyph {
        let used = (0..<columns).filter { column in dots.contains { $0[column] } }
        guard let left = used.first, let right = used.last else { return Glyph() }
        func isSet(_ row: Int, _ column: Int) -> Bool {
            dots.indices.contains(row) && dots[row].indices.contains(column) && dots[row][column]
        }
        func point(_ row: Int, _ column: Int) -> Point {
            Point(x: Double(column - left), y: Double(row) - capHeight)
        }
        var glyph = Glyph(width: Double(right - left))
        for row in 0..<rows {
            for column in 0..<columns where isSet(row, column) {
                // The dot itself, for those that stand alone.
                glyph.strokes.append(Stroke(point(row, column), point(row, column)))
                for (down, across) in [(0, 1), (1, 0), (1, 1), (1, -1)] where isSet(row + down, column + across) {
                    let isDiagonal = down != 0 && across != 0
                    if isDiagonal, isSet(row + down, column) || isSet(row, column + across) { continue }
                    glyph.strokes.append(Stroke(point(row, column), point(row + down, column + across)))
                }
            }
        }
        return glyph
    }

    /// Sixteen letters side by side, in the order of their codes from 32 (space) on; a band is nine lines.
    private static let sheet = """
        ..... ..#.. .#.#. .#.#. ..#.. ##... .##.. ..#.. ...#. .#... ..... ..... ..... ..... ..... ....#
        ..... ..#.. .#.#. .#.#. .#### ##..# #..#. ..#.. ..#.. ..#.. ..#.. ..#.. ..... ..... ..... ....#
        ..... ..#.. ..... ##### #.#.. ...#. #.#.. ..... .#... ...#. #.#.# ..#.. ..... ..... ..... ...#.
        ..... ..#.. ..... .#.#. .###. ..#.. .#... ..... .#... ...#. .###. ##### ..... .###. ..... ..#..
        ..... ..#.. ..... ##### ..#.# .#... #.#.# ..... .#... ...#. #.#.# ..#.. ..... ..... ..... .#...
        ..... ..... ..... .#.#. ####. #..## #..#. ..... ..#.. ..#.. ..#.. ..#.. ..... ..... ..... #....
        ..... ..#.. ..... .#.#. ..#.. ...## .##.# ..... ...#. .#... ..... ..... ..#.. ..... ..#.. #....
        ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..#.. ..... ..... .....
        ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... .....
        .###. ..#.. .###. .###. ...#. ##### ..##. ##### .###. .###. ..... ..... ....# ..... #.... .###.
        #...# .##.. #...# #...# ..##. #.... .#... ....# #...# #...# ..... ..... ...#. ..... .#... #...#
        #...# ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...# ..#.. ..#.. ..#.. ##### ..#.. ....#
        #...# ..#.. ...#. ..##. #..#. ....# ####. ...#. .###. .#### ..... ..... .#... ..... ...#. ...#.
        #...# ..#.. ..#.. ....# ##### ....# #...# ..#.. #...# ....# ..... ..... ..#.. ##### ..#.. ..#..
        #...# ..#.. .#... #...# ...#. #...# #...# ..#.. #...# ...#. ..... ..... ...#. ..... .#... .....
        .###. .###. ##### .###. ...#. .###. .###. ..#.. .###. .##.. ..#.. ..#.. ....# ..... #.... ..#..
        ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..#.. ..... ..... ..... .....
        ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... ..... .....
        .###. ..#.. ####. .###. ####. ##### ##### .###. #...# ..#.. ....# #...# #.... #...# #...# .###.
        #...# .#.#. #...# #...# #...# #.... #.... #...# #...# ..#.. ....# #..#. #.... ##.## #...# #...#
        #.### #...# #...# #.... #...# #.... #.... #.... #...# ..#.. ....# #.#.. #.... #.#.# ##..# #...#
        #.#.# #...# ####. #.... #...# ####. ####. #.### ##### ..#.. ....# ##... #.... #.#.# #.#.# #...#
        #.### ##### #...# #.... #...# #.... #.... #...# #...# ..#.. ....# #.#.. #.... #...# #..## #...#
        #.... #...# #...# #...# #...# #.... #.... #...# #...# ..#.. #...# #..#. #.... #...# #...# #...#
        .###. #...# ####. .###. ####. ##### #.... .###. #...# ..#.. .###. #...# ##### #...# #...# .###.
        ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
        ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
        ####. .###. ####. .###. ##### #...# #...# #...# #...# #...# ##### .##.. #.... ..##. ..#.. .....
        #...# #...# #...# #...# ..#.. #...# #...# #...# #...# #...# ....# .#... #.... ...#. .#.#. .....
        #...# #...# #...# #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#. .#... .#... ...#. #...# .....
        ####. #...# ####. .###. ..#.. #...# #...# #.#.# ..#.. ..#.. ..#.. .#... ..#.. ...#. ..... .....
        #.... #.#.# #.#.. ....# ..#.. #...# #...# #.#.# .#.#. ..#.. .#... .#... ...#. ...#. ..... .....
        #.... #..#. #..#. #...# ..#.. #...# .#.#. #.#.# #...# ..#.. #.... .#... ....# ...#. ..... .....
        #.... .##.# #...# .###. ..#.. .###. ..#.. .#.#. #...# ..#.. ##### .##.. ....# ..##. ..... .....
        ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... #####
        ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
        .#... ..... #.... ..... ....# ..... ..##. ..... #.... ..#.. ...#. #.... .#... ..... ..... .....
        ..#.. ..... #.... ..... ....# ..... .#... ..... #.... ..... ..... #.... .#... ..... ..... .....
        ..... .###. ####. .###. .#### .###. ###.. .#### ####. ..#.. ...#. #..#. .#... ##.#. ####. .###.
        ..... ....# #...# #...# #...# #...# .#... #...# #...# ..#.. ...#. #.#.. .#... #.#.# #...# #...#
        ..... .#### #...# #.... #...# ##### .#... #...# #...# ..#.. ...#. ##... .#... #.#.# #...# #...#
        ..... #...# #...# #...# #...# #.... .#... #...# #...# ..#.. ...#. #.#.. .#... #.#.# #...# #...#
        ..... .#### ####. .###. .#### .###. .#... .#### #...# ..#.. ...#. #..#. ..#.. #.#.# #...# .###.
        ..... ..... ..... ..... ..... ..... ..... ....# ..... ..... #..#. ..... ..... ..... ..... .....
        ..... ..... ..... ..... ..... ..... ..... .###. ..... ..... .##.. ..... ..... ..... ..... .....
        ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ...#. ..#.. .#... .....
        ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..#.. ..#.. ..#.. .....
        ####. .#### #.##. .###. ###.. #...# #...# #...# #...# #...# ##### ..#.. ..#.. ..#.. .....
        #...# #...# ##... #.... .#... #...# #...# #.#.# .#.#. #...# ...#. .#... ..#.. ...#. .#...
        #...# #...# #.... .###. .#... #...# #...# #.#.# ..#.. #...# ..#.. ..#.. ..#.. ..#.. #.#.#
        #...# #...# #.... ....# .#... #...# .#.#. #.#.# .#.#. #...# .#... ..#.. ..#.. ..#.. ...#.
        ####. .#### #.... .###. ..##. .#### ..#.. .#.#. #...# .#### ##### ...#. ..#.. .#... .....
        #.... ....# ..... ..... ..... ..... ..... ..... ..... ....# ..... ..... ..#.. ..... .....
        #.... ....# ..... ..... ..... ..... ..... ..... ..... .###. ..... ..... ..#.. ..... .....
        """
}
