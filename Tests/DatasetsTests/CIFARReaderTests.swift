import Datasets
import Testing

struct CIFARReaderTests {
    /// A record whose three planes tell channel and place: (channel * 80 + place) modulo 256.
    private func record(label: UInt8, shift: Int) -> [UInt8] {
        [label] + (0..<3).flatMap { channel in (0..<1_024).map { UInt8((channel * 80 + $0 + shift) % 256) } }
    }

    private func fill(_ folder: TemporaryFolder, _ prefix: String = "") throws {
        for number in 1...5 {
            let contents = record(label: UInt8(number), shift: number) + record(label: 9, shift: 0)
            try folder.write(contents, "\(prefix)data_batch_\(number).bin")
        }
        try folder.write(record(label: 0, shift: 7), "\(prefix)test_batch.bin")
    }

    @Test func channelsComeLast() throws {
        for prefix in ["", "cifar-10-batches-bin/"] {
            let folder = try TemporaryFolder()
            try fill(folder, prefix)
            let splits = try DatasetCatalog.load(folder.path)
            #expect(splits.train.shape == ImageShape(height: 32, width: 32, channels: 3))
            #expect(splits.train.labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
            #expect(splits.test.count == 1)
            #expect(splits.test.classNames?[9] == "truck")
            for place in 0..<1_024 {
                for channel in 0..<3 {
                    let expected = UInt8((channel * 80 + place + 7) % 256)
                    #expect(splits.test.pixels[place * 3 + channel] == expected)
                }
            }
        }
    }

    @Test func damagedFiles() throws {
        let folder = try TemporaryFolder()
        try fill(folder)
        func error() -> DatasetError? {
            #expect(throws: DatasetError.self) { try DatasetCatalog.load("cifar10", directory: folder.path) }
        }
        let whole = record(label: 3, shift: 0)
        let path = "\(folder.path)/data_batch_2.bin"
        let format = "whole CIFAR-10 records of 3073 bytes, not compressed"
        for contents in [[], whole.dropLast(), whole + [0]] {
            try folder.write(Array(contents), "data_batch_2.bin")
            #expect(error() == .malformed(path: path, expected: format, found: "\(contents.count) bytes"))
        }
        try folder.write([0x1F, 0x8B] + whole.dropFirst(2), "data_batch_2.bin")
        #expect(error() == .malformed(path: path, expected: format, found: "a gzip file"))
        try folder.write(whole + record(label: 10, shift: 0), "data_batch_2.bin")
        #expect(error() == .malformed(path: path, expected: "labels 0 to 9", found: "10 in record 1"))
    }

    @Test func missingFile() throws {
        let folder = try TemporaryFolder()
        try folder.write(record(label: 3, shift: 0), "data_batch_1.bin")
        let error = #expect(throws: DatasetError.self) {
            try DatasetCatalog.load("cifar10", directory: folder.path)
        }
        guard case .notFound("cifar10", _, let looked) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(looked == ["\(folder.path)/data_batch_2.bin (missing)"])
    }
}
