import CPNG

/// An 8-bit picture, grey or RGB, and its PNG form.
public struct PNGImage: Sendable, Equatable {
    /// Height, width, and 1 channel (grey) or 3 (RGB).
    public let shape: ImageShape
    /// Height x width x channels, row-major.
    public let pixels: [UInt8]

    /// The most pixels (height x width) that are read or written: 2^26.
    public static let maximumPixels = 1 << 26

    /// - Throws: `DatasetError.invalidArgument` where the parts do not fit together.
    public init(shape: ImageShape, pixels: [UInt8]) throws {
        guard shape.isReasonable, shape.channels == 1 || shape.channels == 3,
            shape.height * shape.width <= Self.maximumPixels
        else {
            throw DatasetError.invalidArgument(
                name: "shape of a PNG image",
                expected: "sides 1 to \(ImageShape.maximumSide), \(Self.maximumPixels) pixels at most, 1 or 3 channels",
                found: "\(shape)")
        }
        guard pixels.count == shape.count else {
            throw DatasetError.invalidArgument(
                name: "pixels of a PNG image", expected: "\(shape.count) values (\(shape))", found: "\(pixels.count)")
        }
        self.shape = shape
        self.pixels = pixels
    }
}

// MARK: - Reading

extension PNGImage {
    /// Reads a file of any colour type and depth as 8 bits.
    ///
    /// Depths below 8 are spread over 0...255, transparency is laid over black (in linear light), and colours are sRGB
    /// (a file that declares another gamma is converted).
    ///
    /// - Parameter channels: 1 or 3; nil keeps grey as grey and colour as RGB.
    /// - Throws: `DatasetError.corrupt` for what is no sound PNG file, `.tooLarge` before taking memory, `.cannotRead`.
    public init(contentsOf path: String, channels: Int? = nil) throws {
        self = try withPNG(path: path) { image in
            let channels = channels ?? (image.pointee.format & PNG_COLOR_FLAG == 0 ? 1 : 3)
            let shape = ImageShape(
                height: Int(image.pointee.height), width: Int(image.pointee.width), channels: channels)
            image.pointee.format = channels == 1 ? PNG_GREY : PNG_RGB
            image.pointee.flags |= PNG_16_BIT_IS_SRGB
            var black = png_color(red: 0, green: 0, blue: 0)
            var pixels = [UInt8](repeating: 0, count: shape.count)
            guard png_image_finish_read(image, &black, &pixels, 0, nil) != 0 else {
                throw DatasetError.corrupt(path: path, reason: message(image))
            }
            return try PNGImage(shape: shape, pixels: pixels)
        }
    }

    /// The shape that a file's header tells; 3 channels where it has colour. Takes no memory for pixels.
    ///
    /// - Throws: as `init(contentsOf:channels:)`.
    public static func header(path: String) throws -> ImageShape {
        try withPNG(path: path) { image in
            ImageShape(
                height: Int(image.pointee.height), width: Int(image.pointee.width),
                channels: image.pointee.format & PNG_COLOR_FLAG == 0 ? 1 : 3)
        }
    }
}

// MARK: - Writing

extension PNGImage {
    /// The picture as the bytes of a PNG file.
    ///
    /// - Throws: `DatasetError.cannotWrite` if libpng fails.
    public func encoded() throws -> [UInt8] {
        try encoded(for: "PNG image")
    }

    /// Writes the picture as the file `path`, whole or not at all.
    ///
    /// - Throws: `DatasetError.cannotWrite`.
    public func write(to path: String) throws {
        try AtomicFile.write(encoded(for: path), to: path)
    }

    private func encoded(for path: String) throws -> [UInt8] {
        try withImageStructure { image in
            image.pointee.height = UInt32(shape.height)
            image.pointee.width = UInt32(shape.width)
            image.pointee.format = shape.channels == 1 ? PNG_GREY : PNG_RGB
            // The first call only finds the size.
            var size = 0
            guard png_image_write_to_memory(image, nil, &size, 0, pixels, 0, nil) != 0 else {
                throw DatasetError.cannotWrite(path: path, reason: message(image))
            }
            var bytes = [UInt8](repeating: 0, count: size)
            guard png_image_write_to_memory(image, &bytes, &size, 0, pixels, 0, nil) != 0 else {
                throw DatasetError.cannotWrite(path: path, reason: message(image))
            }
            return Array(bytes.prefix(size))
        }
    }
}

// MARK: - libpng's simplified interface, which handles libpng's long jumps itself

/// Opens a file, reads its header and checks the size.
private func withPNG<Value>(path: String, _ body: (UnsafeMutablePointer<png_image>) throws -> Value) throws -> Value {
    // Tells a missing file, or one that is not ordinary, from a damaged one.
    let fileBytes = try ByteReader(path: path).mostBytes
    return try withImageStructure { image in
        guard png_image_begin_read_from_file(image, path) != 0 else {
            throw DatasetError.corrupt(path: path, reason: message(image))
        }
        let height = Int(image.pointee.height)
        let width = Int(image.pointee.width)
        guard max(height, width) <= ImageShape.maximumSide else {
            throw DatasetError.tooLarge(
                path: path, what: "a side of the image", size: max(height, width), limit: ImageShape.maximumSide)
        }
        guard height * width <= PNGImage.maximumPixels else {
            throw DatasetError.tooLarge(
                path: path, what: "the number of pixels", size: height * width, limit: PNGImage.maximumPixels)
        }
        // A pixel takes a bit at least, before compression.
        let mostPixels = min(fileBytes, PNGImage.maximumPixels) * Inflater.largestRatio * 8
        guard height * width <= mostPixels else {
            throw DatasetError.corrupt(path: path, reason: "\(fileBytes) bytes cannot hold \(width)x\(height) pixels")
        }
        return try body(image)
    }
}

/// Lends libpng's structure, at an address that stays, and frees what libpng hangs on it.
private func withImageStructure<Value>(_ body: (UnsafeMutablePointer<png_image>) throws -> Value) throws -> Value {
    let image = UnsafeMutablePointer<png_image>.allocate(capacity: 1)
    image.initialize(to: png_image())
    image.pointee.version = UInt32(PNG_IMAGE_VERSION)
    defer {
        png_image_free(image)
        image.deallocate()
    }
    return try body(image)
}

/// What libpng says of its last error.
private func message(_ image: UnsafeMutablePointer<png_image>) -> String {
    let text = withUnsafeBytes(of: image.pointee.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return text.isEmpty ? "libpng gives no reason" : text
}
