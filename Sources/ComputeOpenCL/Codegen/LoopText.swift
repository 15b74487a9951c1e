import Compute

/// Pieces of loops that the pointwise kernels and the reductions share.
enum LoopText {
    /// Splits a linear number into indices, the last one fastest; each has its extent's text.
    static func decompose(_ linear: String, into indices: [(name: String, extent: String)], index: String) -> [String] {
        guard let (name, _) = indices.first else { return [] }
        if indices.count == 1 { return ["\(index) \(name) = \(linear);"] }
        var lines = ["\(index) rest_\(name) = \(linear);"]
        for (inner, extent) in indices.dropFirst().reversed() {
            lines.append("\(index) \(inner) = rest_\(name) % \(extent);")
            lines.append("rest_\(name) /= \(extent);")
        }
        lines.append("\(index) \(name) = rest_\(name);")
        return lines
    }

    /// Steps indices on to the next combination, without dividing.
    static func advance(_ indices: [(name: String, extent: String)]) -> [String] {
        guard let (first, _) = indices.first else { return [] }
        var opened: [String] = []
        for (name, extent) in indices.dropFirst().reversed() {
            opened.append("if (++\(name) == \(extent)) { \(name) = 0;")
        }
        return [opened.joined(separator: " ") + " ++\(first);" + String(repeating: " }", count: opened.count)]
    }

    static func block(_ head: String, _ body: [String]) -> [String] {
        ["\(head) {"] + body.map { "    " + $0 } + ["}"]
    }
}

extension PointwiseStep {
    /// The iteration space, with one axis at the least.
    var axesShape: [Int] { shape.isEmpty ? [1] : shape }

    /// Whether some index or address of the step needs more than 32 bits.
    var isWide: Bool {
        let limit = Int(Int32.max) - (1 << 20)
        var views = body.instructions.compactMap(\.view) + stores.map(\.view)
        if let reduction { views += reduction.epilogue.instructions.compactMap(\.view) }
        return shape.reduce(1, *) > limit || views.contains { ($0.reach?.upperBound ?? 0) - $0.offset > limit }
            || views.contains { $0.offset > limit }
    }
}
