import Compute
import Tensors
import TestSupport

/// A network around a recurrence, and everything that is to agree: outputs, states, and the gradients of all leaves.
struct ScanNetwork: Sendable, CustomStringConvertible {
    var description: String
    var sequence: [Int]
    var states: [[Int]]
    var weights: [[Int]]
    var isReversed = false
    var cell: @Sendable ([Tensor]) -> Cells.Body

    func everything(_ run: Run) throws -> [Tensor] {
        let x = try Self.values(sequence, 1)
        let first = try states.enumerated().map { try Self.values($1, 10 + UInt64($0)) }
        let weights = try weights.enumerated().map { try Self.values($1, 20 + UInt64($0), -0.5...0.5) }
        let scan = try run([x.tanh()], first, isReversed, cell(weights))
        let results = try scan.state + scan.outputs.map { try $0.sin() }
        var loss = Tensor(0)
        for (number, result) in results.enumerated() {
            loss = try loss + (result * Self.values(result.shape, 30 + UInt64(number))).sum()
        }
        return try results + gradients(of: loss, withRespectTo: [x] + first + weights)
    }

    /// How a recurrence is run.
    typealias Run =
        @Sendable (
            _ sequences: [Tensor], _ state: [Tensor], _ isReversed: Bool, _ body: Cells.Body
        ) throws -> (state: [Tensor], outputs: [Tensor])

    static let scanned: Run = { try Tensor.scan($0, from: $1, isReversed: $2, body: $3) }
    static let unrolled: Run = { try Tensor.unrolledScan($0, from: $1, isReversed: $2, body: $3) }

    static func values(_ shape: [Int], _ seed: UInt64, _ range: ClosedRange<Float> = -1...1) throws -> Tensor {
        var random = TestRandom(seed: seed)
        return try InputSpec.floats(shape, range).tensor(&random)
    }

    static func lstm(_ batch: Int, _ steps: Int, isReversed: Bool = false) -> ScanNetwork {
        ScanNetwork(
            description: "LSTM of \(steps) steps, batch \(batch)", sequence: [steps, batch, 20],
            states: [[batch, 5], [batch, 5]], weights: [[5, 20], [20]], isReversed: isReversed,
            cell: { Cells.lstm($0) })
    }

    static let all = [
        lstm(1, 4), lstm(3, 3, isReversed: true), lstm(16, 5),
        ScanNetwork(
            description: "GRU", sequence: [6, 4, 3], states: [[4, 5]], weights: [[3, 15], [5, 15], [5]],
            isReversed: true, cell: { Cells.gru($0) }),
        ScanNetwork(
            description: "rows", sequence: [4, 2, 6, 12], states: [[2, 6, 3], [2, 6, 3]], weights: [[3, 3, 12]],
            cell: { Cells.row($0) }),
        ScanNetwork(
            description: "diagonals", sequence: [5, 2, 4, 3], states: [[2, 4, 3]], weights: [[6, 3]], isReversed: true,
            cell: { Cells.diagonal($0) }),
        ScanNetwork(
            description: "states that change places", sequence: [3, 2, 4], states: [[2, 4], [2, 4], [2, 4]],
            weights: [[4]],
            cell: { weights in
                { ([$1[1], try $1[0] * weights[0] + $0[0], try $1[2] + $0[0]], [$1[0], $0[0], $1[2]]) }
            }),
        ScanNetwork(
            description: "a body with its own constants, one step", sequence: [1, 2, 4], states: [[2, 4]],
            weights: [[2, 1]],
            cell: { weights in
                { inputs, state in
                    let ramp = try Tensor.coordinates([2, 4], axis: 1).cast(to: .float32) * 0.25
                    return ([try inputs[0] * ramp + state[0]], [try weights[0].broadcast(to: [2, 4]), state[0]])
                }
            }),
    ]
}
