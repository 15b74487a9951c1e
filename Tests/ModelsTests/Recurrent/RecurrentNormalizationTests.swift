import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The probabilities of all images sum to one.
@Suite("PixelRNN: normalisation")
struct RecurrentNormalizationTests {
    private func check(_ kind: SmallPixelRNN, _ space: ImageSpace, on device: TestDevice) throws {
        let model = try kind.model(space, kernel: 3)
        try SmallModels.place(model, on: device.device, noise: 0.7)
        let losses = try model.loss(SmallModels.allImages(space), Context()).values.floats(on: device.device)
        let probabilities = losses.map { exp(-Double($0)) }
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-4)
        // Far from uniform: some image is much likelier than another.
        #expect((probabilities.max() ?? 0) > 4 * (probabilities.min() ?? 1))
    }

    @Test("all black-and-white images of 3x3", arguments: TestDevices.all, SmallPixelRNN.allCases)
    func binary(_ device: TestDevice, _ kind: SmallPixelRNN) throws {
        try check(kind, ImageSpace(height: 3, width: 3, channels: 1, levels: 2), on: device)
    }

    @Test("all images of 2x2 with two channels of two levels", arguments: SmallPixelRNN.allCases)
    func colour(_ kind: SmallPixelRNN) throws {
        try check(kind, ImageSpace(height: 2, width: 2, channels: 2, levels: 2), on: TestDevices.cpu)
    }

    @Test("all images of 2x1 with two channels of five levels", arguments: SmallPixelRNN.allCases)
    func levels(_ kind: SmallPixelRNN) throws {
        try check(kind, ImageSpace(height: 2, width: 1, channels: 2, levels: 5), on: TestDevices.cpu)
    }
}
