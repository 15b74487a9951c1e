import Datasets
import Testing

struct ImageGridTests {
    @Test func placesOfPixels() throws {
        // Three images of 1x2 in two columns, twice enlarged, one pixel of padding.
        let grid = try ImageGrid(
            pixels: [10, 20, 30, 40, 50, 60], shape: ImageShape(height: 1, width: 2, channels: 1), columns: 2,
            padding: 1, scale: 2, background: 0)
        let picture = try grid.render()
        #expect(picture.shape == ImageShape(height: 7, width: 11, channels: 1))
        let top: [UInt8] = [0, 10, 10, 20, 20, 0, 30, 30, 40, 40, 0]
        let bottom: [UInt8] = [0, 50, 50, 60, 60, 0, 0, 0, 0, 0, 0]
        let blank = [UInt8](repeating: 0, count: 11)
        #expect(picture.pixels == blank + top + top + blank + bottom + bottom + blank)
    }

    @Test func colours() throws {
        let grid = try ImageGrid(
            pixels: [1, 2, 3, 4, 5, 6], shape: ImageShape(height: 1, width: 2, channels: 3), padding: 0, scale: 1)
        let picture = try grid.render()
        #expect(picture.shape == ImageShape(height: 1, width: 2, channels: 3))
        #expect(picture.pixels == [1, 2, 3, 4, 5, 6])
    }

    @Test func levelsAndValuesFillTheRange() throws {
        let shape = ImageShape(height: 1, width: 5, channels: 1)
        let levels = try ImageGrid(pixels: [0, 4, 8, 12, 16], shape: shape, levels: 17, padding: 0, scale: 1)
        #expect(try levels.render().pixels == [0, 64, 128, 191, 255])
        let values = try ImageGrid(values: [-3, 0.5, 1, .infinity, .nan], shape: shape, padding: 0, scale: 1)
        #expect(try values.render().pixels == [0, 128, 255, 255, 0])
    }

    @Test func shapeOfTheGrid() throws {
        let digits = try Digits.load().test
        let picture = try ImageGrid(digits.images(0..<10)).render()
        // Four columns and three rows of 64 pixels, two pixels around each.
        #expect(picture.shape == ImageShape(height: 3 * 66 + 2, width: 4 * 66 + 2, channels: 1))
    }

    @Test func argumentsOutOfRange() throws {
        let shape = ImageShape(height: 1, width: 1, channels: 1)
        #expect(throws: DatasetError.self) { try ImageGrid(pixels: [], shape: shape) }
        #expect(throws: DatasetError.self) { try ImageGrid(pixels: [1], shape: shape, columns: 0) }
        #expect(throws: DatasetError.self) { try ImageGrid(pixels: [1], shape: shape, padding: -1) }
        #expect(throws: DatasetError.self) { try ImageGrid(pixels: [1], shape: shape, scale: .max) }
        #expect(throws: DatasetError.self) { try ImageGrid(pixels: [5], shape: shape, levels: 4) }
        let twoChannels = ImageShape(height: 1, width: 1, channels: 2)
        #expect(throws: DatasetError.self) { try ImageGrid(pixels: [1, 2], shape: twoChannels) }
        let tooLarge = try ImageGrid(pixels: [1, 1, 1], shape: shape, columns: 3, scale: 16_000)
        #expect(throws: DatasetError.self) { try tooLarge.render() }
        #expect(throws: DatasetError.cannotWrite(path: "/nowhere/a.png", reason: "No such file or directory")) {
            try ImageGrid(pixels: [1], shape: shape).write(to: "/nowhere/a.png")
        }
    }
}
