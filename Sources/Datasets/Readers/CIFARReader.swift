/// CIFAR-10 in its binary version (A. Krizhevsky 2009, "Learning multiple layers of features from tiny images"): a
/// record is a label and 3x32x32 bytes, channel by channel.
public enum CIFARReader {
    public static let classNames = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]
    static let shape = ImageShape(height: 32, width: 32, channels: 3)
    private static let trainFiles = (1...5).map { "data_batch_\($0).bin" }
    private static let testFiles = ["test_batch.bin"]
    private static let usualFolder = "cifar-10-batches-bin"

    /// Reads `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin` of a folder, or of the folder
    /// `cifar-10-batches-bin` in it. A file may hold any number of whole records.
    ///
    /// - Throws: `DatasetError.notFound` for a missing file, `.malformed` where a file is not whole records or a label
    ///   is above 9, `.tooLarge`, `.cannotRead`.
    public static func folder(_ path: String, name: String = "cifar10") throws -> DatasetSplits {
        let folder = recordsFolder(path)
        return try DatasetSplits(
            train: part(trainFiles, folder: folder, name: name), test: part(testFiles, folder: folder, name: name))
    }

    /// Whether a folder, or the usual folder in it, holds the first file of the set.
    static func recognizes(_ path: String) -> Bool {
        Folder.hasFile("\(recordsFolder(path))/\(trainFiles[0])")
    }

    private static func recordsFolder(_ path: String) -> String {
        let inner = "\(path)/\(usualFolder)"
        return Folder.exists(inner) ? inner : path
    }

    private static func part(_ files: [String], folder: String, name: String) throws -> ImageDataset {
        let paths = files.map { "\(folder)/\($0)" }
        if let missing = paths.first(where: { !Folder.hasFile($0) }) {
            throw DatasetError.notFound(
                name: name, wanted: files.joined(separator: ", "), looked: ["\(missing) (missing)"])
        }
        var pixels: [UInt8] = []
        var labels: [UInt8] = []
        for path in paths {
            try append(path, pixels: &pixels, labels: &labels)
        }
        return try ImageDataset(name: name, shape: shape, pixels: pixels, labels: labels, classNames: classNames)
    }

    /// Appends the records of one file, channels last.
    private static func append(_ path: String, pixels: inout [UInt8], labels: inout [UInt8]) throws {
        let recordSize = 1 + shape.count
        let reader = try ByteReader(path: path)
        let size = reader.mostBytes
        guard !reader.isCompressed, size > 0, size.isMultiple(of: recordSize) else {
            throw DatasetError.malformed(
                path: path, expected: "whole CIFAR-10 records of \(recordSize) bytes, not compressed",
                found: reader.isCompressed ? "a gzip file" : "\(size) bytes")
        }
        guard pixels.count + size <= ImageDataset.maximumBytes else {
            throw DatasetError.tooLarge(
                path: path, what: "the number of bytes", size: pixels.count + size, limit: ImageDataset.maximumBytes)
        }
        let plane = shape.height * shape.width
        pixels.reserveCapacity(pixels.count + size)
        for number in 0..<size / recordSize {
            let record = try reader.read(recordSize)
            guard record[0] < classNames.count else {
                throw DatasetError.malformed(
                    path: path, expected: "labels 0 to \(classNames.count - 1)",
                    found: "\(record[0]) in record \(number)")
            }
            labels.append(record[0])
            for pixel in 1...plane {
                for channel in 0..<shape.channels { pixels.append(record[channel * plane + pixel]) }
            }
        }
    }
}
