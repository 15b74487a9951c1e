import Compute

/// A leaf of a program's graph: memory that moves along with the scan.
final class ScanPlace: Source, @unchecked Sendable {
    struct Key: Hashable {
        enum Memory: Hashable {
            /// The kept outputs of a node, by number.
            case cache(Int)
            /// A value computed before the scan, by number.
            case prepared(Int)
            /// The image, the uniform numbers, and what is given of the image.
            case pixels, uniforms, isGiven
        }
        var memory: Memory
        /// From the present position, in positions of the memory's grid.
        var rowShift = 0
        var columnShift = 0
        /// Positions, counted from the first; nil for one, without an axis of its own.
        var count: Int?
    }

    let key: Key

    fileprivate init(_ key: Key, shape: [Int], dtype: DType) {
        self.key = key
        super.init(shape: shape, dtype: dtype)
    }
}

/// The memory that the programs of one network share: what they ask for while they are derived.
final class ScanMemory {
    /// The outputs of a node, kept for later positions: some rows of [width + padding, N, cell…]. The padding is zero, and
    /// so is a row above the image.
    struct Cache {
        let node: Node
        let layout: MapLayout
        let cell: [Int]
        var rowsBack = 0
        var left = 0
        var right = 0
    }

    /// A value that does not depend on the image.
    struct Prepared {
        enum Kind: Hashable {
            /// The same for all images.
            case shared
            /// [N, …]
            case perImage
            /// [N, height, width, …] of a grid of this scale.
            case map(scale: Int)
        }
        let tensor: Tensor
        let kind: Kind
    }

    private(set) var caches: [Cache] = []
    private(set) var prepared: [Prepared] = []
    private var cacheNumbers: [ObjectIdentifier: Int] = [:]
    private var preparedNumbers: [ObjectIdentifier: Int] = [:]
    private var places: [ScanPlace.Key: ScanPlace] = [:]
    private var derived: [Derived: Tensor] = [:]

    private struct Derived: Hashable {
        let node: ObjectIdentifier
        let key: String
    }

    func place(_ key: ScanPlace.Key, shape: [Int], dtype: DType = .float32) -> ScanPlace {
        if let known = places[key] { return known }
        let place = ScanPlace(key, shape: shape, dtype: dtype)
        places[key] = place
        return place
    }

    /// The kept outputs of a node at one position (count nil: shape [N, cell…]) or at `count` neighbours
    /// ([count, N, cell…]), the first of them `columns` right of the present position or, in a program of rows, of the
    /// row's beginning.
    func cache(
        of node: Node, _ analysis: CausalAnalysis, rows: Int = 0, columns: Int = 0, count: Int? = nil, ofRow: Bool
    ) throws -> ScanPlace {
        guard let layout = analysis.layout(of: node) else {
            throw IncrementalError.unsupported(operation: "a cache", shape: node.shape, why: "it is no map")
        }
        guard node.dtype == .float32 else {
            throw IncrementalError.unsupported(
                operation: "a convolution of \(node.dtype) values", shape: node.shape, why: "only Float32 is kept")
        }
        let cell = analysis.cell(of: node)
        let number = cacheNumbers[ObjectIdentifier(node)] ?? caches.count
        if number == caches.count {
            cacheNumbers[ObjectIdentifier(node)] = number
            caches.append(Cache(node: node, layout: layout, cell: cell))
        }
        caches[number].rowsBack = max(caches[number].rowsBack, -rows)
        caches[number].left = max(caches[number].left, -columns)
        let last = columns + (count ?? 1) - 1
        caches[number].right = max(caches[number].right, ofRow ? last - (layout.width - 1) : last)
        return place(
            ScanPlace.Key(memory: .cache(number), rowShift: rows, columnShift: columns, count: count),
            shape: (count.map { [$0] } ?? []) + [analysis.batch] + cell)
    }

    /// One tensor for each node and key: the first that was made for them.
    func remembered(_ tensor: Tensor, key: String, of node: Node) -> Tensor {
        let derived = Derived(node: ObjectIdentifier(node), key: key)
        if let known = self.derived[derived] { return known }
        self.derived[derived] = tensor
        return tensor
    }

    /// The number of a value to be computed before the scan.
    func prepare(_ tensor: Tensor, _ kind: Prepared.Kind) -> Int {
        let identity = ObjectIdentifier(tensor.node)
        if let known = preparedNumbers[identity] { return known }
        preparedNumbers[identity] = prepared.count
        prepared.append(Prepared(tensor: tensor, kind: kind))
        return prepared.count - 1
    }
}
