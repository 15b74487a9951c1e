import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The probabilities of all images sum to one.
@Suite("Autoregressive models: normalisation")
struct NormalizationTests {
    private func check(_ kind: SmallModels.Kind, _ space: ImageSpace, on device: TestDevice) throws {
        let model = try SmallModels.model(kind, space)
        try SmallModels.place(model, on: device.device, noise: 0.7)
        let images = try SmallModels.allImages(space)
        let losses = try model.loss(images, SmallModels.context(model, count: images.shape[0])).values
            .floats(on: device.device)
        let probabilities = losses.map { exp(-Double($0)) }
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-4)
        // Far from uniform: some image is much likelier than another.
        #expect((probabilities.max() ?? 0) > 4 * (probabilities.min() ?? 1))
    }

    @Test("all black-and-white images of 3x3", arguments: TestDevices.all, SmallModels.Kind.allCases)
    func binary(_ device: TestDevice, _ kind: SmallModels.Kind) throws {
        try check(kind, ImageSpace(height: 3, width: 3, channels: 1, levels: 2), on: device)
    }

    @Test("all images of 1x2 with three channels of two levels", arguments: TestDevices.all, SmallModels.Kind.allCases)
    func colour(_ device: TestDevice, _ kind: SmallModels.Kind) throws {
        try check(kind, ImageSpace(height: 1, width: 2, channels: 3, levels: 2), on: device)
    }

    @Test("all images of 2x1 with two channels of five levels", arguments: SmallModels.Kind.allCases)
    func levels(_ kind: SmallModels.Kind) throws {
        try check(kind, ImageSpace(height: 2, width: 1, channels: 2, levels: 5), on: TestDevices.cpu)
    }
}
