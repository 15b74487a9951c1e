/// Why no incremental network can be derived from a graph.
public enum IncrementalError: Error, Hashable, Sendable {
    /// An operation that mixes positions in a way that has no incremental form.
    case unsupported(operation: String, shape: [Int], why: String)
    /// A value at a position depends on pixels that come later in raster order.
    case notCausal(what: String, rows: Int, columns: Int)
}

extension IncrementalError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unsupported(let operation, let shape, let why):
            "an autoregressive network cannot have \(operation) giving \(shape): \(why); "
                + "use operations on one position and causal convolutions, or the naive sampler"
        case .notCausal(let what, let rows, let columns):
            "\(what) looks \(rows) rows and \(columns) columns ahead of the pixel being drawn; "
                + "mask the convolutions so that it sees earlier pixels only"
        }
    }
}
