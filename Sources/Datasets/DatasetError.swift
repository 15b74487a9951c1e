/// What can go wrong with data: finding it, reading it, choosing from it, writing it.
public enum DatasetError: Error, Equatable, Sendable {
    /// Neither a known name nor a folder.
    case unknownName(String, known: [String])
    /// Nothing usable in the places searched. `wanted` names the files, `looked` the folders or paths tried.
    case notFound(name: String, wanted: String, looked: [String])
    /// The operating system refused to read `path`.
    case cannotRead(path: String, reason: String)
    /// The operating system refused to write `path`; an older file of that name is untouched.
    case cannotWrite(path: String, reason: String)
    /// The file is not of the format its place calls for, or its header says something impossible.
    case malformed(path: String, expected: String, found: String)
    /// The file ends early: `foundBytes` is the most that it can give (after decompression).
    case truncated(path: String, expectedBytes: Int, foundBytes: Int)
    /// The file goes on after the bytes that its header promises.
    case trailingBytes(path: String, expectedBytes: Int)
    /// The contents are damaged: a checksum or a compressed stream is wrong.
    case corrupt(path: String, reason: String)
    /// The data are sound so far, but larger than this library takes into memory.
    case tooLarge(path: String, what: String, size: Int, limit: Int)
    /// The images and the labels are not equally many.
    case countMismatch(imagePath: String, images: Int, labelPath: String, labels: Int)
    /// Images of two shapes where one data set needs one.
    case shapeMismatch(path: String, expected: ImageShape, found: ImageShape)
    /// An argument out of its range.
    case invalidArgument(name: String, expected: String, found: String)
}

extension DatasetError: CustomStringConvertible {
    /// One line: where, what was expected, what came, and what to do.
    public var description: String {
        switch self {
        case .unknownName(let name, let known):
            "\"\(name)\": expected \(known.joined(separator: ", ")) or a folder, found neither; "
                + "check the spelling or the path"
        case .notFound(let name, let wanted, let looked):
            "no data for \"\(name)\": expected \(wanted); looked in \(looked.joined(separator: ", ")); "
                + "put the files there, set TESSERA_DATA, or pass their folder"
        case .cannotRead(let path, let reason):
            "\(path): cannot be read (\(reason)); check the path and its permissions"
        case .cannotWrite(let path, let reason):
            "\(path): cannot be written (\(reason)); check the folder, its permissions and the free space"
        case .malformed(let path, let expected, let found):
            "\(path): expected \(expected), found \(found); check that this is the right file"
        case .truncated(let path, let expected, let found):
            "\(path): expected \(expected) bytes of data, the file can give only \(found); fetch the file again"
        case .trailingBytes(let path, let expected):
            "\(path): expected \(expected) bytes of data, the file goes on after them; fetch the file again"
        case .corrupt(let path, let reason):
            "\(path): the contents are damaged (\(reason)); fetch the file again"
        case .tooLarge(let path, let what, let size, let limit):
            "\(path): \(what) is \(size), the limit is \(limit); use a smaller set or smaller images"
        case .countMismatch(let imagePath, let images, let labelPath, let labels):
            "\(labelPath): expected \(images) labels, one for each image of \(imagePath), found \(labels); "
                + "use the two files of one set"
        case .shapeMismatch(let path, let expected, let found):
            "\(path): expected images of \(expected), found \(found); bring all images to one size"
        case .invalidArgument(let name, let expected, let found):
            "\(name): expected \(expected), found \(found)"
        }
    }
}
