import Compute
import Tensors

/// Bodies of recurrences, written plainly.
public enum Cells {
    public typealias Body = (_ inputs: [Tensor], _ state: [Tensor]) throws -> (state: [Tensor], outputs: [Tensor])

    /// `h' = tanh(x + h U)`; the output is the state. Weights: U [H, H].
    public static func simple(_ weights: [Tensor]) -> Body {
        { inputs, state in
            let next = try (inputs[0] + state[0].matmul(weights[0])).tanh()
            return ([next], [next])
        }
    }

    /// A long short-term memory (Hochreiter and Schmidhuber 1997) of the states h, c. The inputs hold the gates' shares
    /// already, [B, 4 H]; weights: U [H, 4 H], b [4 H].
    public static func lstm(_ weights: [Tensor]) -> Body {
        { inputs, state in
            let size = state[0].shape[1]
            let gates = try (inputs[0] + state[0].matmul(weights[0]) + weights[1])
                .split([size, size, size, size], axis: 1)
            let cell = try gates[1].sigmoid() * state[1] + gates[0].sigmoid() * gates[2].tanh()
            let hidden = try gates[3].sigmoid() * cell.tanh()
            return ([hidden, cell], [hidden])
        }
    }

    /// A gated recurrent unit (Cho et al. 2014): weights: W [I, 3 H], U [H, 3 H], b [H].
    public static func gru(_ weights: [Tensor]) -> Body {
        { inputs, state in
            let size = state[0].shape[1]
            let x = try inputs[0].matmul(weights[0]).split([2 * size, size], axis: 1)
            let h = try state[0].matmul(weights[1]).split([2 * size, size], axis: 1)
            let gates = try (x[0] + h[0]).sigmoid().split([size, size], axis: 1)
            let candidate = try (x[1] + gates[0] * (h[1] + weights[2])).tanh()
            return ([try gates[1] * state[0] + (1 - gates[1]) * candidate], [try candidate * 0.5])
        }
    }

    /// A Row LSTM's recurrence (van den Oord et al. 2016): the states h, c [B, W, H], a 3x1 convolution of h along the row.
    /// Inputs [B, W, 4 H]; weights [3, H, 4 H].
    public static func row(_ weights: [Tensor]) -> Body {
        let window = ConvolutionWindow(kernel: (1, 3), padding: (0, 1))
        return { inputs, state in
            let (shape, size) = (state[0].shape, state[0].shape[2])
            let across = try state[0].reshaped([shape[0], 1, shape[1], size]).convolved(weights[0], window: window)
            let gates = try (inputs[0] + across.reshaped([shape[0], shape[1], 4 * size]))
                .split([size, size, size, size], axis: 2)
            let cell = try gates[0].sigmoid() * state[1] + gates[1].sigmoid() * gates[2].tanh()
            let hidden = try gates[3].sigmoid() * cell.tanh()
            return ([hidden, cell], [hidden])
        }
    }

    /// A Diagonal BiLSTM's: the state h [B, H, C] beside itself shifted down by one. Inputs [B, H, C]; weights [2 C, C].
    public static func diagonal(_ weights: [Tensor]) -> Body {
        { inputs, state in
            let (height, size) = (state[0].shape[1], state[0].shape[2])
            let above = try state[0].sliced(0..<height - 1, axis: 1).padded(before: [0, 1, 0], after: [0, 0, 0])
            let both = try Tensor.concatenate([above, state[0]], axis: 2)
            let next = try (inputs[0] + both.matmul(weights[0])).tanh()
            return ([next], [try next * Tensor(2), try above + Tensor.ones([size])])
        }
    }
}
