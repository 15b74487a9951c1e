import Compute

extension Tensor {
    /// A recurrence: `body` applied to one step of every sequence after the other, with a state handed from step to step.
    ///
    /// The first axis of a sequence is time: `[steps, …]`; `body` gets the `[…]` of one step. What `body` uses from
    /// outside (weights) is the same at every step. Outputs come back stacked along time, each at its own step.
    ///
    /// `body` is called once, whatever the number of steps, and a device runs all steps of it in a few launches. Where
    /// the first axis of states, sequences and outputs is a batch that `body` does not mix, blocks of the batch run side
    /// by side. Tensors made inside `body` belong to it: ask for gradients with respect to others. Random numbers drawn inside `body` are the same at every step: draw a sequence of them before. Work on a
    /// sequence that does not need the state (the product of inputs and weights) is faster before the scan, for all steps
    /// at once.
    ///
    /// - Parameters:
    ///   - sequences: at least one, all of the same number of steps; of any type.
    ///   - state: what the first step finds; Float32.
    ///   - isReversed: whether time runs from the last step to the first.
    ///   - body: (inputs of a step, state before it) -> (state after it, of the same shapes; outputs, Float32).
    /// - Throws: `TensorError.shapeMismatch`, `TensorError.typeMismatch` where sequences differ in length, a state
    ///   changes its shape or type, or states or outputs are not Float32; `TensorError.unsupported` for a scan inside a
    ///   body; what `body` throws.
    public static func scan(
        _ sequences: [Tensor], from state: [Tensor], isReversed: Bool = false,
        body: (_ inputs: [Tensor], _ state: [Tensor]) throws -> (state: [Tensor], outputs: [Tensor])
    ) throws -> (state: [Tensor], outputs: [Tensor]) {
        guard let steps = sequences.first?.shape.first, steps > 0,
            sequences.allSatisfy({ $0.shape.first == steps })
        else {
            throw TensorError.shapeMismatch(
                operation: "scan", expected: "sequences [steps, …] of one length above 0", found: sequences.map(\.shape)
            )
        }
        let start = Node.nextSerial
        func leaf(_ shape: [Int], _ dtype: DType) -> Tensor { Tensor(source: ScanLeaf(shape: shape, dtype: dtype)) }
        let inputs = sequences.map { leaf(Array($0.shape.dropFirst()), $0.dtype) }
        let before = state.map { leaf($0.shape, $0.dtype) }
        let result = try body(inputs, before)
        try check(result.state, expected: state)
        try checkTypes(state + result.outputs)
        if state.isEmpty, result.outputs.isEmpty { return ([], []) }

        let trace = ScanTrace(
            steps: steps, isReversed: isReversed, start: start,
            sequences: zip(inputs, sequences).map { ($0.node, $1) },
            states: zip(before, zip(state, result.state)).map { ($0.node, $1.0, $1.1) })
        let scan = try trace.scan(result.outputs)
        return (try state.indices.map { try scan.result.last($0) }, scan.outputs)
    }

    private static func check(_ found: [Tensor], expected: [Tensor]) throws {
        guard found.map(\.shape) == expected.map(\.shape) else {
            throw TensorError.shapeMismatch(
                operation: "scan", expected: "a state of the shapes \(expected.map(\.shape))", found: found.map(\.shape)
            )
        }
        guard found.map(\.dtype) == expected.map(\.dtype) else {
            throw TensorError.typeMismatch(
                operation: "scan", expected: "a state of the types \(expected.map(\.dtype))", found: found.map(\.dtype))
        }
    }

    private static func checkTypes(_ tensors: [Tensor]) throws {
        guard tensors.allSatisfy({ $0.dtype == .float32 }) else {
            throw TensorError.typeMismatch(
                operation: "scan", expected: "states and outputs of Float32", found: tensors.map(\.dtype))
        }
    }
}
