import Compute
import Foundation
import Models
import Tensors
import TestSupport
import Testing

/// Draws follow the probabilities that the likelihood tells.
@Suite("Pixel heads")
struct PixelHeadTests {
    private static let draws = 20_000

    /// Every level of a pixel of such channels: [levels^channels, channels] in 0...1.
    private func pixels(levels: Int, channels: Int) throws -> Tensor {
        try SmallModels.allImages(ImageSpace(height: 1, width: 1, channels: channels, levels: levels))
            .reshaped([-1, channels])
    }

    /// The probability of every pixel under one row of parameters.
    private func probabilities(
        _ head: any PixelHead, _ parameters: [Float], levels: Int, channels: Int, on device: any Device
    ) throws -> [Double] {
        let pixels = try pixels(levels: levels, channels: channels)
        let rows = try Tensor(parameters, shape: [1, parameters.count])
            .broadcast(to: [pixels.shape[0], parameters.count])
        return try head.logLikelihood(pixels: pixels, parameters: rows).floats(on: device).map { exp(Double($0)) }
    }

    /// How often each pixel is drawn from one row of parameters.
    private func frequencies(
        _ head: any PixelHead, _ parameters: [Float], uniforms: [Float], temperature: Float = 1, levels: Int,
        channels: Int, on device: any Device
    ) throws -> [Int] {
        let count = uniforms.count / head.uniforms
        let drawn = try head.draw(
            parameters: Tensor(parameters, shape: [1, parameters.count]).broadcast(to: [count, parameters.count]),
            uniforms: Tensor(uniforms, shape: [count, head.uniforms]),
            temperature: Tensor([temperature], shape: [1])
        )
        #expect(drawn.shape == [count, channels])
        let values = try drawn.floats(on: device)
        var counts = [Int](repeating: 0, count: Int(pow(Double(levels), Double(channels))))
        for row in 0..<count {
            let pixel = (0..<channels).reduce(0) { place, channel in
                let level = values[row * channels + channel] * Float(levels - 1)
                #expect(abs(level - level.rounded()) < 1e-4)
                return place * levels + Int(level.rounded())
            }
            counts[pixel] += 1
        }
        return counts
    }

    private func noise(_ count: Int, _ size: Float, seed: UInt64) -> [Float] {
        var random = TestRandom(seed: seed)
        return (0..<count).map { _ in random.float(-size...size) }
    }

    private let grid = (0..<draws).map { Float($0) / Float(draws) }

    @Test(arguments: TestDevices.all, [2, 3, 17, 256])
    func categoricalDraws(_ device: TestDevice, levels: Int) throws {
        let head = CategoricalHead(levels: levels, channels: 1)
        var logits = noise(levels, 4, seed: 1)
        logits[1] = -1000
        let found = try frequencies(
            head, logits, uniforms: grid, levels: levels, channels: 1, on: device.device)
        let largest = Double(logits.max() ?? 0)
        let weights = logits.map { exp(Double($0) - largest) }
        let likelihoods = try probabilities(head, logits, levels: levels, channels: 1, on: device.device)
        for level in 0..<levels {
            let probability = weights[level] / weights.reduce(0, +)
            #expect(abs(likelihoods[level] - probability) < 1e-5 * probability + 1e-12)
            // An interval of the grid holds its length, give or take one point.
            #expect(abs(Double(found[level]) - Double(Self.draws) * probability) <= 1.1)
        }
        #expect(found[1] == 0)
    }

    @Test(arguments: TestDevices.all)
    func bernoulliDraws(_ device: TestDevice) throws {
        let head = BernoulliHead(channels: 1)
        for logit: Float in [-9, -0.7, 0, 2] {
            let found = try frequencies(head, [logit], uniforms: grid, levels: 2, channels: 1, on: device.device)
            let probability = 1 / (1 + exp(-Double(logit)))
            let likelihoods = try probabilities(head, [logit], levels: 2, channels: 1, on: device.device)
            #expect(abs(likelihoods[1] - probability) < 1e-6 && abs(likelihoods[0] + likelihoods[1] - 1) < 1e-6)
            #expect(abs(Double(found[1]) - Double(Self.draws) * probability) <= 1.1)
        }
    }

    @Test("each channel takes its own part of the parameters and of the uniform numbers")
    func channels() throws {
        let device = TestDevices.cpu.device
        let logits = noise(3 * 4, 2, seed: 2)
        let uniforms: [Float] = [0.1, 0.6, 0.95]
        let temperature = try Tensor([1] as [Float], shape: [1])
        let together = try CategoricalHead(levels: 4, channels: 3).draw(
            parameters: Tensor(logits, shape: [1, 12]), uniforms: Tensor(uniforms, shape: [1, 3]),
            temperature: temperature)
        let apart = try CategoricalHead(levels: 4, channels: 1).draw(
            parameters: Tensor(logits, shape: [3, 4]), uniforms: Tensor(uniforms, shape: [3, 1]),
            temperature: temperature)
        #expect(try together.floats(on: device) == apart.floats(on: device))
        #expect(CategoricalHead(levels: 4, channels: 3).drawsWholePixels == false)
    }

    @Test(arguments: TestDevices.all)
    func temperature(_ device: TestDevice) throws {
        let logits: [Float] = [0.5, 1, -1, 0.8]
        for (temperature, tolerance) in [(0.5, 1.1), (2.0, 1.1), (0.001, 1e-6)] {
            let found = try frequencies(
                CategoricalHead(levels: 4, channels: 1), logits, uniforms: grid, temperature: Float(temperature),
                levels: 4, channels: 1, on: device.device)
            let weights = logits.map { exp((Double($0) - 1) / temperature) }
            for level in 0..<4 {
                let expected = Double(Self.draws) * weights[level] / weights.reduce(0, +)
                #expect(abs(Double(found[level]) - expected) <= tolerance)
            }
        }
        let mode = try frequencies(
            BernoulliHead(channels: 1), [0.2], uniforms: grid, temperature: 1e-4, levels: 2, channels: 1,
            on: device.device)
        #expect(mode == [0, Self.draws])
    }

    /// Means near and beyond the ends, wide scales, and one below the smallest.
    private func mixture(components: Int, channels: Int) -> [Float] {
        var parameters = noise(
            LogisticMixtureHead(components: components, channels: channels, levels: 2).parameters, 1.2, seed: 6)
        let scales = components * (1 + channels)
        for index in scales..<(scales + components * channels) { parameters[index] -= 1.5 }
        parameters[scales] = -20
        return parameters
    }

    @Test(
        "a mixture's draws follow its likelihood", arguments: TestDevices.all,
        [(2, 1), (2, 3), (4, 3), (5, 2), (256, 1)])
    func mixtureDraws(_ device: TestDevice, space: (levels: Int, channels: Int)) throws {
        let head = LogisticMixtureHead(components: 3, channels: space.channels, levels: space.levels)
        let parameters = mixture(components: 3, channels: space.channels)
        let expected = try probabilities(
            head, parameters, levels: space.levels, channels: space.channels, on: device.device)
        #expect(abs(expected.reduce(0, +) - 1) < 1e-4)
        var random = TestRandom(seed: 12)
        let uniforms = (0..<Self.draws * head.uniforms).map { _ in random.float(0...0.999_999_9) }
        let found = try frequencies(
            head, parameters, uniforms: uniforms, levels: space.levels, channels: space.channels, on: device.device)
        // Pearson's statistic, with rare pixels in one class; its mean is the number of classes less one.
        var (statistic, classes) = (0.0, 0.0)
        var rare = (expected: 0.0, found: 0.0)
        func add(_ expected: Double, _ found: Double) {
            statistic += (found - expected) * (found - expected) / expected
            classes += 1
        }
        for (probability, count) in zip(expected, found) {
            let mean = probability * Double(Self.draws)
            if mean < 8 {
                rare = (rare.expected + mean, rare.found + Double(count))
            } else {
                add(mean, Double(count))
            }
        }
        if rare.expected > 1 { add(rare.expected, rare.found) }
        #expect(statistic < classes + 5 * (2 * classes).squareRoot())
    }

    @Test("a cold mixture draws the mean of its likeliest component")
    func coldMixture() throws {
        let head = LogisticMixtureHead(components: 2, channels: 3, levels: 5)
        // Component 1, whose means are 0, 0.5 + tanh(0.3) · 0 and -1 + tanh(9) · 0.5, in -1...1.
        let parameters: [Float] = [0, 1, -1, 0, -1, 0.5, -1, -1, 0, 0, 0, 0, 0, 0, 9, 0.3, 0, 0, 0, 9]
        let drawn = try head.draw(
            parameters: Tensor(parameters, shape: [1, 20]), uniforms: Tensor([0.9, 0.2, 0.8, 0.6], shape: [1, 4]),
            temperature: Tensor([1e-4] as [Float], shape: [1])
        ).floats(on: TestDevices.cpu.device)
        for (value, expected) in zip(drawn, [0.5, 0.75, 0.25] as [Float]) { #expect(abs(value - expected) < 1e-6) }
    }
}
