/// Images tiled into one picture, enlarged by whole steps so that small ones can be seen.
public struct ImageGrid: Sendable {
    /// Count x height x width x channels, row-major, 0 to 255.
    private let pixels: [UInt8]
    private let shape: ImageShape
    private let count: Int
    /// Images in a row.
    public let columns: Int
    /// Pixels of the picture between images and around them.
    public let padding: Int
    /// How many pixels of the picture, in each direction, stand for one of an image.
    public let scale: Int
    public static let defaultPadding = 2

    /// The enlargement of images of a shape: it brings the longer side to 64 pixels or a little less.
    private static func defaultScale(_ shape: ImageShape) -> Int { max(1, 64 / max(shape.height, shape.width)) }

    /// The height of one row of images, with the padding above it, in a grid with the default padding and scale.
    public static func rowHeight(of shape: ImageShape) -> Int {
        shape.height * defaultScale(shape) + defaultPadding
    }

    /// The grey of the padding and of places without an image.
    public let background: UInt8

    /// A grid of images with whole-numbered pixels.
    ///
    /// - Parameters:
    ///   - pixels: count x height x width x channels, row-major, below `levels`.
    ///   - shape: of one image; 1 channel or 3.
    ///   - columns: images in a row; nil makes the grid about square.
    ///   - scale: nil brings the longer side of an image to 64 pixels or a little less.
    /// - Throws: `DatasetError.invalidArgument` where the parts do not fit together.
    public init(
        pixels: [UInt8], shape: ImageShape, levels: Int = 256, columns: Int? = nil,
        padding: Int = ImageGrid.defaultPadding,
        scale: Int? = nil, background: UInt8 = 64
    ) throws {
        // The set checks that shape, pixels and levels fit.
        let images = try ImageDataset(name: "image grid", shape: shape, levels: levels, pixels: pixels)
        guard shape.channels == 1 || shape.channels == 3 else {
            throw DatasetError.invalidArgument(
                name: "channels of an image grid", expected: "1 or 3", found: "\(shape.channels)")
        }
        guard images.count >= 1 else {
            throw DatasetError.invalidArgument(name: "images of a grid", expected: "at least 1", found: "0")
        }
        let scale = scale ?? Self.defaultScale(shape)
        let columns = columns ?? Int(Double(images.count).squareRoot().rounded(.up))
        for (name, value, least) in [("columns", columns, 1), ("padding", padding, 0), ("scale", scale, 1)] {
            guard (least...ImageShape.maximumSide).contains(value) else {
                throw DatasetError.invalidArgument(
                    name: "\(name) of an image grid", expected: "\(least) to \(ImageShape.maximumSide)",
                    found: "\(value)")
            }
        }
        let table = (0..<256).map { UInt8(truncatingIfNeeded: ($0 * 255 + (levels - 1) / 2) / (levels - 1)) }
        self.pixels = levels == 256 ? pixels : pixels.map { table[Int($0)] }
        self.shape = shape
        self.count = images.count
        self.columns = min(columns, images.count)
        self.padding = padding
        self.scale = scale
        self.background = background
    }

    /// A grid of images with values in 0...1; others are cut to it, and NaN is drawn black.
    ///
    /// - Throws: as `init(pixels:shape:levels:columns:padding:scale:background:)`.
    public init(
        values: [Float], shape: ImageShape, columns: Int? = nil, padding: Int = ImageGrid.defaultPadding,
        scale: Int? = nil,
        background: UInt8 = 64
    ) throws {
        let pixels = values.map { $0.isNaN ? 0 : UInt8((min(max($0, 0), 1) * 255).rounded()) }
        try self.init(
            pixels: pixels, shape: shape, columns: columns, padding: padding, scale: scale, background: background)
    }

    /// A grid of all images of a set.
    ///
    /// - Throws: as `init(pixels:shape:levels:columns:padding:scale:background:)`.
    public init(_ images: ImageDataset, columns: Int? = nil, padding: Int = ImageGrid.defaultPadding, scale: Int? = nil)
        throws
    {
        try self.init(
            pixels: images.pixels, shape: images.shape, levels: images.levels, columns: columns, padding: padding,
            scale: scale)
    }

    /// The picture.
    ///
    /// - Throws: `DatasetError.invalidArgument` where it would be larger than `PNGImage` allows.
    public func render() throws -> PNGImage {
        let rows = (count + columns - 1) / columns
        let tileHeight = shape.height * scale + padding
        let tileWidth = shape.width * scale + padding
        let picture = ImageShape(
            height: rows * tileHeight + padding, width: columns * tileWidth + padding, channels: shape.channels)
        guard picture.isReasonable, picture.height * picture.width <= PNGImage.maximumPixels else {
            throw DatasetError.invalidArgument(
                name: "image grid",
                expected: "sides up to \(ImageShape.maximumSide) and \(PNGImage.maximumPixels) pixels at most, "
                    + "by fewer images or a smaller scale", found: "\(picture)")
        }
        var canvas = [UInt8](repeating: background, count: picture.count)
        for number in 0..<count {
            let (row, column) = number.quotientAndRemainder(dividingBy: columns)
            let top = padding + row * tileHeight
            let left = padding + column * tileWidth
            for y in 0..<shape.height * scale {
                let source = (number * shape.height + y / scale) * shape.width * shape.channels
                var target = ((top + y) * picture.width + left) * shape.channels
                for x in 0..<shape.width * scale {
                    for channel in 0..<shape.channels {
                        canvas[target] = pixels[source + x / scale * shape.channels + channel]
                        target += 1
                    }
                }
            }
        }
        return try PNGImage(shape: picture, pixels: canvas)
    }

    /// Writes the picture as the PNG file `path`, whole or not at all.
    ///
    /// - Throws: as `render`, and `DatasetError.cannotWrite`.
    public func write(to path: String) throws {
        try render().write(to: path)
    }
}
