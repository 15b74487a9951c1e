/// How images are drawn from an autoregressive model. With equal seeds all methods give the same images.
public enum SamplingMethod: String, Hashable, Sendable, CaseIterable {
    /// The whole network for each pixel: the definition, and the slowest.
    case naive
    /// The network of one position, derived from the model's graph, on kept values at earlier positions. For a
    /// `RowRecurrentModel`: the network of one row, on the state that the rows above it have left.
    case cached
    /// All pixels at once from the same uniform numbers, again and again until nothing changes: Jacobi's method (Song,
    /// Meng, Liao & Ermon 2021, "Accelerating feedforward computation via parallel nonlinear equation solving"). After
    /// as many rounds as there are pixels nothing can change any more; usually it takes far fewer.
    case fixedPoint = "fixed-point"
}
