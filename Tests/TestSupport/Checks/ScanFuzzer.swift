import Compute
import Tensors

/// Recurrences with random bodies, as scans and written out.
public struct ScanFuzzer {
    private let seed: UInt64

    public init(seed: UInt64) { self.seed = seed }

    /// Outputs, last states, and the gradients of all leaves.
    public func everything(isUnrolled: Bool) throws -> [Tensor] {
        var random = TestRandom(seed: seed)
        let (steps, batch) = (random.int(1..<5), random.int(1..<5))
        let operations = random.int(2..<12)
        let isReversed = random.chance(0.5)
        func leaf(_ shape: [Int]) throws -> Tensor { try InputSpec.floats(shape).tensor(&random) }
        let sequences = [try leaf([steps, batch, 3]), try leaf([steps, 4])]
        let states = try (0..<random.int(1..<3)).map { _ in try leaf([batch, 4]) }
        let weights = [try leaf([4, 4]), try leaf([4])]
        let body: Cells.Body = { inputs, state in
            // Equal at every call.
            var fuzzer = GraphFuzzer(seed: seed, isSmooth: true)
            let made = try fuzzer.outputs(operations: operations, from: inputs + weights + state)
            let next = try state.map { try (fuzzer.value(of: $0.shape) + $0 * 0.5).tanh() }
            return (next, try [fuzzer.value(of: [batch, 3]), made[0]].map { try $0.sin() } + [state[0]])
        }
        let scan =
            try isUnrolled
            ? Tensor.unrolledScan(sequences, from: states, isReversed: isReversed, body: body)
            : Tensor.scan(sequences, from: states, isReversed: isReversed, body: body)
        let results = scan.outputs + scan.state
        var total = Tensor(0)
        for result in results { total = try total + result.square().mean() }
        return try results + gradients(of: total, withRespectTo: sequences + states + weights)
    }
}
