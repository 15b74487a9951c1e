import Compute

/// Derives the graph of one program of the scan from the network's graph: what runs at the beginning of certain rows, or
/// at certain pixels.
///
/// Values are [N, cell…] at a pixel, and [width, N, cell…] for a row.
final class ProgramBuilder {
    /// When the program runs: phases are rows and columns modulo the network's largest scale.
    enum Moment {
        case row(phase: Int)
        case pixel(row: Int, column: Int)
    }

    let analysis: CausalAnalysis
    let memory: ScanMemory
    let moment: Moment
    /// Leaves whose values belong to the images of the batch.
    let batchSources: Set<Source>
    /// The present pixel as far as it is known. Changing it forgets what depended on it.
    var pixel: Tensor {
        didSet { present = [:] }
    }
    private var values: [ObjectIdentifier: Tensor] = [:]
    /// Values that depend on the pixel itself.
    private var present: [ObjectIdentifier: Tensor] = [:]
    var batchDependence: [ObjectIdentifier: Bool] = [:]

    init(_ analysis: CausalAnalysis, memory: ScanMemory, moment: Moment, batchSources: Set<Source>, pixel: Tensor) {
        self.analysis = analysis
        self.memory = memory
        self.moment = moment
        self.batchSources = batchSources
        self.pixel = pixel
    }

    var isOfRow: Bool {
        if case .row = moment { true } else { false }
    }

    /// The axes before the cell.
    func leading(_ layout: MapLayout) -> [Int] { isOfRow ? [layout.width, analysis.batch] : [analysis.batch] }

    /// Whether the program computes positions of this grid.
    func isActive(_ layout: MapLayout) -> Bool {
        switch moment {
        case .row(let phase): phase % layout.scale == 0
        case .pixel(let row, let column): row % layout.scale == 0 && column % layout.scale == 0
        }
    }

    /// The values of nodes that depend on the image.
    func values(of targets: [Node]) throws -> [Tensor] {
        var needed = Set(targets.map { ObjectIdentifier($0) })
        for node in analysis.order.reversed() where needed.contains(ObjectIdentifier(node)) {
            if known(node) != nil || isRead(node) { continue }
            needed.formUnion(operandsNow(of: node).map { ObjectIdentifier($0) })
        }
        for node in analysis.order where needed.contains(ObjectIdentifier(node)) && known(node) == nil {
            let value = try isRead(node) ? kept(node) : computed(node)
            if analysis.layout(of: node)?.reach == .here {
                present[ObjectIdentifier(node)] = value
            } else {
                values[ObjectIdentifier(node)] = value
            }
        }
        return try targets.map { try value(of: $0) }
    }

    private func known(_ node: Node) -> Tensor? { values[ObjectIdentifier(node)] ?? present[ObjectIdentifier(node)] }

    func value(of node: Node) throws -> Tensor {
        guard let value = known(node) else {
            throw IncrementalError.unsupported(
                operation: "\(node.operation)", shape: node.shape, why: "its value is needed before it is known")
        }
        return value
    }

    /// Whether the value is one that another program, or this one at an earlier position, has computed.
    private func isRead(_ node: Node) -> Bool {
        guard let layout = analysis.layout(of: node) else { return false }
        return !isActive(layout) || (!isOfRow && layout.isOfRow)
    }

    private func kept(_ node: Node) throws -> Tensor {
        let count = isOfRow ? analysis.layout(of: node)?.width : nil
        return try memory.cache(of: node, analysis, count: count, ofRow: isOfRow).tensor
    }

    /// The inputs whose values at the present position are needed.
    private func operandsNow(of node: Node) -> [Node] {
        let dependent = node.inputs.filter { analysis.layout(of: $0) != nil }
        guard case .convolution(let kind, let geometry) = node.operation, let layout = analysis.layout(of: node),
            let input = dependent.first
        else { return dependent }
        return taps(geometry, kind, layout).contains { isNow(input, rows: $0.rows, columns: $0.columns) } ? [input] : []
    }

    private func computed(_ node: Node) throws -> Tensor {
        guard let layout = analysis.layout(of: node) else {
            throw IncrementalError.unsupported(operation: "a value", shape: node.shape, why: "it is no map")
        }
        let cell = analysis.cell(of: node)
        let shape = leading(layout) + cell
        let (own, lead) = (leading(layout).count, layout.lead)
        func shifted(_ axes: [Int]) -> [Int] { axes.map { $0 - lead + own } }
        func operation(_ operation: Operation) throws -> Tensor {
            Tensor(operation, [try value(of: node.inputs[0])], shape: shape, dtype: node.dtype)
        }

        switch node.operation {
        case .source: return pixel
        case .unary, .binary, .select, .cast:
            let inputs = try node.inputs.map { try operand($0, layout).broadcast(to: shape) }
            return Tensor(node.operation, inputs, shape: shape, dtype: node.dtype)
        case .concatenate(let axis):
            let inputs = try node.inputs.map {
                try operand($0, layout).broadcast(to: leading(layout) + $0.shape.dropFirst(lead))
            }
            return try Tensor.concatenate(inputs, axis: axis - lead + own)
        case .reshape: return try value(of: node.inputs[0]).reshaped(shape)
        case .expand: return try value(of: node.inputs[0]).broadcast(to: shape)
        case .permute(let axes): return try operation(.permute(Array(0..<own) + shifted(Array(axes.dropFirst(lead)))))
        case .slice(let starts, let steps):
            let kept = [Int](repeating: 0, count: own)
            return try operation(
                .slice(starts: kept + starts.dropFirst(lead), steps: kept.map { _ in 1 } + steps.dropFirst(lead)))
        case .pad(let before):
            return try operation(.pad(before: [Int](repeating: 0, count: own) + before.dropFirst(lead)))
        case .flip(let axes): return try operation(.flip(axes: shifted(axes)))
        case .reduce(let reduction, let axes): return try operation(.reduce(reduction, axes: shifted(axes)))
        case .contraction:
            return try value(of: node.inputs[0]).matmul(weights(node.inputs[1]).reshaped([-1, cell[0]]))
        case .convolution(let kind, let geometry):
            return try isOfRow
                ? convolvedRow(node, layout, kind, geometry) : convolvedPixel(node, layout, kind, geometry)
        default:
            throw IncrementalError.unsupported(
                operation: "\(node.operation)", shape: node.shape, why: "it has no incremental form")
        }
    }

    /// An input of an operation on one position.
    private func operand(_ input: Node, _ layout: MapLayout) throws -> Tensor {
        analysis.layout(of: input) == nil ? try invariant(input, layout).tensor : try value(of: input)
    }
}
