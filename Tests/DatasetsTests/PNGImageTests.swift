import Datasets
import Testing

struct PNGImageTests {
    @Test(arguments: [(1, 1), (1, 7), (13, 1), (5, 9), (31, 33), (200, 3)], [1, 3])
    func roundTrip(size: (Int, Int), channels: Int) throws {
        let shape = ImageShape(height: size.0, width: size.1, channels: channels)
        let pixels = (0..<shape.count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 11) }
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/image.png"
        let image = try PNGImage(shape: shape, pixels: pixels)
        try image.write(to: path)
        #expect(try PNGImage.header(path: path) == shape)
        #expect(try PNGImage(contentsOf: path) == image)
        #expect(try folder.names == ["image.png"])
    }

    /// Files of other colour types and depths than the ones written here, made by a few lines of other code.
    @Test(arguments: [
        // Grey of 1 bit: 0 and 1 are spread to 0 and 255.
        (
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAQAAAAC1D1u3AAAADElEQVR42mNYwOAAAAIkAOFNFuheAAAAAElFTkSuQmCC",
            ImageShape(height: 2, width: 3, channels: 1), [255, 0, 255, 0, 255, 0] as [UInt8]
        ),
        // Grey of 16 bits: 0x0000, 0x8080, 0xFFFF.
        (
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABEAAAAABuG5crAAAAD0lEQVR42mNgYGho+P8fAAaEAv//G2LxAAAAAElFTkSuQmCC",
            ImageShape(height: 1, width: 3, channels: 1), [0, 128, 255]
        ),
        // Palette: red, (10, 20, 30), green.
        (
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAMAAAAsPuSGAAAACVBMVEX/AAAA/wAKFB7Zfk3nAAAADElEQVR42mNgYGIEAAAJAAS8Vt8aAAAA"
                + "AElFTkSuQmCC",
            ImageShape(height: 1, width: 3, channels: 3), [255, 0, 0, 10, 20, 30, 0, 255, 0]
        ),
        // Grey 200, 200, 255 with alpha 255, 0, 255, over black.
        (
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAQAAACx6dw/AAAAD0lEQVR42mM48f8Ew///AA/PBI76qR6ZAAAAAElFTkSuQmCC",
            ImageShape(height: 1, width: 3, channels: 1), [200, 0, 255]
        ),
        // RGB (1, 2, 3) with alpha 255, and a colour with alpha 0.
        (
            "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR42mNgZGL+fyLFiAEACdwCZPXbYEoAAAAASUVORK5CYII=",
            ImageShape(height: 1, width: 2, channels: 3), [1, 2, 3, 0, 0, 0]
        ),
        // RGB of 16 bits: 0x0101, 0x2020, 0x4040.
        (
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABEAIAAADA54+dAAAAD0lEQVR42mNgZFRQcHAAAAGyAMMEjBqrAAAAAElFTkSuQmCC",
            ImageShape(height: 1, width: 1, channels: 3), [1, 32, 64]
        ),
        // Grey, interlaced: 10 * row + column.
        (
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAADCAAAAAEERNr1AAAAF0lEQVR42mNgYGBiEBFjYGQQZeDi5gEAAmUAZNw4nKoAAAAASUVORK5CYII=",
            ImageShape(height: 3, width: 3, channels: 1), [0, 1, 2, 10, 11, 12, 20, 21, 22]
        ),
    ])
    func otherColourTypes(base64: String, shape: ImageShape, pixels: [UInt8]) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(bytes(base64), "image.png")
        let image = try PNGImage(contentsOf: path)
        #expect(image.shape == shape)
        #expect(image.pixels == pixels)
    }

    @Test func greyAsColour() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/image.png"
        try PNGImage(shape: ImageShape(height: 1, width: 2, channels: 1), pixels: [3, 250]).write(to: path)
        #expect(try PNGImage(contentsOf: path, channels: 3).pixels == [3, 3, 3, 250, 250, 250])
    }

    @Test func damagedFilesThrowOrKeepTheirPixels() throws {
        let folder = try TemporaryFolder()
        let shape = ImageShape(height: 9, width: 7, channels: 3)
        let image = try PNGImage(shape: shape, pixels: (0..<shape.count).map { UInt8($0 * 89 % 256) })
        let whole = try image.encoded()
        var errors = 0
        for length in 0..<whole.count {
            let path = try folder.write(Array(whole.prefix(length)), "image.png")
            do {
                // Without the chunks after the pixels, all pixels are there.
                #expect(try PNGImage(contentsOf: path) == image, "\(length) of \(whole.count) bytes")
            } catch DatasetError.corrupt(path, _) {
                errors += 1
            }
        }
        #expect(errors > whole.count / 2)
        errors = 0
        for place in whole.indices {
            for bit in 0..<8 {
                var damaged = whole
                damaged[place] ^= 1 << bit
                let path = try folder.write(damaged, "image.png")
                do {
                    _ = try PNGImage(contentsOf: path)
                } catch is DatasetError {
                    errors += 1
                }
            }
        }
        // Header and pixels are guarded by checksums; what follows the pixels is not read.
        #expect(errors > whole.count * 4)
    }

    @Test func hugeImagesAreRefusedByTheirHeader() throws {
        let folder = try TemporaryFolder()
        let side = try folder.write(
            bytes(
                "iVBORw0KGgoAAAANSUhEUgANu6AADbugCAYAAADQvZGPAAAAC0lEQVR4nGNggAEAAAoAAX+AdF4AAAAASUVORK5CYII="),
            "side.png")
        #expect(
            throws: DatasetError.tooLarge(path: side, what: "a side of the image", size: 900_000, limit: 16_384)
        ) { try PNGImage(contentsOf: side) }
        let area = try folder.write(
            bytes(
                "iVBORw0KGgoAAAANSUhEUgAAPoAAAD6ACAAAAABkFYACAAAAC0lEQVR4nGNggAEAAAoAAX+AdF4AAAAASUVORK5CYII="),
            "area.png")
        #expect(
            throws: DatasetError.tooLarge(
                path: area, what: "the number of pixels", size: 256_000_000, limit: PNGImage.maximumPixels)
        ) { try PNGImage.header(path: area) }
        // Small enough, but more than so few bytes can hold: memory is not even asked for.
        let bomb = try folder.write(
            bytes(
                "iVBORw0KGgoAAAANSUhEUgAAH0AAAB9ACAAAAAAjmvIoAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="),
            "bomb.png")
        #expect(throws: DatasetError.corrupt(path: bomb, reason: "67 bytes cannot hold 8000x8000 pixels")) {
            try PNGImage(contentsOf: bomb)
        }
    }

    @Test func whatIsNoImageOrNoFile() throws {
        let folder = try TemporaryFolder()
        #expect(throws: DatasetError.cannotRead(path: folder.path, reason: "not an ordinary file")) {
            try PNGImage(contentsOf: folder.path)
        }
        let shape = ImageShape(height: 2, width: 2, channels: 1)
        #expect(throws: DatasetError.self) { try PNGImage(shape: shape, pixels: [1, 2, 3]) }
        let twoChannels = ImageShape(height: 1, width: 1, channels: 2)
        #expect(throws: DatasetError.self) { try PNGImage(shape: twoChannels, pixels: [1, 2]) }
    }
}
