import Compute
import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Images drawn from a model small enough to enumerate have the probabilities that the model gives them.
struct SampleDistributionTests {
    private static let space = try? ImageSpace(height: 3, width: 3, channels: 1, levels: 2)

    private static func models() throws -> [any AutoregressiveModel] {
        let images = try #require(space)
        var pixelCNN = PixelCNN.Configuration()
        (pixelCNN.hidden, pixelCNN.blocks, pixelCNN.kernel) = (4, 1, 3)
        var gated = GatedPixelCNN.Configuration()
        (gated.hidden, gated.layers, gated.kernel) = (4, 2, 3)
        var plusPlus = PixelCNNPlusPlus.Configuration()
        (plusPlus.filters, plusPlus.resnets, plusPlus.resolutions, plusPlus.components) = (4, 1, 2, 2)
        return [
            try PixelCNN(images: images, configuration: pixelCNN),
            try GatedPixelCNN(images: images, configuration: gated),
            try PixelCNNPlusPlus(images: images, configuration: plusPlus),
        ]
    }

    /// Every image of 3x3 black or white pixels; bit k of image i is pixel k.
    private static let everyImage = (0..<512).flatMap { image in (0..<9).map { Float(image >> $0 & 1) } }

    @Test(arguments: TestDevices.all, [0, 1, 2])
    func chiSquared(_ device: TestDevice, number: Int) throws {
        let model = try SampleDistributionTests.models()[number]
        let store = try ParameterStore(model, on: device.device, seed: 5)
        try store.flat.write(store.flat.read().map { $0 * 2 })
        let loss = try model.loss(
            Tensor(SampleDistributionTests.everyImage, shape: [512, 3, 3, 1]), Context(isTraining: false))
        let probabilities = try loss.values.floats(on: device.device).map { exp(-Double($0)) }
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-4)

        let count = 20_000
        let drawn = try AutoregressiveSampler(model, on: device.device, batchSize: 2_500)
            .samples(SamplingRequest(count: count, seed: 11))
        var found = [Double](repeating: 0, count: 512)
        for image in 0..<count {
            let bits = (0..<9).reduce(0) { $0 | Int(drawn[image * 9 + $1]) << $1 }
            found[bits] += 1
        }
        // Cells with few expected images are put together.
        var (statistic, cells) = (0.0, 0)
        var rest = (found: 0.0, expected: 0.0)
        for (found, probability) in zip(found, probabilities) {
            let expected = probability * Double(count)
            if expected < 5 {
                rest.found += found
                rest.expected += expected
            } else {
                add(found, expected, &statistic, &cells)
            }
        }
        if rest.expected >= 5 { add(rest.found, rest.expected, &statistic, &cells) }
        #expect(cells > 50)
        // Wilson and Hilferty 1931: the cube root of a chi-squared variable over its degrees of freedom is nearly normal.
        let freedom = Double(cells - 1)
        let score = (cbrt(statistic / freedom) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)).squareRoot()
        #expect(abs(score) < 4, "chi-squared \(statistic) with \(freedom) degrees of freedom")
    }

    private func add(_ found: Double, _ expected: Double, _ statistic: inout Double, _ cells: inout Int) {
        statistic += (found - expected) * (found - expected) / expected
        cells += 1
    }
}
