import Tensors

/// A layer of long short-term memory (Hochreiter & Schmidhuber 1997; the forget gate is that of Gers, Schmidhuber &
/// Cummins 2000), with the numbers of PyTorch's `torch.nn.LSTM`:
///
///     i, f, g, o = x_t W + h_{t-1} U + b
///     c_t = σ(f) c_{t-1} + σ(i) tanh(g)
///     h_t = σ(o) tanh(c_t)
///
/// Shapes: `x [steps, N, inputs]`, `inputWeight [inputs, 4 hidden]` (W), `stateWeight [hidden, 4 hidden]` (U),
/// `bias [4 hidden]`; the state is h and c, each `[N, hidden]`; outputs `[steps, N, hidden]`.
///
/// The gates come in PyTorch's order, so that its weights are these but transposed: `inputWeight` is `weight_ih_l0`
/// transposed, `stateWeight` is `weight_hh_l0` transposed, and `bias` is `bias_ih_l0 + bias_hh_l0`.
public struct LSTM: RecurrentLayer {
    public static let stateCount = 2

    public let inputWeight: Parameter
    public let stateWeight: Parameter
    public let bias: Parameter
    public let hidden: Int

    /// First values are uniform in ±1 / sqrt(hidden).
    /// - Throws: `LayerError.badSetting` unless both sizes are 1 or more.
    public init(_ inputs: Int, hidden: Int) throws {
        let settings = Settings(of: "LSTM")
        try settings.requirePositive("inputs", inputs)
        try settings.requirePositive("hidden", hidden)
        let gates = LSTMGates.count * hidden
        inputWeight = Parameter([inputs, gates], .fanInUniform(fanIn: hidden))
        stateWeight = Parameter([hidden, gates], .fanInUniform(fanIn: hidden))
        bias = Parameter([gates], .fanInUniform(fanIn: hidden))
        self.hidden = hidden
    }

    public func callAsFunction(_ x: Tensor, from state: [Tensor]?) throws -> (outputs: Tensor, state: [Tensor]) {
        let first = try firstState(state, for: x)
        let fromInputs = try x.matmul(inputWeight.tensor) + bias.tensor
        let weight = try stateWeight.tensor
        let scan = try Tensor.scan([fromInputs], from: first) { inputs, state in
            let next = try LSTMGates.applied(inputs[0] + state[0].matmul(weight), cell: state[1])
            return ([next.hidden, next.cell], [next.hidden])
        }
        return (scan.outputs[0], scan.state)
    }
}
