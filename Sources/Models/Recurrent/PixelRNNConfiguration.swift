/// The settings of a PixelRNN. The defaults are those of van den Oord et al. 2016 for MNIST (section 5.4 of the paper).
public struct PixelRNNConfiguration: ModelConfiguration {
    /// Features of a recurrent layer; there are twice as many between layers.
    public var hidden = 16
    /// Recurrent layers.
    public var layers = 7
    /// Height and width of the first convolution.
    public var kernel = 7
    /// Only for two levels.
    public var binarize = Binarization.dynamic
    /// Values that a pixel is reduced to; nil for those of the data.
    public var levels: Int?

    public init() {}

    public static var options: [ModelOption<PixelRNNConfiguration>] {
        [
            .integer("hidden", \.hidden, in: 1...4096, "features of a recurrent layer, half of those between layers"),
            .integer("layers", \.layers, in: 0...64, "recurrent layers"),
            .oddInteger("kernel", \.kernel, in: 3...63, "height and width of the first convolution"),
            .choice("binarize", \.binarize, "black-and-white pixels drawn from grey ones (levels=2)"),
            .levels(\.levels),
        ]
    }
}
