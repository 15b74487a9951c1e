import Compute

/// What a graph became: steps in order, and the memory they need. Independent of any device's handles.
package struct Plan: Sendable {
    package var steps: [PlannedStep]
    /// Slots `0 ..< sources` are the graph's leaves, by ordinal.
    package var sources: Int
    /// Bytes of each result; their slots follow the sources.
    package var results: [Int]
    /// Bytes of each slab of intermediates; their slots come last.
    package var slabs: [Int]
}

/// A step with what a person wants to know of it.
package struct PlannedStep: Sendable {
    package var step: Step
    package var label: String
    package var shape: [Int]
    package var flops: Int
    /// Bytes read and written, each operand counted once.
    package var bytes: Int
    /// The steps that a scan runs each time.
    package var inner: [PlannedStep] = []

    /// Writes nothing.
    var isEmpty: Bool {
        switch step {
        case .pointwise(let step): step.stores.allSatisfy { $0.view.count == 0 }
        case .contraction(let step): step.batch * step.rows * step.columns == 0
        case .convolution: shape.contains(0)
        case .gather(let step): step.count * step.width == 0
        case .scatterAdd(let step): step.rows * step.width == 0
        case .rasterScan(let step): step.rows * step.instances == 0 || shape.contains(0)
        }
    }
}

extension Plan: CustomStringConvertible {
    /// One line a step: what it is, the shape of its result, its bytes and floating-point operations.
    package var description: String { table(extra: { _ in "" }, header: "") }

    func table(extra: (Int) -> String, header: String) -> String {
        var lines = [
            "\(column("#", 4))  \(left("step", 36))\(left("shape", 24))\(column("bytes", 12))\(column("flops", 14))\(header)"
        ]
        for (index, step) in steps.enumerated() {
            lines.append(
                "\(column(String(index), 4))  \(left(step.label, 36))\(left(step.shape.description, 24))"
                    + "\(column(String(step.bytes), 12))\(column(String(step.flops), 14))\(extra(index))")
            for inner in step.inner {
                lines.append(
                    "\(column("", 4))    \(left(inner.label, 34))\(left(inner.shape.description, 24))"
                        + "\(column(String(inner.bytes), 12))\(column(String(inner.flops), 14))")
            }
        }
        let total = steps.reduce(0) { $0 + $1.flops }
        lines.append(
            "\(steps.count) steps, \(bytesText(slabs.reduce(0, +))) of intermediates, \(total) floating-point operations"
        )
        return lines.joined(separator: "\n")
    }

    private func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
