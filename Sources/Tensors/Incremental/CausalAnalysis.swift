import Compute

/// The latest pixel, in raster order, that a value at a position depends on, relative to that position. Reaches add along
/// a path and are compared like positions in raster order, which adding keeps.
struct Reach: Hashable, Comparable {
    var rows: Int
    var columns: Int

    /// The pixel itself.
    static let here = Reach(rows: 0, columns: 0)

    static func < (a: Reach, b: Reach) -> Bool { (a.rows, a.columns) < (b.rows, b.columns) }
    static func + (a: Reach, b: Reach) -> Reach { Reach(rows: a.rows + b.rows, columns: a.columns + b.columns) }
}

/// How a node that depends on the image is laid out: a value, the cell, at each position of a grid.
struct MapLayout: Hashable {
    /// Positions.
    var height: Int
    var width: Int
    /// Pixels from one position to the next, down and across.
    var scale: Int
    /// The leading axes of the node's shape that stand for images and positions: 3 for [N, H, W, …], 1 for [N H W, …],
    /// 2 for [1, N H W, …].
    var lead: Int
    var reach: Reach

    /// Whether the value depends on rows above only, so that a whole row of it can be computed before the row's pixels.
    var isOfRow: Bool { reach.rows < 0 }
}

/// Finds how each node of an autoregressive network depends on the image.
struct CausalAnalysis {
    /// Images in the graph's batch.
    let batch: Int
    let image: Source
    /// Every node that the output needs, inputs before users.
    let order: [Node]
    /// The layouts of the nodes that depend on the image; the others are the same wherever the scan is.
    private(set) var layouts: [ObjectIdentifier: MapLayout] = [:]

    /// - Parameter image: the leaf of shape [N, H, W, C].
    /// - Throws: `IncrementalError`.
    init(of output: Tensor, image: Source) throws {
        self.image = image
        batch = image.shape[0]
        order = topologicalOrder(of: [output.node])
        for node in order {
            if case .source(let source) = node.operation, source == image {
                layouts[ObjectIdentifier(node)] = MapLayout(
                    height: image.shape[1], width: image.shape[2], scale: 1, lead: 3, reach: .here)
            } else if node.inputs.contains(where: { layout(of: $0) != nil }) {
                layouts[ObjectIdentifier(node)] = try derived(node)
            }
        }
    }

    func layout(of node: Node) -> MapLayout? { layouts[ObjectIdentifier(node)] }

    /// The value at one position: the shape without its leading axes.
    func cell(of node: Node) -> [Int] { Array(node.shape.dropFirst(layout(of: node)?.lead ?? 0)) }

    /// The form in which a shape lists the positions of a grid; nil where it does not.
    func lead(of shape: [Int], height: Int, width: Int) -> Int? {
        if shape.starts(with: [batch, height, width]) { return 3 }
        if shape.first == batch * height * width { return 1 }
        if shape.starts(with: [1, batch * height * width]) { return 2 }
        return nil
    }

    private func derived(_ node: Node) throws -> MapLayout {
        let known = node.inputs.map { layout(of: $0) }
        guard var layout = known.lazy.compactMap({ $0 }).first else {
            throw unsupported(node, "it does not depend on the image")
        }
        for other in known.compactMap({ $0 }) { layout.reach = max(layout.reach, other.reach) }
        let input = node.inputs[0]

        switch node.operation {
        case .unary, .binary, .select, .cast, .concatenate:
            for other in known.compactMap({ $0 })
            where (other.lead, other.height, other.width, other.scale)
                != (layout.lead, layout.height, layout.width, layout.scale)
            {
                throw unsupported(node, "its inputs are laid out differently")
            }
            if case .concatenate(let axis) = node.operation, axis < layout.lead {
                throw unsupported(node, "it joins images or positions")
            }
        case .reshape:
            let cells = input.shape.dropFirst(layout.lead).reduce(1, *)
            guard let lead = lead(of: node.shape, height: layout.height, width: layout.width),
                node.shape.dropFirst(lead).reduce(1, *) == cells
            else { throw unsupported(node, "it mixes images or positions") }
            layout.lead = lead
        case .expand, .slice, .pad:
            guard node.shape.prefix(layout.lead) == input.shape.prefix(layout.lead) else {
                throw unsupported(node, "it changes the positions")
            }
        case .permute(let axes):
            guard axes.prefix(layout.lead).elementsEqual(0..<layout.lead) else {
                throw unsupported(node, "it moves the positions")
            }
        case .flip(let axes), .reduce(_, let axes):
            guard axes.allSatisfy({ $0 >= layout.lead }) else { throw unsupported(node, "it mixes positions") }
        case .contraction:
            guard layout.lead == 2, node.shape[0] == 1, known[1] == nil else {
                throw unsupported(node, "only products of one position's values with weights have an incremental form")
            }
        case .convolution(let kind, let geometry):
            guard known[1] == nil, kind != .weightGradient, layout.lead == 3 else {
                throw unsupported(node, "only convolutions of maps with weights have an incremental form")
            }
            layout = try convolved(node, layout, kind, geometry)
        default:
            throw unsupported(node, "it has no incremental form")
        }
        return layout
    }

    private func convolved(
        _ node: Node, _ input: MapLayout, _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry
    ) throws -> MapLayout {
        var layout = input
        let stride = geometry.strideY
        layout.height = node.shape[1]
        layout.width = node.shape[2]
        if kind == .forward { layout.scale *= stride } else { layout.scale /= stride }
        guard geometry.strideX == stride, kind == .forward || input.scale % stride == 0,
            layout.height == image.shape[1].dividedUp(by: layout.scale),
            layout.width == image.shape[2].dividedUp(by: layout.scale)
        else { throw unsupported(node, "its size is not that of the image over its stride, rounded up") }
        // The scan's rows between a tap's place and the position, in the finer of the two grids.
        let unit = kind == .forward ? input.scale : -layout.scale
        let farthest = geometry.taps.map { Reach(rows: unit * $0.dy, columns: unit * $0.dx) }.max() ?? .here
        layout.reach = input.reach + farthest
        return layout
    }

    private func unsupported(_ node: Node, _ why: String) -> IncrementalError {
        .unsupported(operation: "\(node.operation)".prefix { $0 != "(" }.description, shape: node.shape, why: why)
    }
}

extension Int {
    /// The quotient, rounded up.
    func dividedUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
}
