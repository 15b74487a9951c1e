import Layers
import Tensors

/// A latent-variable model p(z) p(x | z) with a standard normal prior, and an encoder q(z | x) that is a diagonal
/// normal (Kingma & Welling 2014). A conforming model gives the two networks; what follows from them is here.
public protocol VariationalAutoencoder: SamplingModel, LatentModel, ImportanceWeightedBound {
    /// The decoder's distribution of the pixels.
    var likelihood: PixelLikelihood { get }
    /// The parameters of q: [N, height, width, channels] -> [N, 2 latent], means and then log variances.
    func posteriorParameters(_ images: Tensor, _ context: Context) throws -> Tensor
    /// The decoder's outputs, one a pixel value: [rows, latent] -> [rows, D].
    func decoderOutputs(_ codes: Tensor, _ context: Context) throws -> Tensor
}

extension VariationalAutoencoder {
    public var hasNormalPrior: Bool { true }
    public var isLikelihood: Bool { true }
    public var measure: String {
        switch likelihood.distribution {
        case .bernoulli where binarizes: "bound on -log p of the binarised image"
        case .bernoulli: "bound with the cross-entropy of grey pixels (no likelihood)"
        case .gaussian: "bound on -log p of the \(images.levels)-level pixels, by uniform dequantisation"
        case .logistic: "bound on -log p of the \(images.levels)-level pixels"
        }
    }

    /// Minus the evidence lower bound with one draw of z an image: `-log p(x | z) + KL(q(z | x) || p(z))`, of which the
    /// two parts are reported as `reconstruction` and `kl` (Kingma & Welling 2014, equation 10).
    public func evidenceBound(_ images: Tensor, _ context: Context) throws -> LossTerms {
        let (mean, logVariance) = try posterior(images, context)
        let codes = try Gaussian.sample(mean: mean, logVariance: logVariance, random: &context.random)
        let outputs = try decoderOutputs(codes, context)
        let reconstruction = try -likelihood.logLikelihood(images.flattened(from: 1), outputs: outputs, context)
        let divergence = try Gaussian.divergence(mean: mean, logVariance: logVariance)
        return LossTerms(
            try reconstruction + divergence, terms: [("reconstruction", reconstruction), ("kl", divergence)])
    }

    public func logImportanceWeights(_ images: Tensor, samples: Int, _ context: Context) throws -> Tensor {
        let count = images.shape[0]
        let (mean, logVariance) = try posterior(images, context)
        let noise = try context.random.normal([samples, count, latentSize])
        let codes = try mean + (logVariance * 0.5).exp() * noise
        let outputs = try decoderOutputs(codes.reshaped([samples * count, latentSize]), context)
            .reshaped([samples, count, self.images.dimensions])
        let logLikelihood = try likelihood.logLikelihood(images.flattened(from: 1), outputs: outputs, context)
        // log p(z) - log q(z | x): the constants of the two normals cancel, and (z - mean) / σ is the noise.
        let ratio = try ((noise.square() + logVariance - codes.square()) * 0.5).sum([-1])
        return try logLikelihood + ratio
    }

    public func samples(_ count: Int, drawingPixels: Bool, _ context: Context) throws -> Tensor {
        let outputs = try decoderOutputs(context.random.normal([count, latentSize]), context)
        let pixels = try drawingPixels ? likelihood.draw(outputs, context) : likelihood.mean(outputs)
        return try pixels.reshaped(images.batchShape(count))
    }

    public func encode(_ images: Tensor, _ context: Context) throws -> Tensor {
        try posterior(images, context).mean
    }

    public func decode(_ codes: Tensor, _ context: Context) throws -> Tensor {
        try likelihood.mean(decoderOutputs(codes, context)).reshaped(images.batchShape(codes.shape[0]))
    }

    /// q(z | x) of each image, both [N, latent].
    private func posterior(_ images: Tensor, _ context: Context) throws -> (mean: Tensor, logVariance: Tensor) {
        let parts = try posteriorParameters(images, context).split([latentSize, latentSize], axis: -1)
        return (parts[0], parts[1])
    }
}

/// How pixels become black and white before the model sees them.
public enum Binarization: String, Hashable, Sendable, CaseIterable, Codable {
    /// Drawn by chance, anew at each training step.
    case dynamic
    /// Not at all: grey values go into the Bernoulli cross-entropy as they are, which then is no likelihood.
    case none
}
