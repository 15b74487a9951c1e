import Layers
import Models
import Tensors
import TestSupport
import Testing

/// The three samplers of PixelRNNs draw the same images; the network in rows is the network of the whole image.
@Suite("PixelRNN: samplers")
struct RecurrentSamplerTests {
    private func model(_ kind: SmallPixelRNN, channels: Int = 1, levels: Int = 2, on device: TestDevice) throws
        -> any RowRecurrentModel
    {
        let model = try kind.model(ImageSpace(height: 4, width: 3, channels: channels, levels: levels), kernel: 5)
        try SmallModels.place(model, on: device.device, noise: 1)
        return model
    }

    @Test(arguments: TestDevices.all, SmallPixelRNN.allCases)
    func blackAndWhite(_ device: TestDevice, _ kind: SmallPixelRNN) throws {
        try SamplerTests().check(model(kind, on: device), on: device.device)
    }

    @Test(arguments: SmallPixelRNN.allCases)
    func colour(_ kind: SmallPixelRNN) throws {
        try SamplerTests().check(model(kind, channels: 3, levels: 4, on: TestDevices.cpu), on: TestDevices.cpu.device)
    }

    /// The first pixels stay as they are, by every method, and the others do not.
    @Test(arguments: SmallPixelRNN.allCases, [3, 7])
    func completion(_ kind: SmallPixelRNN, givenPixels: Int) throws {
        let model = try model(kind, channels: 2, levels: 5, on: TestDevices.cpu)
        let size = model.images.dimensions
        let given = (0..<7 * size).map { Float($0 * 5 % 4) / 4 }
        let drawn = try SamplerTests().check(
            model, images: given, givenPixels: givenPixels, on: TestDevices.cpu.device)
        for image in 0..<7 {
            let (own, kept) = (drawn[image * size..<(image + 1) * size], given[image * size..<(image + 1) * size])
            #expect(own.prefix(2 * givenPixels).elementsEqual(kept.prefix(2 * givenPixels)))
            #expect(!own.dropFirst(2 * givenPixels).elementsEqual(kept.dropFirst(2 * givenPixels)))
        }
    }

    @Test("a sampler is used again, for batches of other sizes", arguments: SmallPixelRNN.allCases)
    func batches(_ kind: SmallPixelRNN) throws {
        let device = TestDevices.cpu
        let model = try model(kind, on: device)
        let whole = try SamplerTests.images(
            model, .cached, SamplingRequest(count: 11, seed: 4), on: device.device, batchSize: 11)
        let parts = try SamplerTests.images(
            model, .cached, SamplingRequest(count: 11, seed: 4), on: device.device, batchSize: 4)
        #expect(parts == whole)
    }

    @Test("rows one by one, with the state handed on", arguments: TestDevices.all, SmallPixelRNN.allCases)
    func rows(_ device: TestDevice, _ kind: SmallPixelRNN) throws {
        let model = try model(kind, channels: 2, levels: 3, on: device)
        var random = TestRandom(seed: 2)
        let values = (0..<2 * model.images.dimensions).map { _ in Float(random.int(0..<3)) / 2 }
        let images = try Tensor(values, shape: model.images.batchShape(2))
        let whole = try model.pixelParameters(images, Context()).floats(on: device.device)
        var (state, parts): ([Tensor]?, [Tensor]) = (nil, [])
        for row in 0..<4 {
            let result = try model.rowParameters(images.sliced(row..<row + 1, axis: 1), above: state, Context())
            if let state { #expect(state.map(\.shape) == result.state.map(\.shape)) }
            state = try Tensor.evaluate(result.state, on: device.device)
            parts.append(result.parameters)
        }
        let found = try Tensor.concatenate(parts, axis: 1).floats(on: device.device)
        #expect(found.count == whole.count)
        #expect(zip(found, whole).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) })
    }
}
