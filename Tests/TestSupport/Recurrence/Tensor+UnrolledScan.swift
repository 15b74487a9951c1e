import Compute
import Tensors

extension Tensor {
    /// `Tensor.scan` written out: an operation of the graph for each operation and step. What scans are compared with.
    public static func unrolledScan(
        _ sequences: [Tensor], from state: [Tensor], isReversed: Bool = false,
        body: (_ inputs: [Tensor], _ state: [Tensor]) throws -> (state: [Tensor], outputs: [Tensor])
    ) throws -> (state: [Tensor], outputs: [Tensor]) {
        let steps = sequences.first?.shape.first ?? 0
        var state = state
        var outputs: [[Tensor]] = []
        for step in isReversed ? (0..<steps).reversed() : Array(0..<steps) {
            let inputs = try sequences.map {
                try $0.sliced(step..<step + 1, axis: 0).reshaped(Array($0.shape.dropFirst()))
            }
            let result = try body(inputs, state)
            state = result.state
            outputs.append(result.outputs)
        }
        if isReversed { outputs.reverse() }
        let stacked = try (outputs.first ?? []).indices.map { index in try stack(outputs.map { $0[index] }) }
        return (state, stacked)
    }
}
