import Layers
import Testing

@Suite("Modules")
struct ModuleTests {
    private struct Block: Module {
        let first: Linear
        let second: Linear?
    }

    private class Base: Module {
        let stem: Parameter
        init(stem: Parameter) { self.stem = stem }
    }

    private final class Derived: Base {
        let head = Parameter([3], .constant(0))
        var parent: Derived?
    }

    private struct Everything: Module {
        let blocks: [Block]
        let table: [String: Linear]
        let pair: (left: Parameter, right: Parameter)
        let nested: [[Parameter]]
        let absent: Linear?
        let layer: any Layer
        let base: Base
        let activation = Activation.leakyReLU(slope: 0.2)
        let number = 3
    }

    @Test func namesFollowTheProperties() throws {
        let everything = try Everything(
            blocks: [
                Block(first: Linear(2, 3), second: nil), Block(first: Linear(3, 1, bias: false), second: Linear(1, 1)),
            ],
            table: ["b": Linear(1, 1, bias: false), "a": Linear(1, 2, bias: false)],
            pair: (Parameter([2], .constant(0)), Parameter([4], .constant(0), isTrainable: false)),
            nested: [
                [Parameter([1], .constant(0))], [], [Parameter([1], .constant(0)), Parameter([1], .constant(0))],
            ],
            absent: nil, layer: Sequential(Flatten(), Linear(1, 1), BatchNorm2d(2)),
            base: Derived(stem: Parameter([5], .constant(0))))
        #expect(
            everything.namedParameters().map(\.name) == [
                "blocks.0.first.weight", "blocks.0.first.bias", "blocks.1.first.weight", "blocks.1.second.weight",
                "blocks.1.second.bias", "table.a.weight", "table.b.weight", "pair.left", "pair.right", "nested.0.0",
                "nested.2.0", "nested.2.1", "layer.layers.1.weight", "layer.layers.1.bias", "layer.layers.2.weight",
                "layer.layers.2.bias", "layer.layers.2.runningMean", "layer.layers.2.runningVariance", "base.stem",
                "base.head",
            ])
        // Trainable ones only: 6 + 3 + 3 + 1 + 1, 2 + 1, 2, 3, 1 + 1 + 2 + 2, 5 + 3.
        #expect(everything.parameterCount == 14 + 3 + 2 + 3 + 6 + 8)
    }

    @Test func sharedParametersAreListedOnce() throws {
        let linear = try Linear(2, 2)
        let tied = Sequential(linear, Activation.relu, linear)
        #expect(tied.namedParameters().map(\.name) == ["layers.0.weight", "layers.0.bias"])
        #expect(tied.parameterCount == 6)
    }

    @Test func aCycleOfModulesEnds() {
        let a = Derived(stem: Parameter([1], .constant(0)))
        a.parent = a
        #expect(a.namedParameters().map(\.name) == ["stem", "head"])
        a.parent = nil
    }

    @Test func parameterCountsOfLayers() throws {
        #expect(try Linear(784, 400).parameterCount == 784 * 400 + 400)
        #expect(try Conv2d(3, 8, kernel: 5).parameterCount == 25 * 3 * 8 + 8)
        #expect(try Conv2d(3, 8, kernel: 5, bias: false).parameterCount == 25 * 3 * 8)
        #expect(try ConvTranspose2d(3, 8, kernel: 4, stride: 2).parameterCount == 16 * 3 * 8 + 8)
        #expect(try MaskedConv2d(1, 8, kernel: 7, mask: .a).parameterCount == 24 * 8 + 8)
        #expect(try MaskedConv2d(1, 8, kernel: 7, mask: .b).parameterCount == 25 * 8 + 8)
        #expect(try Embedding(10, 4).parameterCount == 40)
        #expect(try LayerNorm([4, 5]).parameterCount == 40)
        #expect(try BatchNorm2d(6).parameterCount == 12)
    }

    @Test func badSettingsThrow() {
        #expect(throws: LayerError.badSetting(layer: "Linear", setting: "inputs", expected: "1 or more", found: "0")) {
            try Linear(0, 1)
        }
        #expect(throws: LayerError.self) { try Linear(1, -1) }
        #expect(throws: LayerError.self) { try Conv2d(1, 1, kernel: 0) }
        #expect(throws: LayerError.self) { try Conv2d(1, 1, kernel: 3, stride: 0) }
        #expect(throws: LayerError.self) { try Conv2d(1, 1, kernel: 3, padding: -1) }
        #expect(throws: LayerError.self) { try ConvTranspose2d(1, 1, kernel: 3, stride: 2, extra: 2) }
        #expect(throws: LayerError.self) { try MaskedConv2d(1, 1, kernel: 4, mask: .b) }
        #expect(throws: LayerError.self, "mask A leaves nothing of one tap") {
            try MaskedConv2d(1, 1, kernel: 1, mask: .a)
        }
        #expect(throws: LayerError.self) { try Dropout(1) }
        #expect(throws: LayerError.self) { try Dropout(.nan) }
        #expect(throws: LayerError.self) { try LayerNorm([]) }
        #expect(throws: LayerError.self) { try BatchNorm2d(4, momentum: 2) }
        #expect(throws: LayerError.self) { try Embedding(0, 4) }
    }
}
