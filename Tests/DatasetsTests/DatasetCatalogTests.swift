import Datasets
import Testing

struct DatasetCatalogTests {
    @Test func digits() throws {
        let splits = try DatasetCatalog.load("digits")
        #expect(splits.train.count == 1_500)
        #expect(splits.test.count == 297)
        #expect(splits.train.shape == ImageShape(height: 8, width: 8, channels: 1))
        #expect(splits.train.levels == 17)
        #expect(splits.train.pixels.max() == 16)
        // The first image of the source, row by row, and the first labels.
        let first: [UInt8] = [
            0, 0, 5, 13, 9, 1, 0, 0,
            0, 0, 13, 15, 10, 15, 5, 0,
            0, 3, 15, 2, 0, 11, 8, 0,
            0, 4, 12, 0, 0, 8, 8, 0,
            0, 5, 8, 0, 0, 9, 8, 0,
            0, 4, 11, 0, 1, 12, 7, 0,
            0, 2, 14, 5, 10, 12, 0, 0,
            0, 0, 6, 13, 10, 0, 0, 0,
        ]
        #expect(splits.train.pixels.prefix(64) == first[...])
        #expect(splits.train.labels?.prefix(10) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        // The source's number of images of each class.
        let labels = (splits.train.labels ?? []) + (splits.test.labels ?? [])
        let counts = labels.reduce(into: [Int](repeating: 0, count: 10)) { $0[Int($1)] += 1 }
        #expect(counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
        #expect(Digits.credit.contains("Alpaydin"))
    }

    @Test func placesAreTriedInOrder() throws {
        let first = try TemporaryFolder()
        let second = try TemporaryFolder()
        for part in ["train", "t10k"] {
            try second.write(idx([1, 1, 1], [part == "train" ? 1 : 2]), "\(part)-images-idx3-ubyte")
            try second.write(idx([1], [0]), "\(part)-labels-idx1-ubyte")
        }
        let splits = try DatasetCatalog.load("fashion-mnist", from: [first.path, second.path])
        #expect(splits.train.pixels == [1])
        #expect(splits.test.pixels == [2])
        #expect(splits.train.name == "fashion-mnist")
    }

    @Test func missingFilesAndPlacesAreNamed() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load("mnist", directory: folder.path) }
        let message = error?.description ?? ""
        #expect(message.contains("train-images-idx3-ubyte"))
        #expect(message.contains("t10k-labels-idx1-ubyte"))
        #expect(message.contains("looked in \(folder.path);"))
        #expect(!message.contains("\n"))
    }

    @Test func unknownNames() throws {
        #expect(throws: DatasetError.unknownName("mnits", known: DatasetCatalog.names)) {
            try DatasetCatalog.load("mnits")
        }
    }
}
