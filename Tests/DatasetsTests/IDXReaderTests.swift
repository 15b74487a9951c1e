import Datasets
import Foundation
import Testing

/// The bytes of an IDX file with the given extents, whatever data follow.
func idx(_ extents: [UInt32], _ data: [UInt8], type: UInt8 = 8) -> [UInt8] {
    [0, 0, type, UInt8(extents.count)]
        + extents.flatMap { extent in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: extent >> $0) } } + data
}

struct IDXReaderTests {
    /// 3 images of 4x5 with the values 0 to 59, through gzip.
    private let compressed = bytes(
        "H4sIAAAAAAACA2Ng4GBmYGAAYRYgZmVgZGJmYWVj5+Dk4ubh5eMXEBQSFhEVE5eQlJKWkZWTV1BUUlZRVVPX0NTS1tHV0zcwNDI2MTUzt7C0"
            + "sgYA7BqVW0wAAAA=")
    private let plain = idx([3, 4, 5], Array(0..<60))

    @Test func imagesPlainAndCompressed() throws {
        let folder = try TemporaryFolder()
        for contents in [plain, compressed] {
            let (shape, pixels) = try IDXReader.images(path: folder.write(contents, "images"))
            #expect(shape == ImageShape(height: 4, width: 5, channels: 1))
            #expect(pixels == Array(0..<60))
        }
    }

    @Test func imagesWithChannels() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(idx([2, 2, 3, 3], Array(0..<36)), "images")
        let (shape, pixels) = try IDXReader.images(path: path)
        #expect(shape == ImageShape(height: 2, width: 3, channels: 3))
        #expect(pixels == Array(0..<36))
    }

    @Test func everyShorterFileIsAnError() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/images"
        for length in plain.indices {
            try folder.write(Array(plain.prefix(length)), "images")
            let expected = length < 4 ? 4 : length < 16 ? 16 : plain.count
            #expect(throws: DatasetError.truncated(path: path, expectedBytes: expected, foundBytes: length)) {
                try IDXReader.images(path: path)
            }
        }
        for length in compressed.indices {
            try folder.write(Array(compressed.prefix(length)), "images")
            #expect(throws: DatasetError.self, "\(length) bytes") { try IDXReader.images(path: path) }
        }
    }

    @Test func aTruncatedCompressedFileIsCorrupt() throws {
        let folder = try TemporaryFolder()
        // Without the checksum, and without the last data.
        for missing in [1, 8, 20] {
            let path = try folder.write(compressed.dropLast(missing), "images.gz")
            #expect(throws: DatasetError.corrupt(path: path, reason: "the compressed data stop short")) {
                try IDXReader.images(path: path)
            }
        }
    }

    @Test func aChangedBitIsFoundOrHarmless() throws {
        let folder = try TemporaryFolder()
        for place in compressed.indices {
            for bit in 0..<8 {
                var damaged = compressed
                damaged[place] ^= 1 << bit
                let path = try folder.write(damaged, "images.gz")
                // The time and the system in gzip's header say nothing about the data, nor do the bits that fill up
                // the last byte before the checksum.
                if let (_, pixels) = try? IDXReader.images(path: path) {
                    #expect(pixels == Array(0..<60))
                    #expect((3..<10).contains(place) || place == compressed.count - 9, "byte \(place), bit \(bit)")
                }
            }
        }
        var wrongChecksum = compressed
        wrongChecksum[compressed.count - 8] ^= 1
        let path = try folder.write(wrongChecksum, "images.gz")
        #expect(throws: DatasetError.corrupt(path: path, reason: "incorrect data check")) {
            try IDXReader.images(path: path)
        }
    }

    @Test func trailingBytes() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(plain + [0], "images")
        #expect(throws: DatasetError.trailingBytes(path: path, expectedBytes: 76)) {
            try IDXReader.images(path: path)
        }
        // Two members, each the whole file: gzip allows it, the header does not promise it.
        let twice = try folder.write(compressed + compressed, "twice.gz")
        #expect(throws: DatasetError.trailingBytes(path: twice, expectedBytes: 76)) {
            try IDXReader.images(path: twice)
        }
        let garbage = try folder.write(compressed + [1, 2, 3], "garbage.gz")
        #expect(throws: DatasetError.corrupt(path: garbage, reason: "incorrect header check")) {
            try IDXReader.images(path: garbage)
        }
    }

    @Test func unpackingStopsAtThePromisedSize() throws {
        let folder = try TemporaryFolder()
        // A header for one 28x28 image, then 200,000 zeros, in 239 bytes of gzip.
        let bomb = bytes(
            "H4sIAAAAAAACA+3DMQ0AIADAsBEeROBfJxwY4G+T1prVuPcL" + String(repeating: "A", count: 257) + "Hw6C5lAflANAwA=")
        #expect(bomb.count == 239)
        let path = try folder.write(bomb, "bomb.gz")
        let error = #expect(throws: DatasetError.self) { try IDXReader.images(path: path) }
        #expect(error == .trailingBytes(path: path, expectedBytes: 800), "\(error.map(String.init) ?? "")")
    }

    @Test func lyingHeadersThrowBeforeMemoryIsTaken() throws {
        let folder = try TemporaryFolder()
        // 2^32 - 1 images in a file of 100 bytes: 3 TB, which no test machine could give.
        let path = try folder.write(idx([.max, 28, 28], Array(repeating: 0, count: 84)), "images")
        let promised = 16 + Int(UInt32.max) * 784
        #expect(throws: DatasetError.truncated(path: path, expectedBytes: promised, foundBytes: 100)) {
            try IDXReader.images(path: path)
        }
        let impossible: [[UInt32]] = [
            [1, .max, .max], [0, 28, 28], [1, 0, 28], [1, 28, 20_000], [.max, .max, .max, .max],
        ]
        for extents in impossible {
            let path = try folder.write(idx(extents, []), "images")
            let error = #expect(throws: DatasetError.self) { try IDXReader.images(path: path) }
            guard case .malformed(path, _, _) = error else {
                Issue.record("\(extents): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func otherFormats() throws {
        let folder = try TemporaryFolder()
        for contents in [idx([2, 2], [1, 2, 3, 4]), idx([1, 1, 1], [7], type: 13), Array("not an IDX file".utf8)] {
            let path = try folder.write(contents, "images")
            let error = #expect(throws: DatasetError.self) { try IDXReader.images(path: path) }
            guard case .malformed(path, _, _) = error else {
                Issue.record("\(contents): \(String(describing: error))")
                continue
            }
        }
        #expect(throws: DatasetError.cannotRead(path: folder.path, reason: "not an ordinary file")) {
            try IDXReader.labels(path: folder.path)
        }
        #expect(throws: DatasetError.cannotRead(path: "/nowhere/labels", reason: "No such file or directory")) {
            try IDXReader.labels(path: "/nowhere/labels")
        }
    }

    @Test func folderInBothSpellings() throws {
        for separator in ["-", "."] {
            let folder = try TemporaryFolder()
            try folder.write(compressed, "train-images\(separator)idx3-ubyte.gz")
            try folder.write(idx([3], [4, 9, 0]), "train-labels\(separator)idx1-ubyte")
            try folder.write(idx([1, 4, 5], Array(100..<120)), "t10k-images\(separator)idx3-ubyte")
            try folder.write(idx([1], [255]), "t10k-labels\(separator)idx1-ubyte")
            let splits = try DatasetCatalog.load(folder.path)
            #expect(splits.train.count == 3)
            #expect(splits.train.labels == [4, 9, 0])
            #expect(splits.train.levels == 256)
            #expect(splits.test.pixels == Array(100..<120))
            #expect(splits.test.labels == [255])
        }
    }

    @Test func folderWithPartsThatDoNotFit() throws {
        let folder = try TemporaryFolder()
        let images = try folder.write(plain, "train-images-idx3-ubyte")
        let labels = try folder.write(idx([2], [1, 2]), "train-labels-idx1-ubyte")
        try folder.write(idx([1, 4, 5], Array(0..<20)), "t10k-images-idx3-ubyte")
        let mismatch = DatasetError.countMismatch(imagePath: images, images: 3, labelPath: labels, labels: 2)
        #expect(throws: mismatch) { try DatasetCatalog.load(folder.path) }

        try folder.write(idx([3], [1, 2, 3]), "train-labels-idx1-ubyte")
        let missing = DatasetError.notFound(name: "mnist", wanted: "t10k-labels-idx1-ubyte[.gz]", looked: [folder.path])
        #expect(throws: missing) { try DatasetCatalog.load("mnist", directory: folder.path) }
        // A folder of one's own may lack labels.
        #expect(try DatasetCatalog.load(folder.path).test.labels == nil)

        try folder.write(idx([1, 5, 4], Array(0..<20)), "t10k-images-idx3-ubyte")
        let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(folder.path) }
        guard case .shapeMismatch = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// The real files, where the environment names their folder.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["TESSERA_TEST_MNIST"] != nil))
    func mnist() throws {
        let folder = ProcessInfo.processInfo.environment["TESSERA_TEST_MNIST"]
        let splits = try DatasetCatalog.load("mnist", directory: folder)
        #expect(splits.train.count == 60_000)
        #expect(splits.test.count == 10_000)
        #expect(splits.train.shape == ImageShape(height: 28, width: 28, channels: 1))
        #expect(splits.train.labels?.prefix(10) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
        // The mean and the spread of the training pixels as usually quoted: 0.1307 and 0.3081.
        let histogram = splits.train.pixels.reduce(into: [Int](repeating: 0, count: 256)) { $0[Int($1)] += 1 }
        let count = Double(splits.train.pixels.count)
        let mean = histogram.enumerated().reduce(0) { $0 + Double($1.element) * Double($1.offset) / 255 } / count
        let square = histogram.enumerated().reduce(0) { sum, entry in
            sum + Double(entry.element) * Double(entry.offset * entry.offset) / 65_025
        }
        #expect(abs(mean - 0.1307) < 1e-4)
        #expect(abs((square / count - mean * mean).squareRoot() - 0.3081) < 1e-4)
    }
}
