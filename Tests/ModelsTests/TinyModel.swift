import Compute
import Layers
import Models
import Tensors
import TestSupport

/// A model whose parameters are on a device, spread wide enough that the encoder and the true posterior differ.
struct TinyModel<Model: GenerativeModel> {
    let model: Model
    let store: ParameterStore
    let device: any Device

    init(
        _ images: ImageSpace, _ configuration: Model.Configuration, on device: any Device, seed: UInt64 = 3,
        spread: Float = 2
    ) throws {
        model = try Model(images: images, configuration: configuration)
        store = try ParameterStore(model, on: device, seed: seed)
        self.device = device
        try store.flat.write(store.flat.read().map { $0 * spread })
    }

    /// Adds noise to all parameters, so that zeros and ones hide nothing.
    func scatter(_ noise: Float) throws {
        var random = TestRandom(seed: 8)
        try store.flat.write(store.flat.read().map { $0 + random.float(-noise...noise) })
    }
}

extension VAE.Configuration {
    init(hidden: Int, latent: Int, decoder: PixelDistribution = .bernoulli) {
        self.init()
        self.hidden = hidden
        self.latent = latent
        self.decoder = decoder
    }
}

extension IWAE.Configuration {
    init(hidden: Int, latent: Int, samples: Int) {
        self.init()
        self.hidden = hidden
        self.latent = latent
        self.samples = samples
        layers = 1
    }
}

/// Mean and standard error of the mean.
func statistics(_ values: [Float]) -> (mean: Double, error: Double) {
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count - 1)
    return (mean, (variance / Double(values.count)).squareRoot())
}
