/// What can be wrong with a file of a run.
public enum CheckpointError: Error, Hashable, Sendable {
    /// The operating system refused to read the file, or it is not an ordinary one.
    case cannotRead(path: String, reason: String)
    /// The file ends before the data that its header promises.
    case truncated(path: String, expectedBytes: Int, foundBytes: Int)
    /// The contents are not what such a file holds.
    case malformed(path: String, expected: String, found: String)
}

extension CheckpointError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotRead(let path, let reason):
            "\(path): cannot be read (\(reason)); check the path and its permissions"
        case .truncated(let path, let expected, let found):
            "\(path): expected \(expected) bytes, the file has \(found); take another copy, or train again"
        case .malformed(let path, let expected, let found):
            "\(path): expected \(expected), found \(found); take another copy, or train again"
        }
    }
}
