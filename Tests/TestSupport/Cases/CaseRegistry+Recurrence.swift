import Compute
import Tensors

extension CaseRegistry {
    private static let wide = Tolerance(relative: 2e-4, normwise: 2e-4)

    /// Scans: forward and reversed, of one and several states, that divide along the batch and that do not.
    public static let recurrence: [OperationCase] = [
        OperationCase("scan", [.floats([4, 3, 5]), .floats([3, 5]), .floats([5, 5], -0.5...0.5)], .composed) {
            try Tensor.scan([$0[0]], from: [$0[1]], body: Cells.simple([$0[2]])).outputs[0]
        },
        OperationCase(
            "scan of an LSTM, outputs and last states",
            [
                .floats([3, 4, 12]), .floats([4, 3]), .floats([4, 3]), .floats([3, 12], -0.8...0.8),
                .floats([12], -0.5...0.5),
            ], .composed, secondTolerance: wide,
            several: {
                let scan = try Tensor.scan([$0[0]], from: [$0[1], $0[2]], body: Cells.lstm([$0[3], $0[4]]))
                return scan.outputs + scan.state
            }),
        OperationCase(
            "scan of a GRU, reversed",
            [
                .floats([5, 2, 3]), .floats([2, 4]), .floats([3, 12], -0.8...0.8), .floats([4, 12], -0.8...0.8),
                .floats([4], -0.5...0.5),
            ], .composed, derivatives: .first,
            several: {
                let scan = try Tensor.scan([$0[0]], from: [$0[1]], isReversed: true, body: Cells.gru(Array($0[2...])))
                return scan.outputs + scan.state
            }),
        OperationCase(
            "scan of rows", [.floats([3, 2, 5, 8]), .floats([2, 5, 2]), .floats([2, 5, 2]), .floats([3, 2, 8])],
            .composed, derivatives: .first,
            several: {
                try Tensor.scan([$0[0]], from: [$0[1], $0[2]], body: Cells.row([$0[3]])).outputs
            }),
        OperationCase(
            "scan of diagonals", [.floats([4, 2, 3, 4]), .floats([2, 3, 4]), .floats([8, 4], -0.6...0.6)], .composed,
            secondTolerance: wide,
            several: {
                try Tensor.scan([$0[0]], from: [$0[1]], body: Cells.diagonal([$0[2]])).outputs
            }),
        OperationCase(
            "scan of one step, without outputs", [.floats([1, 3, 4]), .floats([3, 4]), .floats([4, 4])], .composed,
            derivatives: .first
        ) {
            try Tensor.scan([$0[0]], from: [$0[1]]) { [w = $0[2]] in
                ([try ($0[0] * $1[0].matmul(w)).sin()], [])
            }.state[0] * 3
        },
        OperationCase(
            "scan that mixes the batch", [.floats([3, 4, 2]), .floats([4, 2]), .floats([4, 4], -0.5...0.5)], .composed,
            derivatives: .first,
            several: {
                let mixer = $0[2]
                let scan = try Tensor.scan([$0[0]], from: [$0[1]], isReversed: true) { inputs, state in
                    let mean = try state[0].mean([0], keepingDimensions: true)
                    let next = try (mixer.matmul(state[0]) - mean + inputs[0]).tanh()
                    return ([next], [try mean * 2])
                }
                return scan.outputs + scan.state
            }),
        OperationCase(
            "scan with a table", [.integers([4, 2], 0...4), .floats([2, 3]), .floats([5, 3])], .composed,
            derivatives: .first,
            several: { leaves in
                try Tensor.scan([leaves[0]], from: [leaves[1]]) { inputs, state in
                    let next = try state[0] * 0.5 + leaves[2].gathered(inputs[0])
                    return ([next], [try next.square()])
                }.outputs
            }),
        OperationCase(
            "scans in both directions between layers",
            [
                .floats([4, 2, 3]), .floats([3, 8], -0.8...0.8), .floats([4, 4], -0.5...0.5),
                .floats([4, 4], -0.5...0.5), .floats([8, 2], -0.5...0.5),
            ], .composed, derivatives: .first
        ) {
            let parts = try $0[0].matmul($0[1]).tanh().split([4, 4], axis: 2)
            let zeros = try Tensor.zeros([2, 4])
            let forth = try Tensor.scan([parts[0]], from: [zeros], body: Cells.simple([$0[2]])).outputs[0]
            let back = try Tensor.scan([parts[1]], from: [zeros], isReversed: true, body: Cells.simple([$0[3]]))
                .outputs[0]
            return try Tensor.concatenate([forth, back], axis: 2).matmul($0[4]).sigmoid() + 1
        },
        OperationCase(
            "scan of independent steps, with a factor for each row",
            [.floats([3, 2, 4]), .floats([2, 1]), .floats([4])],
            .composed, derivatives: .first
        ) {
            let (factor, shift) = ($0[1], $0[2])
            return try Tensor.scan([$0[0]], from: []) { inputs, _ in
                ([], [try (inputs[0] * factor + shift).exp().sum([1])])
            }.outputs[0]
        },
    ]
}
