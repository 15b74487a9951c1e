/// IDX files, the format of MNIST (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"): two zero
/// bytes, the element type (8: unsigned byte), the number of axes, each axis as a big-endian 32-bit number, the data.
public enum IDXReader {
    /// The images of a file, plain or gzip, as count x height x width or count x height x width x channels.
    ///
    /// - Throws: `DatasetError.malformed` for another format or impossible extents, `.truncated`, `.trailingBytes`,
    ///   `.corrupt`, `.tooLarge`, `.cannotRead`. A header is checked against the file's size before memory is taken.
    public static func images(path: String) throws -> (shape: ImageShape, pixels: [UInt8]) {
        let reader = try ByteReader(path: path)
        let extents = try header(reader, axes: 3...4, holding: "images")
        let shape = ImageShape(height: extents[1], width: extents[2], channels: extents.count == 4 ? extents[3] : 1)
        guard extents[0] > 0, shape.isReasonable else {
            throw DatasetError.malformed(
                path: path, expected: "at least 1 image; \(ImageShape.reasonable)",
                found: "\(extents[0]) images of \(shape)")
        }
        return (shape, try payload(reader, count: extents[0] * shape.count))
    }

    /// The labels of a file, plain or gzip.
    ///
    /// - Throws: as `images(path:)`.
    public static func labels(path: String) throws -> [UInt8] {
        let reader = try ByteReader(path: path)
        let extents = try header(reader, axes: 1...1, holding: "labels")
        return try payload(reader, count: extents[0])
    }

    /// Reads the header and returns the extents, the first of which is the count.
    private static func header(
        _ reader: ByteReader, axes: ClosedRange<Int>, holding contents: String
    ) throws -> [Int] {
        let magic = try reader.read(4)
        guard magic[0] == 0, magic[1] == 0, magic[2] == 8, axes.contains(Int(magic[3])) else {
            let allowed = axes.count == 1 ? "\(axes.lowerBound)" : "\(axes.lowerBound) or \(axes.upperBound)"
            throw DatasetError.malformed(
                path: reader.path,
                expected: "IDX \(contents), a file that starts with the bytes 0 0 8 and \(allowed)",
                found: magic.map(String.init).joined(separator: " "))
        }
        let bytes = try reader.read(4 * Int(magic[3]))
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        }
    }

    /// Reads the data, which must end with the file.
    private static func payload(_ reader: ByteReader, count: Int) throws -> [UInt8] {
        // A size that the file cannot hold is its own error, told before that of the limit.
        if count <= reader.mostBytes, count > ImageDataset.maximumBytes {
            throw DatasetError.tooLarge(
                path: reader.path, what: "the number of bytes", size: count, limit: ImageDataset.maximumBytes)
        }
        let data = try reader.read(count)
        try reader.expectEnd()
        return data
    }
}

// MARK: - Folders

extension IDXReader {
    /// Reads a folder with the usual four files: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    /// `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`; also with a dot before `idx`, `idx4` for images with
    /// channels, and `.gz` after the name.
    ///
    /// - Parameter needsLabels: whether missing label files are an error; otherwise such a set has no labels.
    /// - Throws: `DatasetError.notFound` for a missing file, `.countMismatch`, and what the files' reading throws.
    public static func folder(_ path: String, name: String, needsLabels: Bool = true) throws -> DatasetSplits {
        try DatasetSplits(
            train: part("train", folder: path, name: name, needsLabels: needsLabels),
            test: part("t10k", folder: path, name: name, needsLabels: needsLabels))
    }

    /// Whether a folder holds the image files of an IDX set.
    static func recognizes(_ folder: String) -> Bool {
        find("train", "images", ["idx3", "idx4"], in: folder) != nil
    }

    private static func part(
        _ part: String, folder: String, name: String, needsLabels: Bool
    ) throws -> ImageDataset {
        guard let imagePath = find(part, "images", ["idx3", "idx4"], in: folder) else {
            throw DatasetError.notFound(name: name, wanted: "\(part)-images-idx3-ubyte[.gz]", looked: [folder])
        }
        let labelPath = find(part, "labels", ["idx1"], in: folder)
        if labelPath == nil, needsLabels {
            throw DatasetError.notFound(name: name, wanted: "\(part)-labels-idx1-ubyte[.gz]", looked: [folder])
        }
        let labels = try labelPath.map { try self.labels(path: $0) }
        let (shape, pixels) = try images(path: imagePath)
        let count = pixels.count / shape.count
        if let labels, let labelPath, labels.count != count {
            throw DatasetError.countMismatch(
                imagePath: imagePath, images: count, labelPath: labelPath, labels: labels.count)
        }
        return try ImageDataset(name: name, shape: shape, pixels: pixels, labels: labels)
    }

    /// The first existing spelling of a file's name.
    private static func find(_ part: String, _ contents: String, _ kinds: [String], in folder: String) -> String? {
        for kind in kinds {
            for separator in ["-", "."] {
                for suffix in ["", ".gz"] {
                    let path = "\(folder)/\(part)-\(contents)\(separator)\(kind)-ubyte\(suffix)"
                    if Folder.hasFile(path) { return path }
                }
            }
        }
        return nil
    }
}
