/// A folder of PNG files as a data set.
///
/// - Images directly in the folder have no labels; sub-folders with images are classes, numbered in the order of their
///   names (as whole numbers if all are, otherwise by their UTF-8 bytes), which become the class names.
/// - Sub-folders `train` and `test`, each of one of these two forms, are the two parts; otherwise a tenth of the images,
///   at least one, is drawn as test part with a seed.
/// - If any image has colour, all are read as RGB, otherwise all as grey. Names that start with a dot are left out.
public enum PNGFolderReader {
    /// The seed of the split where the folder does not say which images are for tests.
    public static let splitSeed: UInt64 = 0

    /// - Throws: `DatasetError.notFound` where there are no images, `.shapeMismatch` naming the first image of another
    ///   size, `.malformed` where the folders are not of the form above, `.corrupt`, `.tooLarge`, `.cannotRead`.
    public static func folder(_ path: String, name: String, seed: UInt64 = splitSeed) throws -> DatasetSplits {
        guard Folder.exists("\(path)/train"), Folder.exists("\(path)/test") else {
            let all = try list(path)
            guard all.count >= 2 else {
                throw DatasetError.notFound(
                    name: name, wanted: "PNG files, at least 2, in it or in a sub-folder for each class",
                    looked: [path])
            }
            let (shape, classes) = try survey(all)
            let set = try read(all, name: name, shape: shape, classes: classes)
            return try set.split(test: max(1, set.count / 10), seed: seed)
        }
        let train = try list("\(path)/train")
        let test = try list("\(path)/test")
        guard !train.isEmpty, !test.isEmpty else {
            throw DatasetError.notFound(
                name: name, wanted: "PNG files, or a sub-folder of them for each class",
                looked: ["\(path)/\(train.isEmpty ? "train" : "test")"])
        }
        let (shape, classes) = try survey(train + test)
        return try DatasetSplits(
            train: read(train, name: name, shape: shape, classes: classes),
            test: read(test, name: name, shape: shape, classes: classes))
    }

    private struct Entry {
        let path: String
        let className: String?
    }

    private static func isPNG(_ name: String) -> Bool {
        name.lowercased().hasSuffix(".png")
    }

    /// The images of a folder and of its sub-folders, in order of their names.
    private static func list(_ path: String) throws -> [Entry] {
        let names = try Folder.names(path)
        let direct = names.filter(isPNG).map { Entry(path: "\(path)/\($0)", className: nil) }
        let labelled = try names.filter { Folder.exists("\(path)/\($0)") }.flatMap { folder in
            try Folder.names("\(path)/\(folder)").filter(isPNG).map {
                Entry(path: "\(path)/\(folder)/\($0)", className: folder)
            }
        }
        guard direct.isEmpty || labelled.isEmpty else {
            throw DatasetError.malformed(
                path: path, expected: "PNG files either in the folder or in sub-folders, one for each class",
                found: "\(direct.count) in it and \(labelled.count) in sub-folders")
        }
        return direct + labelled
    }

    /// Reads all headers: one size for all, colour if any has it, and the classes. Takes no memory for pixels.
    private static func survey(_ entries: [Entry]) throws -> (shape: ImageShape, classes: [String]?) {
        let firstHeader = try PNGImage.header(path: entries[0].path)
        var channels = 1
        for entry in entries {
            let header = try PNGImage.header(path: entry.path)
            guard header.height == firstHeader.height, header.width == firstHeader.width else {
                throw DatasetError.shapeMismatch(path: entry.path, expected: firstHeader, found: header)
            }
            channels = max(channels, header.channels)
        }
        let shape = ImageShape(height: firstHeader.height, width: firstHeader.width, channels: channels)
        let (bytes, overflow) = shape.count.multipliedReportingOverflow(by: entries.count)
        guard !overflow, bytes <= ImageDataset.maximumBytes else {
            throw DatasetError.tooLarge(
                path: entries[0].path, what: "the size of \(entries.count) images of \(shape) in bytes",
                size: overflow ? .max : bytes, limit: ImageDataset.maximumBytes)
        }
        return (shape, try classes(entries))
    }

    private static func classes(_ entries: [Entry]) throws -> [String]? {
        let names = Set(entries.compactMap(\.className))
        guard !names.isEmpty else { return nil }
        if let unlabelled = entries.first(where: { $0.className == nil }) {
            throw DatasetError.malformed(
                path: unlabelled.path, expected: "a sub-folder for each class in both train and test",
                found: "an image without a class")
        }
        guard names.count <= 256 else {
            throw DatasetError.tooLarge(
                path: entries[0].path, what: "the number of class folders", size: names.count, limit: 256)
        }
        let numbers = names.compactMap { Int($0) }
        if Set(numbers).count == names.count {
            return names.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func read(
        _ entries: [Entry], name: String, shape: ImageShape, classes: [String]?
    ) throws -> ImageDataset {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(entries.count * shape.count)
        for entry in entries {
            let image = try PNGImage(contentsOf: entry.path, channels: shape.channels)
            guard image.shape == shape else {
                throw DatasetError.shapeMismatch(path: entry.path, expected: shape, found: image.shape)
            }
            pixels.append(contentsOf: image.pixels)
        }
        let labels = classes.map { classes in
            let numbers = Dictionary(uniqueKeysWithValues: zip(classes, (0..<classes.count).map(UInt8.init)))
            return entries.compactMap { $0.className.flatMap { numbers[$0] } }
        }
        return try ImageDataset(name: name, shape: shape, pixels: pixels, labels: labels, classNames: classes)
    }
}
