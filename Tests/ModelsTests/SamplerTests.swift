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

    static func smallGatedPixelCNN(
        _ levels: Int, channels: Int = 1, classes: Int? = nil, enlarge: Int? = nil
    ) throws -> GatedPixelCNN {
        var configuration = GatedPixelCNN.Configuration()
        configuration.hidden = 6
        configuration.layers = 2
        configuration.kernel = 3
        configuration.classes = classes
        configuration.enlarge = enlarge
        return try GatedPixelCNN(
            images: ImageSpace(height: 6, width: 4, channels: channels, levels: levels), configuration: configuration)
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

    @Test(arguments: TestDevices.all)
    func superResolution(_ device: TestDevice) throws {
        let model = try SamplerTests.placed(SamplerTests.smallGatedPixelCNN(4, enlarge: 2), on: device.device)
        let originals = (0..<7 * 24).map { Float($0 * 7 % 4) / 3 }
        try check(model, images: originals, on: device.device)
    }

    @Test(arguments: TestDevices.all, [2, 3])
    func pixelCNNPlusPlus(_ device: TestDevice, resolutions: Int) throws {
        let channels = resolutions == 2 ? 3 : 1
        let model = try SamplerTests.smallPixelCNNPlusPlus(16, channels: channels, resolutions: resolutions)
        try check(SamplerTests.placed(model, on: device.device), on: device.device)
    }

    /// The first pixels stay as they are, by every method, and the others do not.
    @Test(arguments: TestDevices.all)
    func completion(_ device: TestDevice) throws {
        let model = try SamplerTests.placed(SamplerTests.smallPixelCNN(4, channels: 3), on: device.device)
        let size = model.images.dimensions
        let given = (0..<7 * size).map { Float($0 * 5 % 4) / 3 }
        let drawn = try check(model, images: given, givenPixels: 13, on: device.device)
        for image in 0..<7 {
            let (own, kept) = (drawn[image * size..<(image + 1) * size], given[image * size..<(image + 1) * size])
            #expect(own.prefix(39).elementsEqual(kept.prefix(39)))
            #expect(!own.dropFirst(39).elementsEqual(kept.dropFirst(39)))
        }
    }

    /// An image does not depend on the batch that it is drawn in.
    @Test(arguments: TestDevices.all)
    func batches(_ device: TestDevice) throws {
        let model = try SamplerTests.placed(SamplerTests.smallGatedPixelCNN(5), on: device.device)
        let whole = try SamplerTests.images(
            model, .cached, SamplingRequest(count: 11, seed: 4), on: device.device, batchSize: 11)
        for batchSize in [1, 4] {
            let parts = try SamplerTests.images(
                model, .cached, SamplingRequest(count: 11, seed: 4), on: device.device, batchSize: batchSize)
            #expect(parts == whole)
        }
    }

    @discardableResult
    func check(
        _ model: any AutoregressiveModel, labels: [Int32]? = nil, images: [Float]? = nil, givenPixels: Int = 0,
        on device: any Device
    ) throws -> [Float] {
        var last: [Float] = []
        for seed: UInt64 in [1, 2, 3] {
            let request = SamplingRequest(
                count: 7, seed: seed, temperature: 0.9, labels: labels, images: images, givenPixels: givenPixels)
            let naive = try SamplerTests.images(model, .naive, request, on: device)
            #expect(Set(naive).count > 1 && naive != last)
            for (method, isReplayed) in [(SamplingMethod.cached, true), (.cached, false), (.fixedPoint, false)] {
                let drawn = try SamplerTests.images(model, method, request, on: device, isReplayed: isReplayed)
                #expect(drawn == naive, "\(method), replayed: \(isReplayed)")
            }
            last = naive
        }
        return last
    }
}
