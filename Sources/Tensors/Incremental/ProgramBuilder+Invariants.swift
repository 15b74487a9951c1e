import Compute

/// Values that do not depend on the image: weights, biases, conditions.
extension ProgramBuilder {
    /// A value of an operation on one position: [cell…], [N, cell…] or [width, N, cell…].
    struct Invariant {
        var tensor: Tensor
        /// The number of axes before the cell.
        var lead: Int
    }

    /// Weights, the same for all images.
    func weights(_ node: Node) throws -> Tensor {
        guard !dependsOnBatch(node) else {
            throw IncrementalError.unsupported(
                operation: "a product", shape: node.shape, why: "its weights differ from image to image")
        }
        return shared(node)
    }

    /// A value that is the same for all images: read where it is, if it is in memory, and otherwise computed before the
    /// scan.
    private func shared(_ node: Node) -> Tensor {
        isInMemory(node) ? Tensor(node) : prepared(Tensor(node), .shared, shape: node.shape)
    }

    /// A value made of weights by the derivation, computed before the scan; `key` tells it from others of the same node.
    func shared(_ tensor: Tensor, key: String, of node: Node) throws -> Tensor {
        _ = try weights(node)
        return prepared(memory.remembered(tensor, key: key, of: node), .shared, shape: tensor.shape)
    }

    private func prepared(_ tensor: Tensor, _ kind: ScanMemory.Prepared.Kind, shape: [Int]) -> Tensor {
        var key = ScanPlace.Key(memory: .prepared(memory.prepare(tensor, kind)))
        if case .map = kind, isOfRow { key.count = shape.first }
        return memory.place(key, shape: shape, dtype: tensor.dtype).tensor
    }

    /// Whether a node is a contiguous part of a leaf.
    private func isInMemory(_ node: Node) -> Bool {
        var node = node
        while true {
            switch node.operation {
            case .source: return true
            case .reshape: node = node.inputs[0]
            case .slice(_, let steps) where steps == [1]: node = node.inputs[0]
            default: return false
            }
        }
    }

    func dependsOnBatch(_ node: Node) -> Bool {
        if batchSources.isEmpty { return false }
        if let known = batchDependence[ObjectIdentifier(node)] { return known }
        for part in topologicalOrder(of: [node]) {
            var depends = part.inputs.contains { batchDependence[ObjectIdentifier($0)] == true }
            if case .source(let source) = part.operation { depends = batchSources.contains(source) }
            batchDependence[ObjectIdentifier(part)] = depends
        }
        return batchDependence[ObjectIdentifier(node)] == true
    }

    /// The value at the present position of a node that is laid out as `layout` is.
    func invariant(_ node: Node, _ layout: MapLayout) throws -> Invariant {
        let cell = Array(node.shape.dropFirst(layout.lead))
        switch node.operation {
        case .constant(let scalar):
            return Invariant(tensor: try Tensor(scalar: scalar).broadcast(to: cell), lead: 0)
        case .expand:
            let input = node.inputs[0]
            let (leading, inputCell) = (input.shape.prefix(layout.lead), Array(input.shape.dropFirst(layout.lead)))
            if !dependsOnBatch(input), leading.allSatisfy({ $0 == 1 }) {
                let value = try isConstant(input) ?? shared(input).reshaped(inputCell)
                return Invariant(tensor: try value.broadcast(to: cell), lead: 0)
            }
            if layout.lead == 3, leading.elementsEqual([analysis.batch, 1, 1]) {
                let shape = [analysis.batch] + inputCell
                let value = prepared(Tensor(input), .perImage, shape: shape)
                return Invariant(tensor: try value.broadcast(to: [analysis.batch] + cell), lead: 1)
            }
            return try map(node, layout, cell)
        case .reshape:
            let input = node.inputs[0]
            guard let lead = analysis.lead(of: input.shape, height: layout.height, width: layout.width),
                input.shape.dropFirst(lead).reduce(1, *) == cell.reduce(1, *)
            else { return try map(node, layout, cell) }
            var inputLayout = layout
            inputLayout.lead = lead
            let value = try invariant(input, inputLayout)
            return Invariant(
                tensor: try value.tensor.reshaped(value.tensor.shape.prefix(value.lead) + cell), lead: value.lead)
        case .unary, .binary, .select, .cast:
            let inputs = try node.inputs.map { try invariant($0, layout) }
            let lead = inputs.map(\.lead).max() ?? 0
            let shape = (self.leading(layout) + cell).suffix(lead + cell.count)
            return Invariant(
                tensor: Tensor(
                    node.operation, try inputs.map { try $0.tensor.broadcast(to: Array(shape)) }, shape: Array(shape),
                    dtype: node.dtype), lead: lead)
        default:
            return try map(node, layout, cell)
        }
    }

    /// A number that is written down, whatever its shape.
    private func isConstant(_ node: Node) throws -> Tensor? {
        var part = node
        while case .reshape = part.operation { part = part.inputs[0] }
        guard case .constant(let scalar) = part.operation else { return nil }
        return Tensor(scalar: scalar)
    }

    /// A value that differs from position to position: all of them are computed before the scan.
    private func map(_ node: Node, _ layout: MapLayout, _ cell: [Int]) throws -> Invariant {
        let whole = memory.remembered(
            try Tensor(node).reshaped([analysis.batch, layout.height, layout.width] + cell), key: "map", of: node)
        let shape = leading(layout) + cell
        return Invariant(
            tensor: prepared(whole, .map(scale: layout.scale), shape: shape), lead: leading(layout).count)
    }
}
