import Foundation
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// What a pixel's distribution depends on: nothing that comes later, bit for bit, and everything earlier that the network
/// is meant to see.
@Suite("PixelRNN: raster order")
struct RecurrentOrderTests {
    private static let side = 5

    private func check(
        _ kind: SmallPixelRNN, channels: Int, hidden: Int, layers: Int, kernel: Int, on device: TestDevice
    ) throws {
        let side = Self.side
        let space = try ImageSpace(height: side, width: side, channels: channels, levels: 2)
        let model = try kind.model(space, hidden: hidden, layers: layers, kernel: kernel)
        try enliven(SmallModels.place(model, on: device.device))
        let images = Argument(space.batchShape(1))
        let function = try CompiledFunction(
            on: device.device, results: [model.pixelParameters(images.tensor, Context())])
        func parameters(_ values: [Float]) throws -> [Float] {
            try images.set(values, on: device.device)
            try function.run()
            return try function.floats()
        }
        var random = TestRandom(seed: 5)
        let values = (0..<space.dimensions).map { _ in Float(random.int(0..<2)) }
        let before = try parameters(values)
        let field = PixelRNNField(kind, side: side, channels: channels, layers: layers, kernel: kernel).seen
        for source in 0..<space.dimensions {
            // Two changes: a faint one may be lost in rounding.
            let afters = try [Float(0.9), -1.7].map { difference -> [Float] in
                var changed = values
                changed[source] += difference
                return try parameters(changed)
            }
            for place in 0..<space.dimensions {
                let isSame = afters.allSatisfy { before[place] == $0[place] }
                if place <= source { #expect(isSame, "value \(source) in the distribution of \(place)") }
                #expect(isSame == !field[place].contains(source), "value \(source) and the distribution of \(place)")
            }
        }
        if kind == .diagonal { expectAllBefore(field, channels: channels, half: kernel / 2) }
    }

    /// All that comes before a value is seen, but for the last value of a row, which in the next row is seen only by
    /// pixels near enough for the first convolution.
    private func expectAllBefore(_ field: [Set<Int>], channels: Int, half: Int) {
        for (place, seen) in field.enumerated() {
            let (row, column) = (place / channels / Self.side, place / channels % Self.side)
            var expected = Set(0..<place)
            if column < Self.side - 1 - half { expected.remove(row * Self.side * channels - 1) }
            #expect(seen == expected, "value \(place)")
        }
    }

    /// Makes what goes into a ReLU positive, so that nothing that is seen is hidden by it, and what recurs strong.
    private func enliven(_ store: ParameterStore) throws {
        for (name, parameter) in store.parameters {
            if ["first.", "last.0."].contains(where: { name.contains($0) }) {
                let bias: Float = name.hasSuffix("bias") ? 3 : 0
                try parameter.write(parameter.read().map { abs($0) + bias })
            } else if name.hasSuffix("stateWeight") {
                try parameter.write(parameter.read().map { 2 * $0 })
            } else if name.contains("inputToState") {
                // Gates half open, whatever the size of the features.
                try parameter.write(parameter.read().map { name.hasSuffix("bias") ? 0 : 0.2 * $0 })
            }
        }
    }

    @Test(arguments: TestDevices.all, SmallPixelRNN.allCases)
    func greyImages(_ device: TestDevice, _ kind: SmallPixelRNN) throws {
        try check(kind, channels: 1, hidden: 4, layers: 1, kernel: 3, on: device)
    }

    @Test(arguments: SmallPixelRNN.allCases)
    func manyLayers(_ kind: SmallPixelRNN) throws {
        try check(kind, channels: 1, hidden: 4, layers: 3, kernel: 5, on: TestDevices.cpu)
    }

    // Features that three channels do not share out evenly.
    @Test(arguments: SmallPixelRNN.allCases, [6, 7])
    func colourImages(_ kind: SmallPixelRNN, hidden: Int) throws {
        try check(kind, channels: 3, hidden: hidden, layers: 1, kernel: 3, on: TestDevices.cpu)
    }
}

/// What each value of an image may depend on, by the definitions of the paper: sets of values in place of features.
struct PixelRNNField {
    /// By value, the values that its distribution sees.
    let seen: [Set<Int>]
    private let side: Int
    private let channels: Int

    /// The values that the features of each group see at each position: [row][column][group].
    private typealias Map = [[[Set<Int>]]]

    init(_ kind: SmallPixelRNN, side: Int, channels: Int, layers: Int, kernel: Int) {
        (self.side, self.channels) = (side, channels)
        func map(_ value: (Int, Int, Int) -> Set<Int>) -> Map {
            (0..<side).map { row in (0..<side).map { column in (0..<channels).map { value(row, column, $0) } } }
        }
        func isInside(_ row: Int, _ column: Int) -> Bool { (0..<side) ~= row && (0..<side) ~= column }
        /// All groups at a position.
        func all(_ map: Map, _ row: Int, _ column: Int) -> Set<Int> {
            isInside(row, column) ? map[row][column].reduce([]) { $0.union($1) } : []
        }
        /// Mask B at one position: a group and those before it.
        func upTo(_ map: Map, _ row: Int, _ column: Int, _ group: Int) -> Set<Int> {
            map[row][column][...group].reduce([]) { $0.union($1) }
        }
        /// The state of each position in order, given those before.
        func recur(from columns: [Int], _ value: (Map, Int, Int, Int) -> Set<Int>) -> Map {
            var states = map { _, _, _ in [] }
            for row in 0..<side {
                for column in columns {
                    for group in 0..<channels { states[row][column][group] = value(states, row, column, group) }
                }
            }
            return states
        }
        let half = kernel / 2
        var features = map { row, column, group in
            var seen: Set<Int> = []
            for dy in -half...0 {
                for dx in -half...half where (dy < 0 || dx < 0) && isInside(row + dy, column + dx) {
                    for channel in 0..<channels { seen.insert(((row + dy) * side + column + dx) * channels + channel) }
                }
            }
            // Mask A at the pixel itself.
            return seen.union((0..<group).map { (row * side + column) * channels + $0 })
        }
        for _ in 0..<layers {
            let input = features
            let output: Map
            switch kind {
            case .row:
                output = recur(from: Array(0..<side)) { states, row, column, group in
                    (-1...1).reduce(upTo(input, row, column, group).union(all(input, row, column - 1))) {
                        $0.union(all(states, row - 1, column + $1))
                    }
                }
            case .diagonal:
                func direction(_ columns: [Int], from offset: Int) -> Map {
                    recur(from: columns) { states, row, column, group in
                        upTo(input, row, column, group).union(all(states, row - 1, column))
                            .union(all(states, row, column + offset))
                    }
                }
                let rightward = direction(Array(0..<side), from: -1)
                let leftward = direction((0..<side).reversed(), from: 1)
                output = map { row, column, group in
                    rightward[row][column][group].union(row > 0 ? leftward[row - 1][column][group] : [])
                }
            }
            features = map { row, column, group in
                upTo(input, row, column, group).union(upTo(output, row, column, group))
            }
        }
        seen = (0..<side * side * channels).map { value in
            upTo(features, value / channels / side, value / channels % side, value % channels)
        }
    }
}
