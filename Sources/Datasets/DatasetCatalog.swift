import Foundation

/// Data sets by name or by folder.
public enum DatasetCatalog {
    /// The names that `load` knows; anything else is taken as a folder.
    public static let names = ["digits", "mnist", "fashion-mnist", "cifar10"]

    /// Loads a data set.
    ///
    /// - `"digits"` is built in.
    /// - `"mnist"`, `"fashion-mnist"` and `"cifar10"` are read from `directory` if it is given, otherwise from the first
    ///   of `$TESSERA_DATA/<name>` and `./data/<name>` that holds such a set.
    /// - Any other name is a folder: of IDX files, of CIFAR-10 batches or of PNG files, known by its contents.
    ///
    /// - Throws: `DatasetError.notFound` with the files wanted and the places searched; `.unknownName` for a name that
    ///   is no folder; what the readers throw.
    public static func load(_ name: String, directory: String? = nil) throws -> DatasetSplits {
        var places: [String] = []
        if let directory {
            places = [directory]
        } else {
            if let root = ProcessInfo.processInfo.environment["TESSERA_DATA"], !root.isEmpty {
                places.append("\(root)/\(name)")
            }
            places.append("./data/\(name)")
        }
        return try load(name, from: places)
    }

    /// Loads a data set whose files lie in one of these places, if it is not built in and its name is no folder.
    package static func load(_ name: String, from places: [String]) throws -> DatasetSplits {
        switch name {
        case "digits": try Digits.load()
        case "mnist", "fashion-mnist": try IDXReader.folder(find(name, places, idx), name: name)
        case "cifar10": try CIFARReader.folder(find(name, places, cifar), name: name)
        default: try loadFolder(name)
        }
    }

    private struct Format {
        let wanted: String
        let recognizes: (String) -> Bool
    }

    private static var idx: Format {
        Format(
            wanted: "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
                + "t10k-labels-idx1-ubyte (plain or .gz)",
            recognizes: IDXReader.recognizes)
    }

    private static var cifar: Format {
        Format(wanted: "data_batch_1.bin to data_batch_5.bin and test_batch.bin", recognizes: CIFARReader.recognizes)
    }

    /// The first place that holds a set of the format.
    private static func find(_ name: String, _ places: [String], _ format: Format) throws -> String {
        guard let place = places.first(where: format.recognizes) else {
            throw DatasetError.notFound(name: name, wanted: format.wanted, looked: places)
        }
        return place
    }

    private static func loadFolder(_ path: String) throws -> DatasetSplits {
        guard Folder.exists(path) else {
            throw DatasetError.unknownName(path, known: names)
        }
        let name = URL(fileURLWithPath: path).lastPathComponent
        if IDXReader.recognizes(path) {
            return try IDXReader.folder(path, name: name, needsLabels: false)
        }
        if CIFARReader.recognizes(path) {
            return try CIFARReader.folder(path, name: name)
        }
        return try PNGFolderReader.folder(path, name: name)
    }
}
