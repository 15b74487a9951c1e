import Compute
import Foundation
import Layers
import Models
import TestSupport
import Testing

/// The three samplers draw the same images, and these follow the model.
struct SamplerTests {
    /// A model with parameters that make its distributions far from uniform.
    static func placed<Model: AutoregressiveModel>(
        _ model: Model, on device: any Device, seed: UInt64 = 3, spread: Float = 2
    ) throws -> Model {
        let store = try ParameterStore(model, on: device, seed: seed)
        try store.flat.write(store.flat.read().map { $0 * spread })
        return model
    }

    static func images(
        _ model: any AutoregressiveModel, _ method: SamplingMethod, _ request: SamplingRequest, on device: any Device,
        batchSize: Int = 5, isReplayed: Bool = false
    ) throws -> [Float] {
        try AutoregressiveSampler(
            model, method: method, on: device, batchSize: batchSize, isReplayed: isReplayed
        ).samples(request)
    }

    static func smallPixelCNN(_ levels: Int, channels: Int = 1) throws -> PixelCNN {
        var configuration = PixelCNN.Configuration()
        configuration.hidden = 6
        configuration.blocks = 2
        configuration.kernel = 5
        return try PixelCNN(
            images: ImageSpace(height: 6, width: 5, channels: channels, levels: levels), configuration: configuration)
    }

    static func smallGatedPixelCNN(_ levels: Int, channels: Int = 1, classes: Int? = nil) throws -> GatedPixelCNN {
        var configuration = GatedPixelCNN.Configuration()
        configuration.hidden = 6
        configuration.layers = 2
        configuration.kernel = 3
        configuration.classes = classes
        return try GatedPixelCNN(
            images: ImageSpace(height: 5, width: 4, channels: channels, levels: levels), configuration: configuration)
    }

    static func smallPixelCNNPlusPlus(_ levels: Int, channels: Int = 1, resolutions: Int) throws -> PixelCNNPlusPlus {
        var configuration = PixelCNNPlusPlus.Configuration()
        configuration.filters = 4
        configuration.resnets = 1
        configuration.resolutions = resolutions
        configuration.components = 2
        return try PixelCNNPlusPlus(
            images: ImageSpace(height: 5, width: 6, channels: channels, levels: levels), configuration: configuration)
    }

    @Test(arguments: TestDevices.all, [2, 37])
    func pixelCNN(_ device: TestDevice, levels: Int) throws {
        try check(SamplerTests.placed(SamplerTests.smallPixelCNN(levels), on: device.device), on: device.device)
    }

    @Test(arguments: TestDevices.all)
    func colour(_ device: TestDevice) throws {
        let model = try SamplerTests.smallPixelCNN(4, channels: 3)
        try check(SamplerTests.placed(model, on: device.device), on: device.device)
    }

    @Test(arguments: TestDevices.all)
    func gatedPixelCNN(_ device: TestDevice) throws {
        let model = try SamplerTests.smallGatedPixelCNN(5)
        try check(SamplerTests.placed(model, on: device.device), on: device.device)
    }

    @Test(arguments: TestDevices.all)
    func classes(_ device: TestDevice) throws {
        let model = try SamplerTests.smallGatedPixelCNN(3, classes: 4)
        try check(
            SamplerTests.placed(model, on: device.device), labels: [0, 1, 2, 3, 3, 1, 0], on: device.device)
    }

    @Test(arguments: TestDevices.all, [1, 2, 3])
    func pixelCNNPlusPlus(_ device: TestDevice, resolutions: Int) throws {
        let model = try SamplerTests.smallPixelCNNPlusPlus(16, channels: resolutions == 2 ? 3 : 1, resolutions: resolutions)
        try check(SamplerTests.placed(model, on: device.device), on: device.device)
    }

    func check(_ model: any AutoregressiveModel, labels: [Int32]? = nil, on device: any Device) throws {
        for seed: UInt64 in [1, 2, 3] {
            let request = SamplingRequest(count: 7, seed: seed, temperature: 0.9, labels: labels)
            let naive = try SamplerTests.images(model, .naive, request, on: device)
            #expect(Set(naive).count > 1)
            let replayed = try SamplerTests.images(model, .cached, request, on: device, isReplayed: true)
            #expect(replayed == naive)
            let fixedPoint = try SamplerTests.images(model, .fixedPoint, request, on: device)
            #expect(fixedPoint == naive)
            let cached = try SamplerTests.images(model, .cached, request, on: device)
            #expect(cached == naive)
        }
    }
}
