import Tensors

/// A layer of gated recurrent units (Cho et al. 2014), with the numbers of PyTorch's `torch.nn.GRU`, where the reset gate
/// is applied after the product with the state:
///
///     r = σ(x_t W_r + h_{t-1} U_r + b_r)
///     z = σ(x_t W_z + h_{t-1} U_z + b_z)
///     n = tanh(x_t W_n + b_n + r (h_{t-1} U_n + d))
///     h_t = (1 - z) n + z h_{t-1}
///
/// Shapes: `x [steps, N, inputs]`, `inputWeight [inputs, 3 hidden]` (W), `stateWeight [hidden, 3 hidden]` (U), `bias
/// [3 hidden]` (b), `stateBias [hidden]` (d); the state is h, `[N, hidden]`; outputs `[steps, N, hidden]`.
///
/// The gates come in the order r, z, n, which is PyTorch's: `inputWeight` is `weight_ih_l0` transposed, `stateWeight` is
/// `weight_hh_l0` transposed, `bias` is `bias_ih_l0` with the first two thirds of `bias_hh_l0` added, and `stateBias` is
/// the last third of `bias_hh_l0`.
public struct GRU: RecurrentLayer {
    public static let stateCount = 1

    public let inputWeight: Parameter
    public let stateWeight: Parameter
    public let bias: Parameter
    public let stateBias: Parameter
    public let hidden: Int

    /// First values are uniform in ±1 / sqrt(hidden).
    /// - Throws: `LayerError.badSetting` unless both sizes are 1 or more.
    public init(_ inputs: Int, hidden: Int) throws {
        let settings = Settings(of: "GRU")
        try settings.requirePositive("inputs", inputs)
        try settings.requirePositive("hidden", hidden)
        inputWeight = Parameter([inputs, 3 * hidden], .fanInUniform(fanIn: hidden))
        stateWeight = Parameter([hidden, 3 * hidden], .fanInUniform(fanIn: hidden))
        bias = Parameter([3 * hidden], .fanInUniform(fanIn: hidden))
        stateBias = Parameter([hidden], .fanInUniform(fanIn: hidden))
        self.hidden = hidden
    }

    public func callAsFunction(_ x: Tensor, from state: [Tensor]?) throws -> (outputs: Tensor, state: [Tensor]) {
        let first = try firstState(state, for: x)
        let fromInputs = try x.matmul(inputWeight.tensor) + bias.tensor
        let (weight, stateBias) = (try stateWeight.tensor, try stateBias.tensor)
        let thirds = [hidden, hidden, hidden]
        let scan = try Tensor.scan([fromInputs], from: first) { inputs, state in
            let own = try inputs[0].split(thirds, axis: -1)
            let before = try state[0].matmul(weight).split(thirds, axis: -1)
            let reset = try (own[0] + before[0]).sigmoid()
            let update = try (own[1] + before[1]).sigmoid()
            let candidate = try (own[2] + reset * (before[2] + stateBias)).tanh()
            let next = try candidate + update * (state[0] - candidate)
            return ([next], [next])
        }
        return (scan.outputs[0], scan.state)
    }
}
