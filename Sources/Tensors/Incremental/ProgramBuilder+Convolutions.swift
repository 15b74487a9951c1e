import Compute

extension ProgramBuilder {
    /// A tap as the present position sees it: the place of its input relative to the input's present position.
    struct ShiftedTap {
        /// Its number among the weights.
        var number: Int
        var rows: Int
        var columns: Int
        /// For a program of rows: the columns of the result, counted modulo the stride, that the tap contributes to.
        var phase = 0
    }

    /// The taps that contribute at the present position. A transposed convolution has different ones at each phase.
    func taps(
        _ geometry: ConvolutionGeometry, _ kind: ConvolutionStep.Kind, _ layout: MapLayout
    ) -> [ShiftedTap] {
        if kind == .forward {
            return geometry.taps.enumerated().map { ShiftedTap(number: $0, rows: $1.dy, columns: $1.dx) }
        }
        let stride = geometry.strideY
        let (row, columns) =
            switch moment {
            case .row(let phase): (phase / layout.scale % stride, Array(0..<stride))
            case .pixel(let row, let column): (row / layout.scale % stride, [column / layout.scale % stride])
            }
        return columns.flatMap { column in
            geometry.taps.enumerated().compactMap { number, tap in
                let (down, across) = (row - tap.dy, column - tap.dx)
                guard down % stride == 0, across % stride == 0 else { return nil }
                return ShiftedTap(number: number, rows: down / stride, columns: across / stride, phase: column)
            }
        }
    }

    /// Whether a tap reads what this program computes at its own position.
    func isNow(_ input: Node, rows: Int, columns: Int) -> Bool {
        guard let layout = analysis.layout(of: input) else { return false }
        return isOfRow ? layout.isOfRow && rows == 0 : !layout.isOfRow && rows == 0 && columns == 0
    }

    /// - Throws: `IncrementalError.notCausal` for a tap whose input is not known yet.
    private func check(_ tap: ShiftedTap, _ input: Node, _ node: Node) throws {
        let isOfRowInput = analysis.layout(of: input)?.isOfRow == true
        let isKnown = tap.rows < 0 || (tap.rows == 0 && (isOfRowInput || (!isOfRow && tap.columns <= 0)))
        guard isKnown else {
            throw IncrementalError.notCausal(
                what: "a convolution giving \(node.shape)", rows: tap.rows, columns: max(tap.columns, 0))
        }
    }

    /// The weights of some taps below each other, [taps · depth, columns]: those of a forward convolution as they are,
    /// those of a transposed one transposed.
    private func matrix(
        _ node: Node, _ taps: [ShiftedTap], _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry
    ) throws -> Tensor {
        let weights = node.inputs[1]
        if kind == .forward { return try self.weights(weights).reshaped([-1, geometry.outputChannels]) }
        let transposed = try Tensor(weights).transposed()
        let parts = try taps.map { try transposed.sliced($0.number..<($0.number + 1), axis: 0) }
        return try shared(
            Tensor.concatenate(parts).reshaped([-1, geometry.inputChannels]), key: "\(taps.map(\.number))", of: weights)
    }

    /// A convolution at one pixel: the taps' values side by side, times the weights below each other.
    func convolvedPixel(
        _ node: Node, _ layout: MapLayout, _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry
    ) throws -> Tensor {
        let input = node.inputs[0]
        let taps = taps(geometry, kind, layout)
        guard !taps.isEmpty else { return try Tensor.zeros(leading(layout) + analysis.cell(of: node)) }
        for tap in taps { try check(tap, input, node) }
        let batch = analysis.batch
        var parts: [Tensor] = []
        var next = 0
        while next < taps.count {
            let first = taps[next]
            if isNow(input, rows: first.rows, columns: first.columns) {
                parts.append(try value(of: input).expandedDimensions(1))
                next += 1
                continue
            }
            // Neighbours in a row are neighbours in memory.
            var count = 1
            while next + count < taps.count {
                let tap = taps[next + count]
                guard tap.rows == first.rows, tap.columns == first.columns + count,
                    !isNow(input, rows: tap.rows, columns: tap.columns)
                else { break }
                count += 1
            }
            let run = try memory.cache(
                of: input, analysis, rows: first.rows, columns: first.columns, count: count, ofRow: false)
            parts.append(try run.tensor.transposed(0, 1))
            next += count
        }
        return try Tensor.concatenate(parts, axis: 1).reshaped([batch, -1])
            .matmul(matrix(node, taps, kind, geometry))
    }

    /// A convolution for a whole row at once.
    func convolvedRow(
        _ node: Node, _ layout: MapLayout, _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry
    ) throws -> Tensor {
        let input = node.inputs[0]
        let taps = taps(geometry, kind, layout)
        for tap in taps { try check(tap, input, node) }
        if kind == .forward {
            return try product(
                node, taps, kind, geometry, positions: layout.width, stride: geometry.strideX)
        }
        // One product for each phase of columns, then the phases between each other.
        let stride = geometry.strideX
        let positions = layout.width.dividedUp(by: stride)
        let phases = try (0..<stride).map { phase in
            let own = taps.filter { $0.phase == phase }
            guard !own.isEmpty else { return try Tensor.zeros([positions, analysis.batch, geometry.inputChannels]) }
            return try product(node, own, kind, geometry, positions: positions, stride: 1)
        }
        return try Tensor.stack(phases, axis: 1)
            .reshaped([positions * stride, analysis.batch, geometry.inputChannels])
            .sliced(0..<layout.width, axis: 0)
    }

    /// For each of `positions` columns, `stride` apart in the input, the taps' values times the weights.
    private func product(
        _ node: Node, _ taps: [ShiftedTap], _ kind: ConvolutionStep.Kind, _ geometry: ConvolutionGeometry,
        positions: Int, stride: Int
    ) throws -> Tensor {
        let input = node.inputs[0]
        guard let inputLayout = analysis.layout(of: input) else { return try Tensor.zeros([]) }
        let span = (positions - 1) * stride + 1
        // Each row of the input once, as wide as its taps need it.
        var rows: [Int: (first: Int, tensor: Tensor)] = [:]
        for row in Set(taps.map(\.rows)) {
            let columns = taps.filter { $0.rows == row }.map(\.columns)
            let (first, last) = (columns.min() ?? 0, columns.max() ?? 0)
            if isNow(input, rows: row, columns: 0) {
                let left = max(0, -first)
                let right = max(0, last + span - inputLayout.width)
                let value = try value(of: input)
                var (before, after) = (value.shape.map { _ in 0 }, value.shape.map { _ in 0 })
                (before[0], after[0]) = (left, right)
                rows[row] = (-left, try value.padded(before: before, after: after))
            } else {
                let window = try memory.cache(
                    of: input, analysis, rows: row, columns: first, count: last - first + span, ofRow: true)
                rows[row] = (first, window.tensor)
            }
        }
        let parts = try taps.compactMap { tap in
            try rows[tap.rows].map { row in
                let start = tap.columns - row.first
                return try row.tensor.sliced(start..<(start + span), axis: 0, step: stride)
            }
        }
        return try Tensor.stack(parts, axis: 2).reshaped([positions, analysis.batch, -1])
            .matmul(matrix(node, taps, kind, geometry))
    }
}
