import Datasets
import Testing

struct PNGFolderReaderTests {
    private func write(
        _ value: UInt8, _ name: String, in folder: TemporaryFolder, height: Int = 2, width: Int = 3, channels: Int = 1
    ) throws {
        let shape = ImageShape(height: height, width: width, channels: channels)
        let image = try PNGImage(shape: shape, pixels: [UInt8](repeating: value, count: shape.count))
        try folder.write(image.encoded(), name)
    }

    @Test func imagesWithoutLabelsAreSplit() throws {
        let folder = try TemporaryFolder()
        for number in 0..<25 { try write(UInt8(number), "\(number).png", in: folder) }
        try folder.write([1, 2, 3], "notes.txt")
        try folder.write([1, 2, 3], ".hidden.png")
        let splits = try DatasetCatalog.load(folder.path)
        #expect(splits.train.count == 23)
        #expect(splits.test.count == 2)
        #expect(splits.train.labels == nil)
        let values = (splits.train.pixels + splits.test.pixels).enumerated().filter { $0.offset.isMultiple(of: 6) }
        #expect(Set(values.map(\.element)) == Set(0..<25))
        #expect(try DatasetCatalog.load(folder.path).test.pixels == splits.test.pixels)
    }

    @Test func foldersAreClasses() throws {
        let folder = try TemporaryFolder()
        for part in ["train", "test"] {
            try write(10, "\(part)/10/a.png", in: folder)
            try write(9, "\(part)/9/a.PNG", in: folder)
        }
        try write(2, "train/2/z.png", in: folder)
        let splits = try DatasetCatalog.load(folder.path)
        // Names that are whole numbers are ordered as such; test lacks a class and still has the numbers of train.
        #expect(splits.train.classNames == ["2", "9", "10"])
        for set in [splits.train, splits.test] {
            for image in 0..<set.count {
                let label = Int(set.labels?[image] ?? .max)
                #expect(set.classNames?[label] == String(set.pixels[image * 6]))
            }
        }
        #expect(splits.train.count == 3)
        #expect(splits.test.count == 2)
    }

    @Test func oneColourImageMakesAllColour() throws {
        let folder = try TemporaryFolder()
        try write(50, "train/a.png", in: folder)
        try write(60, "test/b.png", in: folder, channels: 3)
        let splits = try DatasetCatalog.load(folder.path)
        #expect(splits.train.shape == ImageShape(height: 2, width: 3, channels: 3))
        #expect(splits.train.pixels == [UInt8](repeating: 50, count: 18))
        #expect(splits.test.pixels == [UInt8](repeating: 60, count: 18))
    }

    @Test func anotherSizeIsNamed() throws {
        let folder = try TemporaryFolder()
        try write(1, "a.png", in: folder)
        try write(1, "b.png", in: folder)
        try write(1, "c.png", in: folder, height: 3, width: 2)
        let expected = DatasetError.shapeMismatch(
            path: "\(folder.path)/c.png", expected: ImageShape(height: 2, width: 3, channels: 1),
            found: ImageShape(height: 3, width: 2, channels: 1))
        #expect(throws: expected) { try DatasetCatalog.load(folder.path) }
    }

    @Test func damagedFileIsNamed() throws {
        let folder = try TemporaryFolder()
        try write(1, "a.png", in: folder)
        try folder.write(Array("no image".utf8), "b.png")
        let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(folder.path) }
        guard case .corrupt("\(folder.path)/b.png", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func foldersOfNoKnownForm() throws {
        let empty = try TemporaryFolder()
        let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(empty.path) }
        guard case .notFound(_, _, [empty.path]) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let mixed = try TemporaryFolder()
        try write(1, "a.png", in: mixed)
        try write(1, "class/b.png", in: mixed)
        let expected = DatasetError.malformed(
            path: mixed.path, expected: "PNG files either in the folder or in sub-folders, one for each class",
            found: "1 in it and 1 in sub-folders")
        #expect(throws: expected) { try DatasetCatalog.load(mixed.path) }
    }
}
