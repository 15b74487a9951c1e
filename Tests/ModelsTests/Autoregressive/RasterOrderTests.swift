import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// What a pixel's distribution depends on: nothing that comes later, bit for bit, and everything earlier that the network
/// is meant to see.
@Suite("Autoregressive models: raster order")
struct RasterOrderTests {
    private static let side = 5

    private func check(_ kind: SmallModels.Kind, channels: Int, levels: Int, hidden: Int, on device: TestDevice) throws
    {
        let side = Self.side
        let space = try ImageSpace(height: side, width: side, channels: channels, levels: levels)
        let model = try SmallModels.model(kind, space, hidden: hidden, deep: true)
        try enliven(SmallModels.place(model, on: device.device))
        let images = Argument(space.batchShape(1))
        let function = try CompiledFunction(
            on: device.device,
            results: [model.pixelParameters(images.tensor, SmallModels.context(model, count: 1))])
        func parameters(_ values: [Float]) throws -> [Float] {
            try images.set(values, on: device.device)
            try function.run()
            return try function.floats()
        }
        var random = TestRandom(seed: 5)
        let values = (0..<space.dimensions).map { _ in Float(random.int(0..<levels)) / Float(levels - 1) }
        let before = try parameters(values)
        let field = try kind == .pixelCNN ? pixelCNNField() : nil
        // A channel's parameters, where channels are drawn one by one; otherwise all of the pixel's.
        let parts = model.head.drawsWholePixels ? 1 : channels
        let width = model.head.parameters / parts
        for pixel in 0..<(side * side) {
            for channel in 0..<channels {
                // Two changes: a faint one may be lost in rounding.
                let afters = try [Float(0.4), -0.7].map { difference -> [Float] in
                    var changed = values
                    changed[pixel * channels + channel] += difference
                    return try parameters(changed)
                }
                for place in 0..<(side * side * parts) {
                    let (seer, part) = (place / parts, place % parts)
                    let range = place * width..<(place + 1) * width
                    let isSame = afters.allSatisfy { before[range] == $0[range] }
                    let isEarlier = pixel < seer || pixel == seer && channel < part
                    let isSeen = isEarlier && (field?[pixel]?.contains(seer) ?? true)
                    #expect(isSame == !isSeen, "pixel \(pixel).\(channel) and the distribution of \(seer).\(part)")
                }
            }
        }
    }

    /// Makes what goes into a ReLU positive, so that nothing that is seen is hidden by it.
    private func enliven(_ store: ParameterStore) throws {
        for (name, parameter) in store.parameters {
            let isRectified = ["first.", "blocks.", "last.0.", "layers.4.output."].contains { name.hasPrefix($0) }
            guard isRectified else { continue }
            let bias: Float = name.hasSuffix("bias") ? 3 : 0
            try parameter.write(parameter.read().map { abs($0) + bias })
        }
    }

    /// The pixels whose distributions see each pixel, blind spot left out: all the ways through a 3x3 mask A and two 3x3
    /// masks B that stay inside the image.
    private func pixelCNNField() throws -> [Int: Set<Int>] {
        let side = Self.side
        func spread(_ pixels: Set<Int>, _ mask: MaskedConv2d.Mask) throws -> Set<Int> {
            let taps = try MaskedConv2d.taps(kernel: (3, 3), mask: mask)
            return Set(
                pixels.flatMap { pixel in
                    taps.compactMap { tap -> Int? in
                        let (y, x) = (pixel / side - tap.dy, pixel % side - tap.dx)
                        return (0..<side) ~= y && (0..<side) ~= x ? y * side + x : nil
                    }
                })
        }
        var field: [Int: Set<Int>] = [:]
        for pixel in 0..<(side * side) {
            // The pixel itself shows in its own later channels.
            field[pixel] = try spread(spread(spread([pixel], .a), .b), .b).union([pixel])
        }
        // The blind spot: two rows down and four columns to the left is out of reach for three layers of one column.
        #expect(field[4]?.contains(2 * side) == false)
        return field
    }

    @Test(arguments: TestDevices.all, SmallModels.Kind.allCases)
    func greyImages(_ device: TestDevice, _ kind: SmallModels.Kind) throws {
        try check(kind, channels: 1, levels: 2, hidden: 6, on: device)
    }

    // Features that three channels do not share out evenly.
    @Test(arguments: SmallModels.Kind.allCases, [6, 7])
    func colourImages(_ kind: SmallModels.Kind, hidden: Int) throws {
        try check(kind, channels: 3, levels: 2, hidden: hidden, on: TestDevices.cpu)
    }

    @Test(arguments: SmallModels.Kind.allCases)
    func colourLevels(_ kind: SmallModels.Kind) throws {
        try check(kind, channels: 2, levels: 3, hidden: 5, on: TestDevices.cpu)
    }
}
