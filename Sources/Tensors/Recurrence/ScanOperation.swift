import Compute

/// A recurrence as an operation: a body applied step by step, written down once whatever the number of steps.
///
/// Inputs: the sequences `[steps, …]`, the first states, and what the body uses from outside ("captured": weights),
/// which is the same at every step. The result is one Float32 vector, in segments: for each state its value at every
/// moment, `[steps + 1, …]`, in the order of time; for each value that is stacked, `[steps, …]`. Users are slices of it.
///
/// What is kept for the way back: the state at every step, and the results of products, convolutions and reductions, or
/// the sums that these go into. Gates are computed again from those: they are cheap, and there are several for each
/// state. Memory is then that of the states and one product's result a step, and no product is done twice.
package struct ScanOperation: Hashable, Sendable {
    package var steps: Int
    /// Whether time runs from the last step to the first.
    package var isReversed: Bool
    package var sequences: Int
    /// For each state, whether its value at every moment is in the result; otherwise it is the last alone, in the first
    /// of two entries (the other is needed on the way).
    package var keepsHistory: [Bool]
    /// Leaves, by ordinal: one step of each sequence, the states, what is captured. Outputs: the new states, then what is
    /// stacked.
    package var body: Graph

    package var states: Int { keepsHistory.count }

    /// A part of the result.
    struct Segment: Hashable {
        var offset: Int
        var entries: Int
        /// Of one entry.
        var shape: [Int]
        var stride: Int { shape.reduce(1, *) }
        var range: Range<Int> { offset..<offset + entries * stride }

        /// The elements of some entries.
        func range(_ chosen: Range<Int>) -> Range<Int> {
            offset + chosen.lowerBound * stride..<offset + chosen.upperBound * stride
        }
    }

    /// Of each output of the body.
    var segments: [Segment] {
        var offset = 0
        return body.outputs.enumerated().map { number, output in
            let entries = number < states ? (keepsHistory[number] ? steps + 1 : 2) : steps
            let segment = Segment(offset: offset, entries: entries, shape: body.vertices[output.vertex].shape)
            offset = segment.range.upperBound
            return segment
        }
    }

    /// The elements of the result.
    var count: Int { segments.last?.range.upperBound ?? 0 }

    /// The entries of a kept state's segment before and after each step, in the order of time, and the last one.
    var entriesBefore: Range<Int> { isReversed ? 1..<steps + 1 : 0..<steps }
    var entriesAfter: Range<Int> { isReversed ? 0..<steps : 1..<steps + 1 }
    var firstEntry: Int { isReversed ? steps : 0 }
    var lastEntry: Int { isReversed ? 0 : steps }

    /// Where a state's first value is put into its segment.
    func firstEntry(ofState state: Int) -> Int { keepsHistory[state] ? firstEntry : steps % 2 }

    /// The numbers of the inputs that are first states.
    package var stateInputs: Range<Int> { sequences..<sequences + states }

    /// The body's vertices as tensors over the given leaves.
    package func instantiated(_ leaves: [Tensor]) -> [Tensor] {
        var values: [Tensor] = []
        for vertex in body.vertices {
            switch vertex.kind {
            case .source(let ordinal): values.append(leaves[ordinal])
            case .operation(let operation):
                values.append(
                    Tensor(operation, vertex.inputs.map { values[$0] }, shape: vertex.shape, dtype: vertex.dtype))
            }
        }
        return values
    }

    /// Leaves for one step, for the inputs of a scan.
    package func leaves(for inputs: [Tensor]) -> [Tensor] {
        inputs.enumerated().map { number, input in
            let shape = number < sequences ? Array(input.shape.dropFirst()) : input.shape
            return Tensor(source: ScanLeaf(shape: shape, dtype: input.dtype))
        }
    }
}

extension ScanOperation: CustomStringConvertible {
    package var description: String { "scan(\(steps) steps\(isReversed ? ", reversed" : ""))" }
}

/// What stands for an input in a body: it has no contents of its own.
final class ScanLeaf: Source, @unchecked Sendable {}

/// A scan's result taken apart.
struct ScanResult {
    let packed: Tensor
    let operation: ScanOperation

    /// `[entries, …]` of a segment.
    private func entries(_ range: Range<Int>, of number: Int) throws -> Tensor {
        let segment = operation.segments[number]
        return try packed.sliced(segment.range(range), axis: 0).reshaped([range.count] + segment.shape)
    }

    /// A state before each step, `[steps, …]`.
    func before(_ state: Int) throws -> Tensor { try entries(operation.entriesBefore, of: state) }

    /// A state after each step, `[steps, …]`.
    func after(_ state: Int) throws -> Tensor { try entries(operation.entriesAfter, of: state) }

    /// A state after the last step.
    func last(_ state: Int) throws -> Tensor {
        let segment = operation.segments[state]
        return try entries(operation.lastEntry..<operation.lastEntry + 1, of: state).reshaped(segment.shape)
    }

    /// Output number `output` of the body, `[steps, …]`.
    func stacked(_ output: Int) throws -> Tensor { try entries(0..<operation.steps, of: output) }
}
